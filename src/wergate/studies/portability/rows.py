"""What came out on other instruction sets, as rows of the results."""

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
from wergate.studies.portability.instruction_sets import Place
from wergate.studies.portability.overflow import Fix
from wergate.studies.portability.study import Shown
from wergate.verdict import Status


class PrimitiveRow(ResultRow):
    """Layers that one primitive of the runtime executes, and their share of the work."""

    kind: str
    name: str
    precision: str
    layers: int
    share: float


class OverflowFixRow(ResultRow):
    """INT8 built with one setting of `quantization.overflow_fix`, on one instruction set.

    `loss` is absolute against the variant's own IR on the native one; `speed` is how many times as fast it is as that
    IR on this one, in turns (null for that IR itself).
    """

    setting: str
    candidate: WordErrorRow
    loss: float | None
    logits: LogitsRow
    speed: float | None
    speed_interval: IntervalRow | None


class PortabilityRow(ResultRow):
    """A variant of a model on a corpus, run on one instruction set; `skipped` says why it was not.

    `loss` is the word error rate minus the one on the native instruction set, which `against_native` compares the
    logits with; `logits` are beside the reference model's. `fixes` are there where they were tried.
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


def portability_row(shown: Shown, *, status: Status, tried: Sequence[Fix]) -> PortabilityRow:
    """Return the row of a variant on an instruction set.

    Args:
        status: of its verdicts together.
    """
    evaluation = shown.evaluation
    return PortabilityRow(
        model=evaluation.variant.model,
        corpus=evaluation.corpus,
        variant=evaluation.variant.name,
        isa=shown.place.isa,
        inference_precision=shown.place.precision,
        skipped=None,
        candidate=word_error_row(evaluation.candidate.total),
        drop=finite(evaluation.wer_drop.value),
        loss=finite(shown.loss.value),
        loss_interval=interval_row(shown.loss.interval),
        logits=logits_row(evaluation.logits),
        against_native=logits_row(shown.against_native),
        executed=primitive_rows(shown.executed),
        fixes=[_fix_row(fix) for fix in tried],
        status=status,
    )


def skipped_row(variant: Variant, spec: CorpusSpec, place: Place, reason: str) -> PortabilityRow:
    """Return the row of what this machine cannot show."""
    return PortabilityRow(
        model=variant.model,
        corpus=spec.name,
        variant=variant.name,
        isa=place.isa,
        inference_precision=place.precision,
        skipped=reason,
    )


def primitive_rows(executed: Executed) -> list[PrimitiveRow]:
    """Return the primitives of a compiled model with their shares of the work."""
    macs = sum(primitive.macs for primitive in executed.primitives) or 1
    return [
        PrimitiveRow(**primitive.model_dump(exclude={"macs"}), share=primitive.macs / macs)
        for primitive in executed.primitives
    ]


def _fix_row(fix: Fix) -> OverflowFixRow:
    evaluation = fix.shown.evaluation
    return OverflowFixRow(
        setting=fix.setting,
        candidate=word_error_row(evaluation.candidate.total),
        loss=finite(fix.shown.loss.value),
        logits=logits_row(evaluation.logits),
        speed=None if fix.speed is None else fix.speed.ratio,
        speed_interval=None if fix.speed is None else interval_row(fix.speed.interval),
    )
