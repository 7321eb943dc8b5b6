"""What an IR states and what its compiled model executes, on the tiny model's real IRs."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_run import Warm
from tiny import Tiny

from wergate.ir import ExecutedLayer, ExecutedWork, GraphCounts
from wergate.pipeline import Pipeline


@pytest.fixture(scope="module")
def pipelined(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline on the warm cache."""
    return tiny.pipeline(tmp_path_factory.mktemp("ir"), warm.cache)


def layer(precision: str, macs: int) -> ExecutedLayer:
    """Return a layer of which only these matter."""
    return ExecutedLayer("x", "FullyConnected", "brgemm", precision, macs)


def test_share_is_weighted_by_work() -> None:
    """Three quarters of the multiply-accumulates in 8 bit are three quarters, however many layers that is."""
    work = ExecutedWork((layer("i8", 50), layer("u8", 25), layer("f32", 5), layer("bf16", 20)))
    assert work.int8_share == 0.75
    assert ["bf16", "f32"] == [fallback.precision for fallback in work.fallbacks]


def test_no_work_is_no_8_bit_work() -> None:
    """An empty model does not pass as quantized."""
    assert ExecutedWork(()).int8_share == 0.0


def test_every_executed_layer_has_work(pipelined: Pipeline, tiny: Tiny) -> None:
    """No layer is weighted with nothing: its kernel was found."""
    for precision in ("fp16", "int8"):
        layers = pipelined.executed(str(tiny.model), precision).layers
        assert [] == [found.name for found in layers if found.macs <= 0]
        assert {"FullyConnected", "Convolution"} == {found.kind for found in layers}


def test_work_is_that_of_the_architecture(pipelined: Pipeline, tiny: Tiny) -> None:
    """The convolutions of the feature encoder on five seconds cost what their shapes say."""
    encoder, frames, channels = [], 5 * 16_000, 1
    for kernel, stride in zip((10, 8, 4, 4), (5, 4, 4, 4), strict=True):
        frames = (frames - kernel) // stride + 1
        encoder.append(frames * 16 * kernel * channels)
        channels = 16
    found = [x.macs for x in pipelined.executed(str(tiny.model), "fp16").layers if x.kind == "Convolution"]
    assert encoder == found[:4]


def test_int8_works_in_8_bit_and_fp16_does_not(pipelined: Pipeline, tiny: Tiny) -> None:
    """Nearly all work of the INT8 IR, none of the FP16 IR."""
    assert pipelined.executed(str(tiny.model), "int8").int8_share > 0.95
    assert pipelined.executed(str(tiny.model), "fp16").int8_share == 0.0


def test_graph_counts(pipelined: Pipeline, tiny: Tiny) -> None:
    """The FP16 IR has no quantizer; the INT8 IR has many, 8-bit weights, and fewer bytes of weights."""
    fp16, int8 = (pipelined.graph(str(tiny.model), precision) for precision in ("fp16", "int8"))
    assert GraphCounts(0, 0, fp16.bytes) == fp16
    assert int8.fake_quantize > 0
    assert int8.int8_weights >= 2 * 6 + 1, "six projections in each of two layers, and the head"
    assert _weight_bytes(pipelined, tiny, "int8") < _weight_bytes(pipelined, tiny, "fp16")


def _weight_bytes(pipelined: Pipeline, tiny: Tiny, precision: str) -> int:
    path: Path = pipelined.ir(str(tiny.model), precision).file("model.bin")
    return path.stat().st_size
