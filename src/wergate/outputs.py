"""What timed calls answered: each distinct answer once, so that every round's work can be judged afterwards."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np

from wergate.networks.ctc import Logits


class Outputs:
    """Logits of timed calls, kept by their digest; rounds that answer alike, bit by bit, take no further memory."""

    def __init__(self) -> None:
        self._rounds: Counter[str] = Counter()
        self._logits: dict[str, Logits] = {}

    def keep(self, answer: object) -> None:
        """Take a call's answer: float32, shape (batch, frames, vocabulary)."""
        logits = np.asarray(answer, np.float32)
        digest = hashlib.sha256(logits.tobytes()).hexdigest()
        self._rounds[digest] += 1
        self._logits.setdefault(digest, logits)

    @property
    def distinct(self) -> list[tuple[Logits, int]]:
        """Each distinct answer, and how many rounds gave it."""
        return [(self._logits[digest], count) for digest, count in self._rounds.items()]
