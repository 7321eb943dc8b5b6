"""Machine-readable results: the models that `--results FILE.json` is written from.

`results.schema.json` beside this file is their JSON schema.
"""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from wergate import __version__
from wergate.config import SuiteConfig
from wergate.errors import SuiteError
from wergate.evaluation import Evaluation
from wergate.gates import near_tie
from wergate.logits import LogitsDifference
from wergate.pipeline import ArtifactUse
from wergate.toolchain import cpu, versions
from wergate.verdict import Status, Verdict
from wergate.wer import WordErrors

SCHEMA_VERSION = 2
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordErrorRow(_Row):
    """Word errors of one recognizer; `wer` is a fraction, null without reference words."""

    wer: float | None
    words: int
    substitutions: int
    deletions: int
    insertions: int


class LogitsRow(_Row):
    """Logits against the reference model's; `sqnr_db` is null where they are identical."""

    frames: int
    max_abs_delta: float
    mean_abs_delta: float
    sqnr_db: float | None
    argmax_agreement: float


class MismatchRow(_Row):
    """An utterance that is transcribed differently from the reference model."""

    id: str
    reference_hypothesis: str
    hypothesis: str
    flipped_frames: int
    widest_flip: float
    near_tie: bool


class EvaluationRow(_Row):
    """One variant of one model on one corpus, beside the reference model.

    `engine` is what ran the reference model; `variant` is fp16, int8 or the name of a candidate.
    """

    model: str
    corpus: str
    variant: str
    engine: str
    utterances: int
    audio_s: float
    inference_s: float
    reference: WordErrorRow
    candidate: WordErrorRow
    logits: LogitsRow
    mismatches: list[MismatchRow]
    audio_notes: dict[str, int]


class VerdictRow(_Row):
    """One gate's verdict; `value` is null where it is not finite."""

    test: str
    model: str | None
    corpus: str | None
    gate: str
    subject: str
    status: Status
    value: float | None
    relation: Literal["<=", ">=", "=="]
    threshold: float
    line: str


class ArtifactRow(_Row):
    """What was built or found, and in how many seconds; `build_s` is what building took, whenever that was."""

    kind: str
    model: str
    corpus: str | None
    key: str
    status: Literal["built", "found"]
    seconds: float
    build_s: float


class BenchmarkRow(_Row):
    """One measurement of pytest-benchmark; latencies in milliseconds, `rtfx` in audio seconds per second.

    `group` is latency, throughput or build; `baseline_ms` is the stored median that it was compared with. A build has
    the seconds of its two steps and its peak memory.
    """

    test: str
    group: str | None
    model: str | None
    name: str
    rounds: int
    median_ms: float
    min_ms: float
    max_ms: float
    iqr_ms: float
    baseline_ms: float | None = None
    rtfx: float | None = None
    convert_s: float | None = None
    quantize_s: float | None = None
    peak_rss_mb: float | None = None


class RatioRow(_Row):
    """A speed-up measured in the same session: how many times faster `fast` is than `slow`."""

    model: str
    duration_s: float
    fast: str
    slow: str
    ratio: float


class CpuRow(_Row):
    """The machine."""

    model: str
    isa: str
    flags: tuple[str, ...]
    cores: int


class Results(_Row):
    """A whole run."""

    schema_version: int
    wergate: str
    created: str
    verdict: Status
    versions: dict[str, str]
    cpu: CpuRow
    options: dict[str, object]
    artifacts: list[ArtifactRow]
    evaluations: list[EvaluationRow]
    verdicts: list[VerdictRow]
    benchmarks: list[BenchmarkRow]
    ratios: list[RatioRow]


def word_error_row(errors: WordErrors) -> WordErrorRow:
    """Return the row of a recognizer's word errors."""
    return WordErrorRow(
        wer=_finite(errors.wer),
        words=errors.words,
        substitutions=errors.substitutions,
        deletions=errors.deletions,
        insertions=errors.insertions,
    )


def logits_row(logits: LogitsDifference) -> LogitsRow:
    """Return the row of a logits difference."""
    return LogitsRow(
        frames=logits.frames,
        max_abs_delta=logits.max_abs,
        mean_abs_delta=logits.mean_abs,
        sqnr_db=_finite(logits.sqnr_db),
        argmax_agreement=logits.argmax_agreement,
    )


def evaluation_row(evaluation: Evaluation, *, model: str, variant: str, near_tie_margin: float) -> EvaluationRow:
    """Return the row of an evaluation."""
    mismatches = [
        MismatchRow(
            id=outcome.id,
            reference_hypothesis=outcome.reference_hypothesis,
            hypothesis=outcome.hypothesis,
            flipped_frames=outcome.logits.flipped_frames,
            widest_flip=outcome.logits.widest_flip,
            near_tie=near_tie(outcome, near_tie_margin),
        )
        for outcome in evaluation.mismatches
    ]
    return EvaluationRow(
        model=model,
        corpus=evaluation.corpus,
        variant=variant,
        engine=evaluation.engine,
        utterances=len(evaluation.outcomes),
        audio_s=evaluation.audio_s,
        inference_s=evaluation.seconds,
        reference=word_error_row(evaluation.reference.total),
        candidate=word_error_row(evaluation.candidate.total),
        logits=logits_row(evaluation.logits),
        mismatches=mismatches,
        audio_notes=dict(evaluation.notes),
    )


def verdict_row(verdict: Verdict, *, test: str, model: str | None, corpus: str | None) -> VerdictRow:
    """Return the row of a verdict; `test` is the pytest id that gave it."""
    return VerdictRow(
        test=test,
        model=model,
        corpus=corpus,
        gate=verdict.gate,
        subject=verdict.subject,
        status=verdict.status,
        value=_finite(verdict.value),
        relation=verdict.relation,
        threshold=verdict.threshold,
        line=verdict.line,
    )


def artifact_row(use: ArtifactUse) -> ArtifactRow:
    """Return the row of an artifact."""
    artifact = use.artifact
    return ArtifactRow(
        kind=artifact.kind,
        model=use.model,
        corpus=use.corpus,
        key=artifact.key,
        status="built" if artifact.built else "found",
        seconds=artifact.seconds,
        build_s=artifact.build_seconds,
    )


def results(
    config: SuiteConfig,
    *,
    passed: bool,
    artifacts: list[ArtifactRow],
    evaluations: list[EvaluationRow],
    verdicts: list[VerdictRow],
    benchmarks: list[BenchmarkRow],
    ratios: list[RatioRow],
) -> Results:
    """Put a run together with what it was made with."""
    machine = cpu()
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        verdict=Status.PASS if passed else Status.FAIL,
        versions=versions(),
        cpu=CpuRow(model=machine.model, isa=machine.isa, flags=machine.flags, cores=machine.cores),
        options=config.model_dump(mode="json"),
        artifacts=artifacts,
        evaluations=evaluations,
        verdicts=verdicts,
        benchmarks=benchmarks,
        ratios=ratios,
    )


def write_results(run: Results, path: Path) -> None:
    """Write results as JSON, whole or not at all.

    Raises:
        SuiteError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SuiteError(f"results file '{path}' cannot be written: {error.strerror}; correct --results") from error


def schema() -> str:
    """Return the JSON schema of `Results`, as `results.schema.json` holds it."""
    return json.dumps(Results.model_json_schema(), indent=1, sort_keys=True) + "\n"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
