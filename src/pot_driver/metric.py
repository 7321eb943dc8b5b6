"""POT's Metric: the word error rate, with all that its accuracy-aware algorithm asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from openvino.tools.pot import Metric

from pot_driver.transcript import Speller, WordErrorRate

NAME = "WER"
_LEAST = 1e-9


class WERMetric(Metric):  # type: ignore[misc] # the legacy environment alone has POT, and it has no types
    """Word error rate: the lower, the better."""

    def __init__(self, speller: Speller) -> None:
        """Take what turns labels into text."""
        self._speller = speller
        self._rate = WordErrorRate()
        super().__init__()

    @property
    def value(self) -> dict[str, list[float]]:
        """The last utterance's rate; POT wants one figure per sample of a batch."""
        return {NAME: [self._rate.last]}

    @property
    def avg_value(self) -> dict[str, float]:
        """The rate of all utterances since the last reset: errors over words, no mean of rates.

        POT divides by the unquantized model's, so that it is never 0 here.
        """
        return {NAME: max(self._rate.wer, _LEAST)}

    @property
    def higher_better(self) -> bool:
        """Say which way is up."""
        return False

    def update(self, output: Sequence[npt.NDArray[Any]], target: Sequence[str]) -> None:
        """Count an utterance: logits of shape (1, frames, vocabulary), and what was said."""
        (logits,), (reference,) = output[0], target
        self._rate.update(reference=reference, hypothesis=self._speller.transcript(logits))

    def reset(self) -> None:
        """Forget what was counted."""
        self._rate.reset()

    def get_attributes(self) -> dict[str, dict[str, str]]:
        """Tell POT the direction, by which it signs every drop."""
        return {NAME: {"direction": "higher-worse", "type": NAME}}
