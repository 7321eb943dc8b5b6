"""Failed gates grouped by what they have in common: a cause, and the gates that fail because of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wergate.report.failures.order import Stage, stage_of
from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status

_PORTABLE = "portable_"
_CORPUS = "reference_wer"


@dataclass
class Failure:
    """A failed gate, and the failed gates that it explains; one remedy serves all of them."""

    cause: VerdictRow
    consequences: list[VerdictRow] = field(default_factory=list)


def by_cause(failed: Sequence[VerdictRow]) -> list[Failure]:
    """Group failed gates, which come causes first; the order of the groups is that of their causes."""
    found: list[Failure] = []
    for row in failed:
        failure = next((failure for failure in found if _explains(failure.cause, row)), None)
        if failure is None:
            found.append(Failure(row))
        else:
            failure.consequences.append(row)
    return found


def _explains(cause: VerdictRow, row: VerdictRow) -> bool:
    """Return whether `row` fails because `cause` does: a fault of a network shows in all that comes after it.

    A gate that is undecided explains nothing, and nothing explains it: it has a remedy of its own.
    """
    if {cause.status, row.status} != {Status.FAIL} or cause.model != row.model:
        return False
    first, later = stage_of(cause.gate), stage_of(row.gate)
    if cause.gate == _CORPUS:  # what no model understands says nothing about any variant
        return cause.corpus == row.corpus and Stage.LOGITS <= later <= Stage.SHAPE
    if not _reaches(cause, row):
        return False
    if first is Stage.WORK:
        return cause.gate == "int8_work" and row.kind == "latency"
    if row.kind == "latency" or first is Stage.OTHER:
        return False
    later_enough = max(first, Stage.BUCKETS) if cause.subject == row.subject else first
    return later_enough <= later <= Stage.SHAPE and later is not Stage.WORK


def _reaches(cause: VerdictRow, row: VerdictRow) -> bool:
    """Return whether a fault of one variant is a fault of the other: INT8 is built from FP16."""
    if cause.gate.startswith(_PORTABLE) and not row.gate.startswith(_PORTABLE):
        return False
    return cause.subject == row.subject or (cause.subject, row.subject) == ("FP16", "INT8")


def consequence_line(failure: Failure) -> str:
    """Return the gates that a cause explains in one line: each gate of a variant once, with the worst of its values."""
    rows: dict[tuple[str, str], VerdictRow] = {}
    for row in failure.consequences:  # worst first
        rows.setdefault((row.subject, row.gate), row)
    count = len(failure.consequences)
    verb = "1 more gate fails" if count == 1 else f"{count} more gates fail"
    return f"{verb} with it: {', '.join(map(_short, rows.values()))}"


def _short(row: VerdictRow) -> str:
    value = "not finite" if row.value is None else f"{row.value:.3g}"
    return f"{row.subject} {row.gate} {value} ({row.relation} {row.threshold:.3g})"
