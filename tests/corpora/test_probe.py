"""Synthetic probes: reproducible, and with the properties of their signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny import RATE
from wergate.corpora.waveforms import SIGNALS, Probe, Signal

PROBES = st.builds(Probe, st.integers(1, 40_000), st.integers(1, 3), st.sampled_from(SIGNALS))


@given(PROBES)
def test_a_probe_is_the_same_every_time(probe: Probe) -> None:
    """Shape and type are as documented, and a second call returns the same samples."""
    waveforms = probe.waveforms(RATE)
    assert ((probe.batch, probe.samples), np.float32) == (waveforms.shape, waveforms.dtype)
    assert np.array_equal(waveforms, probe.waveforms(RATE))
    assert np.isfinite(waveforms).all()


def test_lengths_and_rows_differ() -> None:
    """The waveforms of a batch differ, and a probe of another length is another waveform."""
    first, second = Probe(8000, 2).waveforms(RATE)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, Probe(8001).waveforms(RATE)[0, :8000])


@pytest.mark.parametrize(
    ("signal", "low", "high"),
    [("voiced", 0.05, 2.0), ("silence", 0.0, 0.0), ("clipped", 1.0, 1.0), ("dc", 0.5, 2.5), ("tiny", 1e-8, 2e-6)],
)
def test_signals_have_their_amplitude(signal: Signal, low: float, high: float) -> None:
    """The largest amplitude of each signal is in its range, and only "dc" has an offset."""
    peak = float(np.abs(Probe(RATE, signal=signal).waveforms(RATE)).max())
    assert low <= peak <= high
    assert (abs(float(Probe(RATE, signal=signal).waveforms(RATE).mean())) > 0.3) == (signal == "dc")
