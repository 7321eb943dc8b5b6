"""The process of a side that runs an IR: the real driver on the tiny model."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.mutations.ir_edits import edit
from tests.support.suite_run import Warm
from tests.support.tiny import sound
from wergate.duel.answers import IrTooNewError, SideError
from wergate.duel.environment import this_environment
from wergate.duel.layers import changed_execution, changed_weights
from wergate.duel.worker import NetworkSide, NetworkWorker, SideLayer
from wergate.networks.frontend import read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.file import written_by
from wergate.recognizers.openvino import OpenVinoRecognizer

SAMPLES = sound(1.0, seed=3)
SPOILT = "encoder.layers.1.feed_forward.output_dense"


def side_of(warm: Warm, folder: Path, **changes: object) -> NetworkSide:
    """Return a side with the tiny INT8 IR."""
    ir = warm.ir("int8")
    side = NetworkSide(
        name="B (tiny)",
        ir=ir / MODEL_FILE,
        made_by=written_by(ir / MODEL_FILE),
        frontend=read_frontend(ir / FRONTEND_FILE),
        environment=this_environment(),
        device="CPU",
        inference_precision="f32",
        patience_s=60.0,
        log=folder / "logs" / "B.log",
    )
    return replace(side, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def worker(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkWorker]:
    """A running side."""
    with closing(NetworkWorker(side_of(warm, tmp_path_factory.mktemp("side")))) as running:
        yield running


def test_a_side_gives_the_logits_of_the_suite(worker: NetworkWorker, warm: Warm, tmp_path: Path) -> None:
    """The same IR, runtime and precision: the wire and the driver change nothing."""
    side = side_of(warm, tmp_path)
    here = OpenVinoRecognizer(side.ir, side.frontend, device="CPU", inference_precision="f32")
    answer = worker.hold("first", SAMPLES)
    assert answer.logits is not None
    np.testing.assert_allclose(answer.logits, here.logits(SAMPLES[None])[0], atol=1e-3)
    again = worker.again()
    assert answer.text == again.text
    assert again.seconds > 0 == answer.seconds


def test_a_side_says_what_it_is(worker: NetworkWorker) -> None:
    """Its runtime, its NumPy and the precision that it computes in."""
    assert "f32" == worker.compiled.precision
    assert np.__version__ == worker.compiled.numpy


def test_layers_of_one_ir_and_one_runtime_are_equal(worker: NetworkWorker, warm: Warm, tmp_path: Path) -> None:
    """Each product is found, and a layer with other operands or another kernel is named."""
    ir = side_of(warm, tmp_path).ir
    layers = worker.executed(SAMPLES)
    assert [] == list(changed_execution(layers, layers, (ir, ir)))
    products = [layer for layer in layers if layer.kind == "FullyConnected" and "i8" in layer.types[:2]]
    assert products, sorted({(one.kind, one.types[:2]) for one in layers})
    slower = [replace_layer(layer, products[0], types=("f32", "f32")) for layer in layers]
    (precision,) = changed_execution(layers, slower, (ir, ir))
    assert ("precision", "f32 x f32") == (precision.what, precision.second)
    other = [replace_layer(layer, products[0], primitive="ref_any") for layer in layers]
    (primitive,) = changed_execution(layers, other, (ir, ir))
    assert ("primitive", "ref_any", False) == (primitive.what, primitive.second, primitive.changes_results)


def replace_layer(layer: SideLayer, wanted: SideLayer, **changes: object) -> SideLayer:
    """Return a layer, changed if it is the wanted one."""
    return replace(layer, **changes) if layer is wanted else layer  # type: ignore[arg-type]


def test_a_corrupt_layer_is_named(warm: Warm, tmp_path: Path) -> None:
    """The weights of one layer differ, and no others do; equal IRs have no difference."""
    ir = warm.ir("int8") / MODEL_FILE
    corrupt = spoil(ir, tmp_path)
    assert [] == list(changed_weights(ir, ir))
    (found,) = changed_weights(ir, corrupt)
    assert SPOILT in found.name
    assert "weights" == found.what


def spoil(ir: Path, folder: Path) -> Path:
    """Return a copy of an IR with one layer corrupt."""
    copy = folder / "corrupt.xml"
    for suffix in (".xml", ".bin"):
        shutil.copyfile(ir.with_suffix(suffix), copy.with_suffix(suffix))

    def change(layers: dict[str, object]) -> None:
        layer = layers[SPOILT]
        layer.scale = -16 * layer.scale  # type: ignore[attr-defined]

    edit(copy, change)  # type: ignore[arg-type]
    return copy


def test_a_side_that_is_killed_is_named(warm: Warm, tmp_path: Path) -> None:
    """The side and the place of its log."""
    with closing(NetworkWorker(side_of(warm, tmp_path))) as running:
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(SideError, match=r"side B \(tiny\) died: .*SIGKILL.*; its log is kept in '.*B.log'"):
            running.answer("first", SAMPLES)


def test_a_runtime_that_cannot_read_an_ir_is_skipped(warm: Warm, tmp_path: Path) -> None:
    """The skip names the release that wrote the IR, and the way out."""
    side = side_of(warm, tmp_path, made_by="2099.1")
    with closing(NetworkWorker(side)) as running:
        ir = tmp_path / "newer.xml"
        ir.write_text(side.ir.read_text().replace('version="opset1"', 'version="opset99"'))
        shutil.copyfile(side.ir.with_suffix(".bin"), ir.with_suffix(".bin"))
        with pytest.raises(IrTooNewError, match=r"SKIP: side B .* cannot read the IR of OpenVINO 2099.1: .*--ir own"):
            running.load(ir)
