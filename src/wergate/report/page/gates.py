"""The sections on gates: those that did not pass, with interval and threshold on one scale, and those that did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wergate.report.failures.causes import by_cause
from wergate.report.failures.order import claim_and_remedy, is_about_transcripts, worst_first
from wergate.report.page.charts import Bar, Forest
from wergate.report.results import Results
from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status

STATES: Mapping[Status, str] = {Status.PASS: "pass", Status.FAIL: "fail", Status.INCONCLUSIVE: "open"}


@dataclass(frozen=True)
class Gate:
    """A gate that did not pass.

    Attributes:
        row: its verdict.
        claim: what was measured.
        remedy: the next step.
        chart: value and interval against the threshold; None if the value is not finite.
        link: address of its utterances on the page; empty if it is not about transcripts.
        consequence: whether the gate above explains it.
    """

    row: VerdictRow
    claim: str
    remedy: str
    chart: Forest | None
    link: str
    consequence: bool = False

    @property
    def state(self) -> str:
        """Class of its colour and shape."""
        return STATES[self.row.status]


def open_gates(run: Results, variants: Mapping[tuple[str, str], str]) -> list[Gate]:
    """Return the gates that did not pass, each cause before what it explains.

    Args:
        variants: name of the variant by model and subject.
    """
    rows = worst_first(run.verdicts, lambda row: row.status is Status.PASS)
    return [
        _gate(row, variants, consequence=row is not failure.cause)
        for failure in by_cause(rows)
        for row in (failure.cause, *failure.consequences)
    ]


def _gate(row: VerdictRow, variants: Mapping[tuple[str, str], str], *, consequence: bool) -> Gate:
    claim, remedy = claim_and_remedy(row)
    return Gate(row, claim, remedy, _chart(row), _link(row, variants), consequence)


def _chart(row: VerdictRow) -> Forest | None:
    if row.value is None or row.relation == "==":
        return None
    low, high = (row.interval.low, row.interval.high) if row.interval else (None, None)
    unit = "%" if is_rate(row.gate) else ""
    factor = 100 if unit else 1
    value, low, high, limit = (
        None if part is None else factor * part for part in (row.value, low, high, row.threshold)
    )
    bounds = "" if low is None or high is None else f" ({low:.4g} to {high:.4g})"
    text = f"{value:.4g}{unit}{bounds}, limit {row.relation} {limit:.4g}{unit}"
    bar = Bar(f"{row.subject} {row.gate}", text, value, low, high, limit, row.relation == ">=", STATES[row.status])
    return Forest(f"{row.subject} {row.gate} against its threshold", unit, [bar])


def is_rate(gate: str) -> bool:
    """Return whether a gate's value is a share or a rate, which people read in percent."""
    name = gate.partition("[")[0].removeprefix("portable_")
    return name in {"wer", "reference_wer"} or name.endswith(("_rate", "_rise", "_agreement", "_recall"))


def _link(row: VerdictRow, variants: Mapping[tuple[str, str], str]) -> str:
    variant = variants.get((row.model or "", row.subject))
    if variant is None or row.corpus is None or not is_about_transcripts(row.gate):
        return ""
    kind = "changed" if "mismatch" in row.gate else "worse"
    return f"{row.model}\n{row.corpus}\n{variant}\n{kind}"


@dataclass(frozen=True)
class VariantState:
    """Answer for one variant, or for the reference model that variants are compared with: whether its gates passed."""

    model: str
    subject: str
    accuracy: Sequence[VerdictRow]
    latency: Sequence[VerdictRow]
    is_variant: bool = True

    @property
    def state(self) -> str:
        """The worst status of its gates."""
        return state_of([*self.accuracy, *self.latency])

    @property
    def answer(self) -> str:
        """The answer in a few words; nobody ships the reference model, but all figures depend on it."""
        if not self.is_variant:
            return "doubtful, and all others are compared with it"
        if self.state == "pass" and not self.latency:
            return "yes for accuracy"
        return {"pass": "yes, by these gates", "fail": "no", "open": "not decided"}[self.state]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        parts = [_counted(self.accuracy, "accuracy"), _counted(self.latency, "latency")]
        return "; ".join(parts)


def state_of(rows: Sequence[VerdictRow]) -> str:
    """Return the worst status of gates."""
    found = {row.status for row in rows}
    return next((STATES[one] for one in (Status.FAIL, Status.INCONCLUSIVE) if one in found), "pass")


def _counted(rows: Sequence[VerdictRow], kind: str) -> str:
    if not rows:
        return f"no {kind} gate ran"
    counts = [
        (sum(row.status is status for row in rows), word)
        for status, word in ((Status.FAIL, "failed"), (Status.INCONCLUSIVE, "undecided"))
    ]
    found = [f"{count} of {len(rows)} {kind} gates {word}" for count, word in counts if count]
    return ", ".join(found) or f"all {len(rows)} {kind} gates passed"


def variant_states(run: Results, variants: Mapping[tuple[str, str], str]) -> Iterator[VariantState]:
    """Yield the answer for each variant, INT8 first, and for a reference model whose gates did not pass."""
    doubtful = {(row.model or "", row.subject) for row in run.verdicts if row.status is not Status.PASS}
    order = sorted({*variants, *doubtful}, key=lambda key: (key[0], key[1] == "FP16", key[1]))
    for model, subject in order:
        rows = [row for row in run.verdicts if (row.model or "", row.subject) == (model, subject)]
        if rows:
            accuracy = [row for row in rows if row.kind == "accuracy"]
            latency = [row for row in rows if row.kind == "latency"]
            yield VariantState(model, subject, accuracy, latency, is_variant=(model, subject) in variants)
