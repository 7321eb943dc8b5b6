"""The gates of portability: what came out on one instruction set in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from wergate.config.models import ModelSettings
from wergate.config.thresholds import Gates
from wergate.formatting import decibels, percent
from wergate.gates import accuracy as gates
from wergate.gates.wer import undecided, wer_verdict
from wergate.session.matrix import Cell
from wergate.studies.portability.instruction_sets import Place, saturates
from wergate.studies.portability.overflow import Fix
from wergate.studies.portability.study import Shown
from wergate.verdict import Status, Verdict

_ROUNDING = 12  # digits beyond which a sum of fractions is rounding
_SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)


def portability_verdicts(
    cell: Cell, settings: ModelSettings, thresholds: Gates, shown: Shown, *, min_words: int, tried: Sequence[Fix] = ()
) -> tuple[Verdict, ...]:
    """Gate a model on an instruction set: against the native one, and against the reference model as everywhere.

    One that has lost on the native instruction set already loses nothing more on others, and is not portable for that.

    Args:
        tried: what other settings of `quantization.overflow_fix` came to, for the remedy.
    """
    subject, model, evaluation = shown.place.name(cell.variant), cell.model, shown.evaluation
    beside_reference = (
        wer_verdict(evaluation, thresholds, subject=subject, model=model, min_words=min_words),
        *gates.logits_verdicts(evaluation, thresholds, subject=subject, model=model),
    )
    found = [replace(verdict, gate=f"portable_{verdict.gate}") for verdict in beside_reference]
    if not shown.is_native:
        found.append(_loss_verdict(shown, cell, settings.portability.loss_max(shown.place.isa), min_words))
    remedy = _remedy(shown.place, cell, settings, tried)
    return tuple(replace(verdict, remedy=remedy) for verdict in found)


def _loss_verdict(shown: Shown, cell: Cell, loss_max: float, min_words: int) -> Verdict:
    loss, beside = shown.loss, shown.against_native
    differ = f"{100 * (1 - beside.argmax_agreement):.2g} % of argmaxes differ, SQNR {decibels(beside.sqnr_db)} dB"
    return Verdict(
        gate="portable_wer_loss",
        subject=shown.place.name(cell.variant),
        value=round(loss.value, _ROUNDING),
        relation="<=",
        threshold=loss_max,
        basis=f"against native: {differ}",
        scope=f"{cell.model}, {shown.evaluation.scope}",
        remedy="",
        interval=loss.interval,
        undecided=undecided(loss, loss_max, min_words),
    )


def overall(verdicts: Iterable[Verdict]) -> Status:
    """Return the worst of several verdicts."""
    return min((verdict.status for verdict in verdicts), key=_SEVERITY.index)


def _remedy(place: Place, cell: Cell, settings: ModelSettings, tried: Sequence[Fix]) -> str:
    """Return the next step for a model that loses on an instruction set."""
    if not saturates(place):
        return gates.remedy_of("INT8")
    why = f"{place.isa} has no 8-bit dot product and sums products of two in 16 bit (docs/overflow.md)"
    last = "" if place.isa == "native" else f", or leave {place.isa} out of --isa"
    if cell.variant != "int8":
        return f"{why}: quantize it with weights within seven bits (NNCF's overflow_fix 'enable'){last}"
    figures = f" [{'; '.join(_told(tried))}]" if tried else ""
    if settings.quantization.overflow_fix != "enable":
        return f"{why}: set quantization.overflow_fix = 'enable'{figures}{last}"
    return f"weights are within seven bits already{figures}: widen quantization.ignored_scope{last}"


def _told(tried: Sequence[Fix]) -> Iterator[str]:
    """Yield what each setting comes to, in a few words."""
    for fix in tried:
        evaluation = fix.shown.evaluation
        speed = "" if fix.speed is None else f", {fix.speed.ratio:.2f} times as fast"
        wer, sqnr = evaluation.candidate.total.wer, evaluation.logits.sqnr_db
        yield f"'{fix.setting}': WER {percent(wer)} %, SQNR {decibels(sqnr)} dB{speed}"
