"""What a compiled model executes, as a row of the results."""

from __future__ import annotations

from wergate.networks.ir.execution import ExecutedWork
from wergate.results import ExecutionRow, FallbackRow


def execution_row(work: ExecutedWork, *, model: str, variant: str) -> ExecutionRow:
    """Return the row of what a compiled model executes."""
    return ExecutionRow(
        model=model,
        variant=variant,
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
