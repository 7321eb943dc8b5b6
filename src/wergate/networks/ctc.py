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
        alphabet: the labels of the vocabulary and the rules that turn them into text.
    """
    return alphabet.text(logits.argmax(axis=-1).tolist())


def prevalent_label(best: npt.NDArray[np.int64]) -> int | None:
    """Return the index of the label that is best in more than half of the frames; None if there is none."""
    counts = np.bincount(best)
    label = int(counts.argmax())
    return label if 2 * counts[label] > len(best) else None


def margins(logits: Logits) -> npt.NDArray[np.float32]:
    """Return the best logit minus the second best of each frame: shape (frames,)."""
    top = np.partition(logits, -2, axis=-1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0], dtype=np.float32)
