"""An entry of a history: the figures of one run, in a file of its own, in the folder of its kind of machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pydantic
from pydantic import Field

from wergate.config.variants import label_of
from wergate.disk.files import replace_file, writing
from wergate.errors import SuiteError, did_you_mean_beside
from wergate.evaluation.rows import ResultRow
from wergate.report.compare.speed import machine_info
from wergate.report.redact import shareable
from wergate.report.results import Results
from wergate.report.rows.evaluation import EvaluationRow
from wergate.store import content_key
from wergate.timing.comparable import identity, kind_of_machine
from wergate.verdict import Status

SCHEMA_VERSION = 1
_DIGITS = 12


class WordPoint(ResultRow):
    """Word errors of a recognizer in one run; `low` and `high` bound its WER, or are null if nothing was estimated."""

    model: str
    corpus: str
    fingerprint: str
    normalizer: str
    recognizer: str
    words: int
    errors: int
    low: float | None = None
    high: float | None = None


class RatioPoint(ResultRow):
    """A speed-up in one run; a bound is null if it is not finite, and `noise` lists the kinds of noise."""

    model: str
    duration_s: float
    fast: str
    slow: str
    ratio: float
    low: float | None = None
    high: float | None = None
    noise: list[str] = Field(default=[])


class Entry(ResultRow):
    """The figures of one run.

    `machine` is the kind of machine in words, and `settings` are those that figures depend on: the device, the
    inference precision, and variables of the environment. `digest` is the SHA-256 of all other content.
    """

    schema_version: int
    created: str
    commit: str | None = None
    wergate: str
    verdict: Status
    machine: str
    settings: str
    versions: dict[str, str]
    words: list[WordPoint] = Field(default=[])
    ratios: list[RatioPoint] = Field(default=[])
    digest: str = ""


@dataclass(frozen=True)
class History:
    """The entries of one kind of machine.

    Attributes:
        kind: name of its folder.
        entries: in the order of their time.
        left_out: files that cannot be used, each with the reason.
    """

    kind: str
    entries: list[Entry]
    left_out: list[str]

    @property
    def machine(self) -> str:
        """The kind of machine in words."""
        return self.entries[-1].machine if self.entries else self.kind


def add_entry(run: Results, folder: Path, *, created: datetime) -> Path | None:
    """Write the entry of a run and return its file; None if the run has no figures.

    The name of the file consists of time and digest, so that jobs that end together write files of their own.

    Args:
        created: the time of the run, in UTC.

    Raises:
        SuiteError: the file cannot be written.
    """
    found = entry_of(run, created=created)
    if not found.words and not found.ratios:
        return None
    content = json.loads(found.model_dump_json(exclude={"digest"}, exclude_none=True))
    digest = content_key(content)
    moment = found.created.replace("-", "").replace(":", "").replace("+0000", "Z")
    path = folder / kind_of_machine(machine_info(run)) / f"{moment}-{digest[:_DIGITS]}.json"
    with writing(path, what="history"):
        replace_file(
            path, json.dumps({**content, "digest": digest}, indent=1, ensure_ascii=False) + "\n", what="history"
        )
    return path


def entry_of(run: Results, *, created: datetime) -> Entry:
    """Return the entry of a run, without local paths and secrets.

    Args:
        created: the time of the run, in UTC.
    """
    shown = shareable(run)
    info = machine_info(shown)
    set_here = (f"{name}={value}" for name, value in shown.environment.items())
    return Entry(
        schema_version=SCHEMA_VERSION,
        created=created.isoformat(timespec="microseconds"),
        commit=shown.ending.commit if shown.ending else None,
        wergate=shown.wergate,
        verdict=shown.verdict,
        machine=identity(info),
        settings=", ".join([str(info["device"]), str(info["inference_precision"]), *set_here]),
        versions=dict(info["versions"]),
        words=list(_word_points(shown)),
        ratios=[
            RatioPoint(
                model=row.model,
                duration_s=row.duration_s,
                fast=row.fast,
                slow=row.slow,
                ratio=row.ratio,
                low=row.interval.low,
                high=row.interval.high,
                noise=row.noise,
            )
            for row in shown.ratios
        ],
    )


def _word_points(run: Results) -> Iterator[WordPoint]:
    """Yield the reference model and the variants of each model and corpus."""
    fingerprints = {(row.model, row.corpus): row.fingerprint for row in run.corpora}
    seen: set[tuple[str, str]] = set()
    for row in run.evaluations:
        key = row.model, row.corpus
        if key not in seen:
            seen.add(key)
            yield _word_point(row, fingerprints.get(key, ""), "reference")
        yield _word_point(row, fingerprints.get(key, ""), "candidate")


def _word_point(row: EvaluationRow, fingerprint: str, side: str) -> WordPoint:
    is_reference = side == "reference"
    errors, wer = getattr(row, side), row.reference.wer
    low, high = (
        None if is_reference or wer is None or bound is None else max(0.0, wer + bound)
        for bound in (row.paired.interval.low, row.paired.interval.high)
    )
    return WordPoint(
        model=row.model,
        corpus=row.corpus,
        fingerprint=fingerprint,
        normalizer=row.normalizer,
        recognizer=row.engine if is_reference else label_of(row.variant, row.quantizer),
        words=errors.words,
        errors=errors.substitutions + errors.deletions + errors.insertions,
        low=low,
        high=high,
    )


def read_histories(folder: Path) -> list[History]:
    """Return the history of each kind of machine.

    Raises:
        SuiteError: the folder does not exist, or holds no history.
    """
    if not folder.is_dir():
        raise SuiteError(
            f"history '{folder}' is not a folder{did_you_mean_beside(folder)}; name a folder that --history wrote"
        )
    found = [_read_history(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    histories = [one for one in found if one.entries or one.left_out]
    if not histories:
        raise SuiteError(
            f"history '{folder}' has no run: a folder of files for each kind of machine is expected; "
            "add a run with --history"
        )
    return histories


def _read_history(folder: Path) -> History:
    entries, left_out = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            entries.append(_read(path))
        except SuiteError as error:
            left_out.append(str(error))
    return History(folder.name, sorted(entries, key=lambda one: (one.created, one.digest)), left_out)


def _read(path: Path) -> Entry:
    try:
        data = path.read_bytes()
        found = Entry.model_validate_json(data)
    except OSError as error:
        raise SuiteError(f"{path.name}: left out, because it cannot be read: {error.strerror}") from error
    except pydantic.ValidationError as error:
        raise SuiteError(f"{path.name}: left out, because it is not an entry of this version of wergate") from error
    content = json.loads(data)
    if found.schema_version != SCHEMA_VERSION or content.pop("digest", "") != content_key(content):
        raise SuiteError(f"{path.name}: left out, because it was changed after it was written")
    return found
