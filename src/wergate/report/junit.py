"""Properties of tests and of the suite in a JUnit report: figures, verdicts, machine, versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wergate.evaluation.rows import IntervalRow
from wergate.report.exit_code import meaning_of
from wergate.report.redact import redacted
from wergate.report.results import Results
from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status

Property = tuple[str, str]


def case_properties(
    verdicts: Sequence[VerdictRow], *, model: str | None, corpus: str | None, variant: str | None
) -> list[Property]:
    """Return the subject of a test and the figures of its gates; the name of a figure starts with its gate."""
    about = (("model", model), ("corpus", corpus), ("variant", variant))
    properties = [(name, value) for name, value in about if value is not None]
    for row in verdicts:
        properties += _gate_properties(row)
    return [(name, redacted(value)) for name, value in properties]


def _gate_properties(row: VerdictRow) -> Iterator[Property]:
    yield "gate", row.gate
    yield f"{row.gate}.status", str(row.status)
    yield f"{row.gate}.kind", row.kind
    yield f"{row.gate}.subject", row.subject
    yield f"{row.gate}.value", "not finite" if row.value is None else repr(row.value)
    yield f"{row.gate}.threshold", f"{row.relation} {row.threshold!r}"
    if row.interval is not None:
        yield f"{row.gate}.interval", _interval(row.interval)


def _interval(interval: IntervalRow) -> str:
    low, high = ("not finite" if bound is None else repr(bound) for bound in (interval.low, interval.high))
    return f"{low} to {high} ({100 * interval.confidence:g} %)"


def suite_properties(run: Results, code: int) -> list[Property]:
    """Return the verdict on the run, the CPU type, settings and versions; nothing identifies the machine."""
    properties = [
        ("verdict", str(run.verdict)),
        ("exit_code", str(code)),
        ("meaning", meaning_of(code, undecided=run.verdict is Status.INCONCLUSIVE)),
        ("cpu", run.cpu.model),
        ("isa", run.cpu.isa),
        ("cores", str(run.cpu.cores)),
        ("device", str(run.options.get("device"))),
        ("inference_precision", str(run.options.get("inference_precision"))),
        ("version.wergate", run.wergate),
    ]
    return [*properties, *((f"version.{name}", version) for name, version in run.versions.items())]
