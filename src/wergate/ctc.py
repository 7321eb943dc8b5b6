"""Greedy CTC decoding (Graves et al., 2006): best label per frame, repeats collapsed, blanks dropped."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import numpy.typing as npt

from wergate.frontend import Alphabet

Logits = npt.NDArray[np.float32]


def greedy_decode(logits: Logits, alphabet: Alphabet) -> str:
    """Return the transcript of one utterance.

    Args:
        logits: float, shape (frames, vocabulary).
        alphabet: the labels of the vocabulary's entries, the blank and the word delimiter.
    """
    best = logits.argmax(axis=-1).tolist()
    kept = (label_id for label_id, _ in groupby(best) if label_id != alphabet.blank_id)
    labels = (alphabet.labels[label_id] for label_id in kept)
    text = "".join(" " if label == alphabet.word_delimiter else label for label in labels)
    return text.strip()


def margins(logits: Logits) -> npt.NDArray[np.float32]:
    """Return, per frame, how far the best logit stands above the second: shape (frames,)."""
    top = np.partition(logits, -2, axis=-1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0], dtype=np.float32)
