"""Logits for arbitrary lengths, batches and signals, drawn by hypothesis; the same in every run by default.

The tests that draw import hypothesis themselves: a run that only collects, or runs another file, starts without it.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from fixtures.gates.check import Check
from wergate.config.variants import REFERENCE
from wergate.corpora.waveforms import SIGNALS, Probe, Signal
from wergate.errors import InputTooShortError
from wergate.gates.accuracy import worst_delta_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session

LONGEST_S = 30


class FarFromReferenceError(Exception):
    """Logits have another shape than the reference's, or differ too much from them."""


def test_any_length_gives_the_reference_logits(session: Session, variant: Variant, check: Check) -> None:
    """Frame counts follow the architecture's formula and logits are close to the reference's, in batches of 1 and 2."""
    from hypothesis import given, settings
    from hypothesis import strategies as st

    import fixtures.profiles  # noqa: F401 - registers and loads the profile of hypothesis

    recognizer, frontend = session.recognizers.single(variant), variant.frontend
    lengths = st.integers(frontend.shortest_input(), LONGEST_S * frontend.sampling_rate)
    deltas: list[float] = []
    detail = ""

    @given(samples=lengths, batch=st.sampled_from([1, 2]))
    def compare(samples: int, batch: int) -> None:
        nonlocal detail
        probe = Probe(samples, batch)
        logits = recognizer.logits(probe.waveforms(frontend.sampling_rate))
        expected = (batch, frontend.frame_count(samples), len(frontend.alphabet.labels))
        reference = session.evaluations.probe_logits(variant.model, probe, keep=settings().derandomize)
        deltas.append(float(np.abs(logits - reference).max()) if logits.shape == expected else np.inf)
        if not deltas[-1] <= variant.thresholds.length_delta_max:
            detail = f"{samples} samples in a batch of {batch}: logits {logits.shape}, but should be {expected}"
            if logits.shape == expected:
                detail = f"{samples} samples in a batch of {batch}: largest difference {deltas[-1]:.4g}"
            raise FarFromReferenceError

    # hypothesis runs the simplest failing input last, so `detail` describes that one
    with suppress(FarFromReferenceError):
        compare()
    check(worst_delta_verdict(deltas, variant), detail=detail)


def test_too_short_an_input_is_refused(session: Session, variant: Variant) -> None:
    """The variant and the reference model refuse an input shorter than a frame, with both lengths in the message."""
    from hypothesis import given
    from hypothesis import strategies as st

    import fixtures.profiles  # noqa: F401 - registers and loads the profile of hypothesis

    recognizers = [session.recognizer(variant.model, name) for name in (REFERENCE, variant.name)]
    shortest = variant.frontend.shortest_input()

    @given(samples=st.integers(0, shortest - 1))
    def check(samples: int) -> None:
        message = rf"{samples} samples is too short.* at least {shortest} samples"
        for recognizer in recognizers:
            with pytest.raises(InputTooShortError, match=message):
                recognizer.logits(np.zeros((1, samples), np.float32))

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_extreme_signals_give_finite_logits(session: Session, variant: Variant, signal: Signal) -> None:
    """Silence, clipping, a constant offset and a tiny amplitude give finite logits."""
    recognizer, frontend = session.recognizers.single(variant), variant.frontend
    for samples in (frontend.shortest_input(), frontend.sampling_rate, 5 * frontend.sampling_rate):
        logits = recognizer.logits(Probe(samples, signal=signal).waveforms(frontend.sampling_rate))
        assert np.isfinite(logits).all(), f"{samples} samples of {signal} give logits that are not finite"
