"""What came out on other instruction sets, as rows of the results."""

from __future__ import annotations

from collections.abc import Sequence

from wergate.evaluation.rows import finite, interval_row, logits_row, word_error_row
from wergate.isa import Place
from wergate.overflow import Fix
from wergate.portability import Cell, Shown
from wergate.recognizers.subprocess.messages import Executed
from wergate.results import OverflowFixRow, PortabilityRow, PrimitiveRow
from wergate.verdict import Status


def portability_row(shown: Shown, cell: Cell, *, status: Status, tried: Sequence[Fix]) -> PortabilityRow:
    """Return the row of a variant on an instruction set.

    Args:
        status: of its verdicts together.
    """
    evaluation = shown.evaluation
    return PortabilityRow(
        model=cell.model,
        corpus=cell.spec.name,
        variant=cell.variant,
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


def skipped_row(cell: Cell, place: Place, reason: str) -> PortabilityRow:
    """Return the row of what this machine cannot show."""
    return PortabilityRow(
        model=cell.model,
        corpus=cell.spec.name,
        variant=cell.variant,
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
