"""Greedy CTC decoding (Graves et al., 2006): best label per frame, repeats collapsed, blanks dropped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wergate.networks.alphabet import Alphabet

Logits = npt.NDArray[np.float32]


def greedy_decode(logits: Logits, alphabet: Alphabet) -> str:
    """Return the transcript of one utterance.

    Args:
        logits: float, shape (frames, vocabulary).
        alphabet: the labels of the vocabulary's entries and the rules by which they are read.
    """
    return alphabet.text(logits.argmax(axis=-1).tolist())


def margins(logits: Logits) -> npt.NDArray[np.float32]:
    """Return, per frame, how far the best logit stands above the second: shape (frames,)."""
    top = np.partition(logits, -2, axis=-1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0], dtype=np.float32)
