"""The graph of an INT8 IR without its quantization, compared with the FP16 IR of the tiny model."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from tests.mutations.ir_edits import edit_model
from tests.support.suite_run import Warm
from wergate.networks.ir.equivalence import GraphComparison, compare_graphs
from wergate.networks.ir.weights import constant_values

Edit = Callable[[Path], None]


def compared(warm: Warm, folder: Path, edit: Edit | None = None, *, corrected_biases: bool = True) -> GraphComparison:
    """Compare the FP16 IR with a copy of the INT8 IR that was edited."""
    for suffix in (".xml", ".bin"):
        shutil.copyfile(warm.ir("int8") / f"model{suffix}", folder / f"model{suffix}")
    if edit:
        edit(folder / "model.xml")
    return compare_graphs(warm.ir("fp16") / "model.xml", folder / "model.xml", corrected_biases=corrected_biases)


def in_text(pattern: str, replacement: str) -> Edit:
    """Return an edit of the `.xml` as text, at the first place."""

    def edit(path: Path) -> None:
        text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1)
        assert count == 1
        path.write_text(text, encoding="utf-8")

    return edit


def on_model(change: Callable[[ov.Model], None]) -> Edit:
    """Return an edit of the model."""
    return lambda path: edit_model(path, change)


def roll(model: ov.Model) -> None:
    product = [op for op in model.get_ordered_ops() if op.get_type_name() == "MatMul"][-1]
    source = product.input_value(0)
    order = np.roll(np.arange(source.get_partial_shape()[2].get_length()), 1)
    product.input(0).replace_source_output(ops.gather(source, order, np.int64(2)).output(0))


def drop_residual(model: ov.Model) -> None:
    """Add a branch to itself instead of to what it branched from."""
    adds = [op for op in model.get_ordered_ops() if op.get_type_name() == "Add" and not _constants(op)]
    adds[-1].input(0).replace_source_output(adds[-1].input_value(1))


def shrink_constant(model: ov.Model) -> None:
    """Change a constant that is neither a weight nor a bias of a product: that of the mask."""
    kept = [op for op in model.get_ordered_ops() if op.get_type_name() == "Multiply" and len(_constants(op)) == 1]
    op = [op for op in kept if not op.get_friendly_name().endswith("smooth_quant")][-1]
    (number,) = _constants(op)
    op.input(number).replace_source_output(ops.multiply(op.input_value(number), np.float32(0.9)).output(0))


def _constants(op: ov.Node) -> list[int]:
    return [n for n in (0, 1) if constant_values(op.input_value(n).get_node()) is not None]


def test_an_honest_build_has_no_difference(warm: Warm, tmp_path: Path) -> None:
    """All operations match; only corrected biases differ, where a quantizer may not correct them."""
    found = compared(warm, tmp_path)
    assert found.matched == found.operations > 100
    assert () == found.differences
    strict = compared(warm, tmp_path, corrected_biases=False)
    assert all("differs by up to" in difference.reason for difference in strict.differences)
    assert strict.differences


def test_an_ir_equals_itself(warm: Warm) -> None:
    """Also where no bias may have changed."""
    path = warm.ir("fp16") / "model.xml"
    assert () == compare_graphs(path, path, corrected_biases=False).differences


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (in_text('approximation_mode="ERF"', 'approximation_mode="TANH"'), "has approximation_mode ERF, in the"),
        (in_text(r'\beps="[^"]*"', 'eps="0.01"'), "has eps "),
        (in_text(r'pads_begin="(\d+)" pads_end="(\d+)"', r'pads_begin="1" pads_end="1"'), "has pads_begin"),
        (on_model(roll), "a Gather"),
        (on_model(drop_residual), "is used in its place"),
        (on_model(shrink_constant), "differs by up to"),
    ],
    ids=["gelu", "epsilon", "padding", "gather", "residual", "constant"],
)
def test_what_no_weight_shows_is_found(warm: Warm, tmp_path: Path, edit: Edit, reason: str) -> None:
    """An attribute, an operation, an edge, a constant: the operation is named."""
    found = compared(warm, tmp_path, edit)
    assert any(reason in difference.reason for difference in found.differences), found
    assert all(difference.name for difference in found.differences)


def test_another_network_does_not_match(warm: Warm, tmp_path: Path) -> None:
    """Another number of outputs, or another operation at the output, matches nothing."""
    x = ops.parameter([-1, -1], np.float32)
    other = ov.Model([ops.relu(x), ops.tanh(x)], [x])
    ov.save_model(other, tmp_path / "two.xml")
    found = compare_graphs(warm.ir("fp16") / "model.xml", tmp_path / "two.xml", corrected_biases=True)
    assert (0, "2 outputs instead of 1") == (found.matched, found.differences[0].reason)
    ov.save_model(ov.Model([ops.relu(x)], [x]), tmp_path / "one.xml")
    found = compare_graphs(warm.ir("fp16") / "model.xml", tmp_path / "one.xml", corrected_biases=True)
    assert 0 == found.matched
    assert found.operations > 100
