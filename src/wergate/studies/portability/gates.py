"""The gates of portability: what came out on one instruction set in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from wergate.config.models import ModelSettings
from wergate.formatting import decibels, percent
from wergate.gates.accuracy import logits_verdicts, remedy_of
from wergate.gates.wer import undecided, wer_verdict
from wergate.models.variant import Variant
from wergate.studies.portability.instruction_sets import IsaTarget, saturates
from wergate.studies.portability.overflow import OverflowFixResult
from wergate.studies.portability.study import IsaResult
from wergate.verdict import Status, Verdict

_ROUNDING = 12  # digits beyond which a sum of fractions is rounding
_SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)


def portability_verdicts(
    settings: ModelSettings, isa_result: IsaResult, *, min_words: int, tried: Sequence[OverflowFixResult] = ()
) -> tuple[Verdict, ...]:
    """Gate a model on an instruction set: against the native one, and against the reference model as everywhere.

    One that has lost on the native instruction set already loses nothing more on others, and is not portable for that.

    Args:
        tried: what other settings of `quantization.overflow_fix` came to, for the remedy.
    """
    evaluation = isa_result.evaluation
    beside_reference = (wer_verdict(evaluation, min_words=min_words), *logits_verdicts(evaluation))
    found = [replace(verdict, gate=f"portable_{verdict.gate}") for verdict in beside_reference]
    if not isa_result.is_native:
        found.append(_loss_verdict(isa_result, settings.portability.loss_max(isa_result.target.isa), min_words))
    remedy = _remedy(isa_result.target, evaluation.variant, settings, tried)
    return tuple(replace(verdict, remedy=remedy) for verdict in found)


def _loss_verdict(isa_result: IsaResult, loss_max: float, min_words: int) -> Verdict:
    loss, beside = isa_result.loss, isa_result.against_native
    differ = f"{100 * (1 - beside.argmax_agreement):.2g} % of argmaxes differ, SQNR {decibels(beside.sqnr_db)} dB"
    return Verdict(
        gate="portable_wer_loss",
        subject=isa_result.evaluation.variant.subject,
        value=round(loss.value, _ROUNDING),
        relation="<=",
        threshold=loss_max,
        basis=f"against native: {differ}",
        scope=isa_result.evaluation.scope,
        remedy="",
        interval=loss.interval,
        undecided=undecided(loss, loss_max, min_words),
    )


def overall(verdicts: Iterable[Verdict]) -> Status:
    """Return the worst of several verdicts."""
    return min((verdict.status for verdict in verdicts), key=_SEVERITY.index)


def _remedy(target: IsaTarget, variant: Variant, settings: ModelSettings, tried: Sequence[OverflowFixResult]) -> str:
    """Return the next step for a model that loses on an instruction set."""
    if not saturates(target):
        return remedy_of("INT8")
    why = f"{target.isa} has no 8-bit dot product and sums products of two in 16 bit (docs/overflow.md)"
    last = "" if target.isa == "native" else f", or leave {target.isa} out of --isa"
    if variant.name != "int8":
        return f"{why}: quantize it with weights within seven bits (NNCF's overflow_fix 'enable'){last}"
    figures = f" [{'; '.join(_told(tried))}]" if tried else ""
    if settings.quantization.overflow_fix != "enable":
        return f"{why}: set quantization.overflow_fix = 'enable'{figures}{last}"
    return f"weights are within seven bits already{figures}: widen quantization.ignored_scope{last}"


def _told(tried: Sequence[OverflowFixResult]) -> Iterator[str]:
    """Yield what each setting comes to, in a few words."""
    for fix in tried:
        evaluation = fix.isa_result.evaluation
        speed = "" if fix.speed is None else f", {fix.speed.ratio:.2f} times as fast"
        wer, sqnr = evaluation.candidate.total.wer, evaluation.logits.sqnr_db
        yield f"'{fix.setting}': WER {percent(wer)} %, SQNR {decibels(sqnr)} dB{speed}"
