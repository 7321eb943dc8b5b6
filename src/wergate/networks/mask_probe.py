"""Meaning of a mask's values: whether 1 marks speech, as in transformers, or padding, as in fairseq and torch.

Names do not settle this. Two inferences with opposite masks do: samples that are padding change the logits less than
samples that are speech.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits

Mask = npt.NDArray[np.bool_]
_SAMPLES = 16_000
_SEED = 20240611
_LEVEL = 0.1  # standard deviation of the noise; of the order of speech
# Factor between the two effects of the same change. Below it, the mask does not separate padding from speech.
_CLEAR = 2.0
_LEAST = 1e-5  # smallest effect, relative to the logits' standard deviation, beyond rounding


def ones_are_padding(infer: Callable[[Samples, Mask], Logits]) -> bool | None:
    """Return whether 1 in a mask marks padding; None if the two inferences do not settle it.

    The second and third quarter of a waveform change under two masks: ones in the first quarter only, and zeros in the
    first quarter only. Where 1 marks speech, the change is padding under the first mask and speech under the second.
    This also holds for a network that takes nothing but the number of ones or zeros from its mask.

    Args:
        infer: runs the network on a waveform, float32 (1, samples), with a mask of the same shape, and returns the
            logits, float32 (frames, vocabulary).
    """
    noise = np.random.default_rng(_SEED).normal(0, _LEVEL, (2, _SAMPLES)).astype(np.float32)
    changed = noise[:1].copy()
    quarter = _SAMPLES // 4
    changed[:, quarter:-quarter] = noise[1:, quarter:-quarter]
    first = np.arange(_SAMPLES)[None] < quarter
    if_ones_are_padding, if_ones_are_speech = (
        _effects(infer(noise[:1], mask), infer(changed, mask)) for mask in (first, ~first)
    )
    ratio = np.log((if_ones_are_padding + _LEAST) / (if_ones_are_speech + _LEAST))
    clearest = ratio[np.abs(ratio).argmax()]
    return bool(clearest > 0) if abs(clearest) >= np.log(_CLEAR) else None


def _effects(before: Logits, after: Logits) -> npt.NDArray[np.float64]:
    """Return the effect of a change in the middle on the frames around it, and on the frames in it."""
    # Apart, because a mask that attention alone respects leaves the changed frames as they are.
    moved = np.nan_to_num(np.abs(after.astype(np.float64) - before)).mean(axis=-1)
    spread = float(np.nan_to_num(before.astype(np.float64)).std()) or 1.0
    middle = np.zeros(len(moved), np.bool_)
    middle[len(moved) // 4 : len(moved) - len(moved) // 4] = True
    return np.array([moved[where].mean() if where.any() else 0.0 for where in (~middle, middle)]) / spread
