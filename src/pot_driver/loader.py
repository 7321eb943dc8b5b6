"""POT's DataLoader for utterances in `.npy` files, with their transcripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from openvino.tools.pot import DataLoader


class LibriSpeechDataLoader(DataLoader):  # type: ignore[misc] # only the legacy environment has POT, which has no types
    """Provides POT with the network's inputs, each with its index and its transcript."""

    def __init__(self, utterances: Sequence[Mapping[str, str]], input_name: str, sample_limit: int | None) -> None:
        """Set the utterances.

        Args:
            utterances: `file` and `text` of each utterance.
            input_name: name of the network's input.
            sample_limit: use only the first utterances, this many; None for all.
        """
        super().__init__({})
        self._utterances = utterances[:sample_limit]
        self._input_name = input_name

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self._utterances)

    def __getitem__(self, index: int) -> tuple[tuple[int, str], dict[str, Any]]:
        """Return (index, transcript) of an utterance and its inputs, of shape (1, samples).

        Raises:
            IndexError: there is no utterance with this index.
        """
        # The order matters: with the inputs first, POT would give index 0 to each utterance of a batch of one.
        if not 0 <= index < len(self):
            raise IndexError(index)
        utterance = self._utterances[index]
        return (index, utterance["text"]), {self._input_name: np.load(utterance["file"], allow_pickle=False)}
