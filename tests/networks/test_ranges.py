"""Widths of activation ranges against observed values: a known rule, an unknown one, channels, shifted ranges."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from wergate.networks.ir.ranges import RangeRule, activation_ranges, observe, range_ends, range_widths

NNCF = RangeRule("min", "mean", 1e-4)
RNG = np.random.default_rng(0)
SPEECH = [RNG.normal(0, 1, 16_000).astype(np.float32) for _ in range(8)]
Ends = tuple[float, float]


def write(path: Path, *, first: Ends, second: Ends, output: Ends | None = None) -> Path:
    """Write a network that quantizes its waveform, and then twice its square."""
    waveform = ops.parameter([1, -1], np.float32, name="input_values")
    one = ops.fake_quantize(waveform, *map(np.float32, (*first, *(output or first))), 256)
    one.set_friendly_name("first")
    squared = ops.multiply(ops.multiply(one, one), np.float32(2))
    two = ops.fake_quantize(squared, *map(np.float32, (*second, *second)), 256)
    two.set_friendly_name("second")
    logits = ops.multiply(ops.unsqueeze(two, np.int64(2)), np.ones((1, 1, 4), np.float32))
    ov.save_model(ov.Model([logits], [waveform]), path, compress_to_fp16=False)
    return path


def bits(path: Path, rule: RangeRule | None = NNCF) -> dict[str, float]:
    """Return the deviation of each range in bits."""
    widths = range_widths(activation_ranges(path), observe(path, SPEECH, outlier_prob=1e-4), rule)
    return {width.name: width.bits for width in widths}


HIGH = float(np.mean([np.quantile(samples, 1 - 1e-4) for samples in SPEECH]))
SQUARE = float(np.mean([np.quantile(2 * samples**2, 1 - 1e-4) for samples in SPEECH]))
SYMMETRIC, UNSIGNED = (-HIGH * 128 / 127, HIGH), (0.0, SQUARE)


def test_a_range_by_the_rule_is_as_wide_as_needed(tmp_path: Path) -> None:
    """Symmetric and unsigned ranges at the mean upper quantile deviate by nothing."""
    found = bits(write(tmp_path / "m.xml", first=SYMMETRIC, second=UNSIGNED))
    assert pytest.approx({"first": 0.0, "second": 0.0}, abs=0.01) == found


@pytest.mark.parametrize("factor", [4.0, 2.0, 0.5])
def test_a_wrong_range_is_found_alone(tmp_path: Path, factor: float) -> None:
    """The factor is the deviation, and the range after it is not blamed: observation bypasses both."""
    wrong = (SYMMETRIC[0] * factor, SYMMETRIC[1] * factor)
    found = bits(write(tmp_path / "m.xml", first=wrong, second=UNSIGNED))
    assert pytest.approx({"first": math.log2(factor), "second": 0.0}, abs=0.01) == found


def test_the_range_of_the_outputs_counts(tmp_path: Path) -> None:
    """A quantizer whose outputs are scaled is as wrong as one whose inputs are."""
    twice = (2 * SYMMETRIC[0], 2 * SYMMETRIC[1])
    assert (
        pytest.approx(1.0, abs=0.01)
        == bits(write(tmp_path / "m.xml", first=SYMMETRIC, second=UNSIGNED, output=twice))["first"]
    )


def test_a_shifted_range_covers_too_little(tmp_path: Path) -> None:
    """An asymmetric range of the right width in the wrong place counts as too narrow; one elsewhere covers nothing."""
    low = float(min(samples.min() for samples in SPEECH))
    shift = (HIGH - low) / 2
    assert (
        pytest.approx(-1.0, abs=0.05)
        == bits(write(tmp_path / "m.xml", first=(low + shift, HIGH + shift), second=UNSIGNED))["first"]
    )
    assert -math.inf == bits(write(tmp_path / "n.xml", first=(10.0, 20.0), second=UNSIGNED))["first"]


def test_a_range_that_is_no_number_has_no_width(tmp_path: Path) -> None:
    """A NaN in a range is a deviation of NaN, which no threshold accepts."""
    assert math.isnan(bits(write(tmp_path / "m.xml", first=(math.nan, HIGH), second=UNSIGNED))["first"])


def test_an_unknown_rule_has_a_band(tmp_path: Path) -> None:
    """Without the rule, anything from the mean quantile to the largest value is as wide as needed."""
    highest = float(max(np.abs(samples).max() for samples in SPEECH))
    for end in (HIGH, highest):
        found = bits(write(tmp_path / f"{end}.xml", first=(-end, end), second=UNSIGNED), rule=None)
        assert pytest.approx(0.0, abs=0.01) == found["first"]
    wide = bits(write(tmp_path / "w.xml", first=(-2 * highest, 2 * highest), second=UNSIGNED), rule=None)
    assert pytest.approx(1.0, abs=0.01) == wide["first"]
    narrow = bits(write(tmp_path / "n.xml", first=(-HIGH / 4, HIGH / 4), second=UNSIGNED), rule=None)
    assert pytest.approx(-2.0, abs=0.01) == narrow["first"]


def test_channels_count_by_the_sum_of_their_widths(tmp_path: Path) -> None:
    """A range for each channel follows the values of its channel; all doubled are one bit."""
    waveform = ops.parameter([1, -1], np.float32, name="input_values")
    scales = np.float32([[1.0], [3.0]])
    both = ops.multiply(ops.unsqueeze(waveform, np.int64(1)), scales[None])
    for factor in (1.0, 2.0):
        high = (factor * HIGH * scales)[None]
        quantized = ops.fake_quantize(both, -high, high, -high, high, 256)
        ov.save_model(ov.Model([quantized], [waveform]), tmp_path / "m.xml", compress_to_fp16=False)
        (found,) = bits(tmp_path / "m.xml").values()
        assert pytest.approx(math.log2(factor), abs=0.01) == found


def test_chance_shrinks_with_the_share_of_the_utterances(tmp_path: Path) -> None:
    """Utterances that differ explain a deviation; none is left if all that calibrated were observed."""
    path = write(tmp_path / "m.xml", first=SYMMETRIC, second=UNSIGNED)
    loud = [samples * (1 + number % 2) for number, samples in enumerate(SPEECH)]
    observed = observe(path, loud, outlier_prob=1e-4)
    some, every = (range_widths(activation_ranges(path), observed, NNCF, share=share)[0] for share in (0.1, 1.0))
    assert 0.3 < some.chance < 1
    assert 0.0 == every.chance


def test_ends_are_named_after_their_quantizer(tmp_path: Path) -> None:
    """The baseline stores the ends of the inputs by name."""
    ranges = activation_ranges(write(tmp_path / "m.xml", first=(-1.0, 1.0), second=(0.0, 2.0)))
    assert {"first": (-1.0, 1.0), "second": (0.0, 2.0)} == range_ends(ranges)
    assert ("other",) == tuple(range_ends([replace(ranges[0], name="other")]))
