"""A note in an IR that padding does not change its logits: whoever quantizes it elsewhere hands the note on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino as ov

_WHERE = ["wergate", "padding_exact"]


def mark_padding_exact(ir: ov.Model) -> None:
    """Write the note into an IR that was exported so (docs/padding.md)."""
    ir.set_rt_info("true", _WHERE)


def is_marked_padding_exact(ir: ov.Model) -> bool:
    """Tell whether an IR has the note; NNCF and saving keep it. `accuracy/test_buckets.py` holds the IR to it."""
    return bool(ir.has_rt_info(_WHERE))
