"""Statistics from one pass over the utterances: the ranges and weights are those of NNCF's own passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import pytest
from openvino import opset13

from tests.support.shipped import section
from wergate.config.quantization import QuantizationSettings
from wergate.networks.ir.ranges import activation_ranges
from wergate.quantization.nncf import advanced_parameters, nncf_options, quantize

_CHANNELS = 24
_RANGE_TOLERANCE = 0.005  # of the range: NNCF's quantile and the one of kept values differ where these are too few
SETTINGS = {
    "tutorial": {},
    "quantile of many values": {"max_quantile_outlier_prob": 0.01},
    "largest of all": {"min_aggregator": "min", "max_aggregator": "max"},
    "without SmoothQuant": {"smooth_quant": False},
    "without bias correction": {"bias_correction": False},
    "asymmetric": {"preset": "mixed"},
}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A convolution and two dense layers whose channels differ by a factor of ten, as SmoothQuant expects it."""
    rng = np.random.default_rng(0)
    waveform = opset13.parameter([1, -1], ov.Type.f32, name="input_values")
    signal = opset13.unsqueeze(waveform, np.array([1], np.int64))
    kernel = rng.standard_normal((_CHANNELS, 1, 8)).astype(np.float32) * np.geomspace(1, 10, _CHANNELS)[:, None, None]
    frames: Any = opset13.convolution(signal, kernel.astype(np.float32), [4], [0], [0], [1])
    frames = opset13.transpose(opset13.gelu(frames, "erf"), np.array([0, 2, 1], np.int64))
    for name in ("first", "second"):
        dense = opset13.matmul(frames, _matrix(rng), transpose_a=False, transpose_b=True)
        dense.set_friendly_name(name)
        frames = opset13.gelu(opset13.add(dense, rng.standard_normal((1, 1, _CHANNELS)).astype(np.float32)), "erf")
    path = tmp_path / "fp16.xml"
    ov.save_model(ov.Model([frames], [waveform]), path)
    return path


@pytest.mark.parametrize("case", SETTINGS)
def test_ranges_and_weights_are_those_of_nncf(case: str, network: Path, tmp_path: Path) -> None:
    """With each rule of the settings, ranges agree within half a percent, and every weight is the same level."""
    import nncf

    settings = section(QuantizationSettings, **SETTINGS[case])
    rng = np.random.default_rng(1)
    feeds = [{0: rng.standard_normal((1, 400 + 40 * number)).astype(np.float32)} for number in range(7)]
    expected = nncf.quantize(
        ov.Core().read_model(network),
        nncf.Dataset(feeds),
        **nncf_options(settings, len(feeds)),
        advanced_parameters=advanced_parameters(settings),
    )
    ov.save_model(expected, tmp_path / "nncf.xml")
    quantize(network, feeds, settings, tmp_path / "own.xml")
    ranges = [activation_ranges(tmp_path / name) for name in ("nncf.xml", "own.xml")]
    assert [one.name for one in ranges[0]] == [one.name for one in ranges[1]]
    for one, other in zip(*ranges, strict=True):
        largest = max(float(np.abs(end).max()) for end in one.ends)
        for end, found in zip(one.ends, other.ends, strict=True):
            np.testing.assert_allclose(found, end, atol=_RANGE_TOLERANCE * largest)
    for one, other in zip(*(_levels(tmp_path / name) for name in ("nncf.xml", "own.xml")), strict=True):
        assert np.abs(one - other).max() <= 1
        assert np.mean(one != other) < 0.01


def _matrix(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    return rng.standard_normal((_CHANNELS, _CHANNELS)).astype(np.float32)


def _levels(path: Path) -> list[npt.NDArray[np.float32]]:
    """Return the weights of each layer, in steps of 8 bits."""
    model = ov.Core().read_model(path)
    return [
        op.get_data(dtype=np.float32)
        for op in model.get_ordered_ops()
        if op.get_type_name() == "Constant" and op.get_element_type() == ov.Type.i8
    ]
