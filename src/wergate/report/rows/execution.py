"""Rows of the results about the layers that a compiled model executes."""

from __future__ import annotations

from wergate.evaluation.rows import ResultRow
from wergate.models.variant import Variant
from wergate.networks.ir.execution import ExecutedWork


class FallbackRow(ResultRow):
    """A layer of a compiled model that does not run in 8 bit, its share of the work, and the likely reason."""

    name: str
    kind: str
    primitive: str
    precision: str
    macs: int
    share: float
    reason: str


class ExecutionRow(ResultRow):
    """Work that a compiled model executes on five seconds of audio.

    `unseen_macs` are multiply-accumulates of the IR that no executed layer accounts for.
    """

    model: str
    variant: str
    macs: int
    int8_macs: int
    int8_share: float
    unseen_macs: int
    layers: int
    fallbacks: list[FallbackRow]


def execution_row(work: ExecutedWork, variant: Variant) -> ExecutionRow:
    """Return the row of a compiled model."""
    return ExecutionRow(
        model=variant.model,
        variant=variant.name,
        macs=work.macs,
        int8_macs=work.int8_macs,
        int8_share=work.int8_share,
        unseen_macs=work.unseen_macs,
        layers=len(work.layers),
        fallbacks=[
            FallbackRow(
                name=layer.name,
                kind=layer.kind,
                primitive=layer.primitive,
                precision=layer.precision,
                macs=layer.macs,
                share=layer.macs / work.macs,
                reason=layer.reason,
            )
            for layer in work.fallbacks
        ],
    )
