"""Result rows of the portability study."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.rows import (
    IntervalRow,
    LogitsRow,
    ResultRow,
    WordErrorRow,
    finite,
    interval_row,
    logits_row,
    word_error_row,
)
from wergate.models.variant import Variant
from wergate.recognizers.subprocess.messages import Executed
from wergate.studies.portability.instruction_sets import IsaTarget
from wergate.studies.portability.overflow import OverflowFixResult
from wergate.studies.portability.study import IsaResult
from wergate.verdict import Status


class PrimitiveRow(ResultRow):
    """Layers that one primitive of the runtime executes, and their share of the multiply-accumulates."""

    kind: str
    name: str
    precision: str
    layers: int
    share: float


class OverflowFixRow(ResultRow):
    """INT8 built with one setting of `quantization.overflow_fix`, on one instruction set.

    `loss` is the absolute loss compared with the variant's own IR on the native instruction set.
    `speed` is the speed-up over the variant's own IR on this instruction set, timed interleaved (null for that IR
    itself).
    """

    setting: str
    candidate: WordErrorRow
    loss: float | None
    logits: LogitsRow
    speed: float | None
    speed_interval: IntervalRow | None


class PortabilityRow(ResultRow):
    """A variant of a model on a corpus and one instruction set; `skipped` gives the reason if it did not run.

    `loss` is the word error rate minus the one on the native instruction set.
    `against_native` compares the logits with those on the native instruction set, `logits` with the reference model's.
    `fixes` are the settings of `quantization.overflow_fix` that were tried.
    """

    model: str
    corpus: str
    variant: str
    isa: str
    inference_precision: str
    skipped: str | None
    candidate: WordErrorRow | None = None
    drop: float | None = None
    loss: float | None = None
    loss_interval: IntervalRow | None = None
    logits: LogitsRow | None = None
    against_native: LogitsRow | None = None
    executed: list[PrimitiveRow] = Field(default=[])
    fixes: list[OverflowFixRow] = Field(default=[])
    status: Status | None = None


def portability_row(isa_result: IsaResult, *, status: Status, tried: Sequence[OverflowFixResult]) -> PortabilityRow:
    """Return the row of a variant on an instruction set.

    Args:
        isa_result: the result on the instruction set.
        status: the worst status of its verdicts.
        tried: results of the settings of `quantization.overflow_fix` that were tried.
    """
    evaluation = isa_result.evaluation
    return PortabilityRow(
        model=evaluation.variant.model,
        corpus=evaluation.corpus,
        variant=evaluation.variant.name,
        isa=isa_result.target.isa,
        inference_precision=isa_result.target.precision,
        skipped=None,
        candidate=word_error_row(evaluation.candidate.total),
        drop=finite(evaluation.wer_drop.value),
        loss=finite(isa_result.loss.value),
        loss_interval=interval_row(isa_result.loss.interval),
        logits=logits_row(evaluation.logits),
        against_native=logits_row(isa_result.against_native),
        executed=primitive_rows(isa_result.executed),
        fixes=[_fix_row(fix) for fix in tried],
        status=status,
    )


def skipped_row(variant: Variant, spec: CorpusSpec, target: IsaTarget, reason: str) -> PortabilityRow:
    """Return the row of a target that this machine cannot run."""
    return PortabilityRow(
        model=variant.model,
        corpus=spec.name,
        variant=variant.name,
        isa=target.isa,
        inference_precision=target.precision,
        skipped=reason,
    )


def primitive_rows(executed: Executed) -> list[PrimitiveRow]:
    """Return the primitives of a compiled model with their shares of the work."""
    macs = sum(primitive.macs for primitive in executed.primitives) or 1
    return [
        PrimitiveRow(**primitive.model_dump(exclude={"macs"}), share=primitive.macs / macs)
        for primitive in executed.primitives
    ]


def _fix_row(fix: OverflowFixResult) -> OverflowFixRow:
    evaluation = fix.isa_result.evaluation
    return OverflowFixRow(
        setting=fix.setting,
        candidate=word_error_row(evaluation.candidate.total),
        loss=finite(fix.isa_result.loss.value),
        logits=logits_row(evaluation.logits),
        speed=None if fix.speed is None else fix.speed.ratio,
        speed_interval=None if fix.speed is None else interval_row(fix.speed.interval),
    )
