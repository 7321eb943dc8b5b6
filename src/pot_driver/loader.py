"""POT's DataLoader: utterances in `.npy` files, with what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from openvino.tools.pot import DataLoader


class LibriSpeechDataLoader(DataLoader):  # type: ignore[misc] # the legacy environment alone has POT, and it has no types
    """Gives POT the network's inputs, each with its place and its transcript.

    The first `sample_limit` utterances only, where there is a limit.
    """

    def __init__(self, utterances: Sequence[Mapping[str, str]], input_name: str, sample_limit: int | None) -> None:
        """Take the utterances: `file` and `text` of each."""
        super().__init__({})
        self._utterances = utterances[:sample_limit]
        self._input_name = input_name

    def __len__(self) -> int:
        """Count the utterances."""
        return len(self._utterances)

    def __getitem__(self, index: int) -> tuple[tuple[int, str], dict[str, Any]]:
        """Return an utterance's place with what was said, and its inputs, of shape (1, samples).

        In this order, as POT would otherwise give each utterance of a batch of one the place 0.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        utterance = self._utterances[index]
        return (index, utterance["text"]), {self._input_name: np.load(utterance["file"], allow_pickle=False)}
