"""Machine-readable results: the data models of the file that `--results FILE.json` writes.

`results.schema.json` in this folder is their JSON schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_origin

import pydantic
from pydantic import BaseModel, Field

from wergate import __version__
from wergate.config.suite import SuiteConfig
from wergate.disk.files import replace_file
from wergate.environment.machine import cpu, size_of, variables, versions
from wergate.errors import SuiteError
from wergate.evaluation.rows import ResultRow
from wergate.report.rows.ending import EndingRow
from wergate.report.rows.evaluation import EvaluationRow
from wergate.report.rows.execution import ExecutionRow
from wergate.report.rows.sources import SourceRow
from wergate.report.rows.uses import ArtifactRow, CalibrationRow, CorpusRow, ModelRow, RejectionRow
from wergate.report.rows.verdicts import RegressionRow, VerdictRow
from wergate.store import content_key
from wergate.studies.calibration.rows import AccuracyControlRow, CalibrationStudyRow
from wergate.studies.duel.rows import DuelRow
from wergate.studies.portability.rows import PortabilityRow
from wergate.studies.pot.rows import LeavingPotRow, PotStepsRow, RuntimeRow
from wergate.studies.quantizers.rows import QuantizerRow, RevertedRow
from wergate.studies.registry import STUDIES
from wergate.studies.sensitivity.rows import ScopeRow, SensitivityRow
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.verdict import Status

SCHEMA_VERSION = 5
_READABLE = (4, SCHEMA_VERSION)  # 4 has no `ending`
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


class CpuRow(ResultRow):
    """The CPU of the machine: `cores` follow from affinity and quota; `quota` is in CPUs, or null without one.

    `family` has the numbers of its generation, since a virtual machine may report one `model` for several; it is empty
    if the system does not report them.
    """

    model: str
    family: str = ""
    isa: str
    flags: tuple[str, ...]
    cores: int
    quota: float | None = None

    @property
    def size(self) -> str:
        """Number of cores, and the quota if there is one."""
        return size_of(self.cores, self.quota)


class Results(ResultRow):
    """All results of a run.

    `ending` is null in the results of an exported model, and where schema version 4 wrote them.
    `environment` has the variables that change logits or times, such as `OMP_NUM_THREADS`.
    `digest` is the SHA-256 of all other content; a file that was changed no longer matches it. It has no secret, so it
    shows edits and accidents, and no forgery by somebody who computes it again.
    """

    schema_version: int
    wergate: str
    created: str
    verdict: Status
    ending: EndingRow | None = None
    versions: dict[str, str]
    cpu: CpuRow
    environment: dict[str, str] = Field(default={})
    options: dict[str, object]
    sources: list[SourceRow] = Field(default=[])
    models: list[ModelRow]
    corpora: list[CorpusRow]
    calibrations: list[CalibrationRow]
    artifacts: list[ArtifactRow]
    rejections: list[RejectionRow]
    evaluations: list[EvaluationRow]
    executions: list[ExecutionRow]
    calibration_studies: list[CalibrationStudyRow]
    accuracy_controls: list[AccuracyControlRow]
    pot_steps: list[PotStepsRow]
    runtimes: list[RuntimeRow]
    leaving_pot: list[LeavingPotRow]
    portability: list[PortabilityRow]
    sensitivities: list[SensitivityRow]
    scopes: list[ScopeRow]
    quantizers: list[QuantizerRow]
    reverted: list[RevertedRow]
    regressions: list[RegressionRow]
    verdicts: list[VerdictRow]
    benchmarks: list[BenchmarkRow]
    ratios: list[RatioRow]
    duels: list[DuelRow] = Field(default=[])
    digest: str = ""


_WRITTEN: Mapping[str, type[ResultRow]] = {
    kind: get_args(field.annotation)[0]
    for kind, field in Results.model_fields.items()
    if get_origin(field.annotation) is list
}
ROW_CLASSES = {**_WRITTEN, **{kind: row for study in STUDIES for kind, row in study.kinds.items()}}


class Rows:
    """The rows of a run, in the order of their arrival.

    Each kind is an attribute: the kinds of `Results`, and kinds of studies that are printed but not written.
    """

    def __init__(self) -> None:
        """Create a collection without rows."""
        self.by_kind: dict[str, list[Any]] = {kind: [] for kind in ROW_CLASSES}

    def __getattr__(self, kind: str) -> list[Any]:
        """Return the rows of a kind.

        Raises:
            AttributeError: no kind has that name.
        """
        try:
            rows: list[Any] = vars(self)["by_kind"][kind]
        except KeyError:
            raise AttributeError(kind) from None
        return rows

    @property
    def written(self) -> dict[str, list[Any]]:
        """The rows of the kinds that results files contain."""
        return {kind: self.by_kind[kind] for kind in _WRITTEN}

    def add(self, kind: str, row: BaseModel) -> None:
        """Add a row, once if two workers report the same one."""
        rows = self.by_kind[kind]
        if row not in rows:
            rows.append(row)


def results(
    config: SuiteConfig,
    *,
    verdict: Status,
    rows: Rows,
    ending: EndingRow | None = None,
) -> Results:
    """Return the results of a run with its settings, versions, CPU and environment variables."""
    return _results(config.model_dump(mode="json"), verdict, rows, ending)


def broken_results(ending: EndingRow) -> Results:
    """Return the results of a run that a mistake in the set-up ended before it had settings."""
    return _results({}, Status.FAIL, Rows(), ending)


def _results(options: dict[str, object], verdict: Status, rows: Rows, ending: EndingRow | None) -> Results:
    machine = cpu()
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        verdict=verdict,
        ending=ending,
        versions=versions(),
        cpu=CpuRow(
            model=machine.model,
            family=machine.family,
            isa=machine.isa,
            flags=machine.flags,
            cores=machine.cores,
            quota=machine.quota,
        ),
        environment=variables(),
        options=options,
        **rows.written,
    )


def write_results(run: Results, path: Path) -> None:
    """Write results as JSON, atomically.

    Raises:
        SuiteError: the file cannot be written.
    """
    replace_file(path, results_text(run), what="results")


def results_text(run: Results) -> str:
    """Return results as JSON, with the digest of their content."""
    content = json.loads(run.model_dump_json(exclude={"digest"}))
    return json.dumps({**content, "digest": content_key(content)}, indent=1, ensure_ascii=False) + "\n"


def read_results(path: Path) -> Results:
    """Read a results file of this schema version or of version 4.

    Raises:
        SuiteError: the file cannot be read, is of another version, or was changed after it was written.
    """
    try:
        data = path.read_bytes()
        found = Results.model_validate_json(data)
    except OSError as error:
        raise SuiteError(f"results '{path}' cannot be read: {error.strerror}; name a file of --results") from error
    except pydantic.ValidationError as error:
        raise SuiteError(f"'{path}' is not a results file of this version; write a new one with --results") from error
    if found.schema_version not in _READABLE:
        raise SuiteError(
            f"results '{path}' have schema version {found.schema_version}, but only "
            f"{' and '.join(map(str, _READABLE))} are accepted; write new ones with --results"
        )
    altered = alteration(data, found)
    if altered:
        raise SuiteError(f"results '{path}': the file {altered}; write a new one with --results")
    return found


def alteration(data: bytes, run: Results) -> str | None:
    """Return why a file of results cannot be as it was written; None if nothing contradicts it.

    Each verdict is computed again from its value and threshold, and the content is compared with its digest.

    Args:
        data: content of the file.
        run: the same, parsed.
    """
    contradiction = next((text for row in run.verdicts if (text := row.contradiction)), None)
    if contradiction:
        return contradiction
    failed = next((row for row in run.verdicts if row.status is Status.FAIL), None)
    if failed and run.verdict is Status.PASS:
        return f"says PASS, but {failed.gate} of {failed.subject} says FAIL"
    content = json.loads(data)
    if content.pop("digest", "") != content_key(content):
        return "does not match the digest of its content, so it was changed after it was written"
    return None


def schema() -> str:
    """Return the JSON schema of `Results`, the content of `results.schema.json`."""
    return json.dumps(Results.model_json_schema(), indent=1, sort_keys=True) + "\n"
