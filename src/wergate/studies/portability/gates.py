"""Gates of portability: the results on one instruction set in, verdicts out."""

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

_ROUNDING = 12  # decimal digits of a sum of fractions; the rest is rounding error
_SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)


def portability_verdicts(
    settings: ModelSettings, isa_result: IsaResult, *, min_words: int, tried: Sequence[OverflowFixResult] = ()
) -> tuple[Verdict, ...]:
    """Gate a model on an instruction set, against the reference model and against the native instruction set.

    Both comparisons are needed: a model that is already bad on the native instruction set loses nothing more on
    others, but that does not make it portable.

    Args:
        settings: the model's thresholds.
        isa_result: the model on the instruction set.
        min_words: fewest words that a verdict on the loss may rest on.
        tried: results of other settings of `quantization.overflow_fix`, for the remedy.
    """
    evaluation = isa_result.evaluation
    against_reference = (wer_verdict(evaluation, min_words=min_words), *logits_verdicts(evaluation))
    verdicts = [replace(verdict, gate=f"portable_{verdict.gate}") for verdict in against_reference]
    if not isa_result.is_native:
        verdicts.append(_loss_verdict(isa_result, settings.portability.loss_max(isa_result.target.isa), min_words))
    remedy = _remedy(isa_result.target, evaluation.variant, settings, tried)
    return tuple(replace(verdict, remedy=remedy) for verdict in verdicts)


def _loss_verdict(isa_result: IsaResult, loss_max: float, min_words: int) -> Verdict:
    loss, logits = isa_result.loss, isa_result.against_native
    differ = f"{100 * (1 - logits.argmax_agreement):.2g} % of argmaxes differ, SQNR {decibels(logits.sqnr_db)} dB"
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
        undecided=undecided(loss, loss_max, min_words, limited=isa_result.evaluation.limited),
    )


def overall(verdicts: Iterable[Verdict]) -> Status:
    """Return the worst status of several verdicts: FAIL, then INCONCLUSIVE, then PASS."""
    return min((verdict.status for verdict in verdicts), key=_SEVERITY.index)


def _remedy(target: IsaTarget, variant: Variant, settings: ModelSettings, tried: Sequence[OverflowFixResult]) -> str:
    """Return the next step for a model that loses accuracy on an instruction set."""
    if not saturates(target):
        return remedy_of("INT8")
    why = f"{target.isa} has no 8-bit dot products: sums of two products overflow 16 bit (docs/studies/overflow.md)"
    last = "" if target.isa == "native" else f", or remove {target.isa} from --isa"
    if variant.name != "int8":
        return f"{why}: quantize it with 7-bit weights (NNCF's overflow_fix 'enable'){last}"
    figures = f" [{'; '.join(_summaries(tried))}]" if tried else ""
    if settings.quantization.overflow_fix != "enable":
        return f"{why}: set quantization.overflow_fix = 'enable'{figures}{last}"
    return f"the weights already use only 7 bits{figures}: widen quantization.ignored_scope{last}"


def _summaries(tried: Sequence[OverflowFixResult]) -> Iterator[str]:
    """Yield the accuracy and speed of INT8 with each setting, in a few words."""
    for fix in tried:
        evaluation = fix.isa_result.evaluation
        speed = "" if fix.speed is None else f", speed-up {fix.speed.ratio:.2f}"
        wer, sqnr = evaluation.candidate.total.wer, evaluation.logits.sqnr_db
        yield f"'{fix.setting}': WER {percent(wer)} %, SQNR {decibels(sqnr)} dB{speed}"
