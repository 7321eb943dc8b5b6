"""POT's Metric for the word error rate, with the properties that accuracy-aware quantization needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from openvino.tools.pot import Metric

from pot_driver.transcript import Speller, WordErrorRate

NAME = "WER"
_LEAST = 1e-9


class WERMetric(Metric):  # type: ignore[misc] # only the legacy environment has POT, which has no types
    """Word error rate as a fraction; lower is better."""

    def __init__(self, speller: Speller) -> None:
        """Set the conversion of labels to text."""
        self._speller = speller
        self._rate = WordErrorRate()
        super().__init__()

    @property
    def value(self) -> dict[str, list[float]]:
        """Word error rate of the last utterance; POT expects a list with one value per sample of the batch."""
        return {NAME: [self._rate.last]}

    @property
    def avg_value(self) -> dict[str, float]:
        """Word error rate of all utterances since the last reset: total errors over total words."""
        # POT divides by the rate of the unquantized model, so the rate must not be 0.
        return {NAME: max(self._rate.wer, _LEAST)}

    @property
    def higher_better(self) -> bool:
        """False: a lower word error rate is better."""
        return False

    def update(self, output: Sequence[npt.NDArray[Any]], target: Sequence[str]) -> None:
        """Count the word errors of one utterance.

        Args:
            output: logits of shape (1, frames, vocabulary), in a list.
            target: reference transcript, in a list.
        """
        (logits,), (reference,) = output[0], target
        self._rate.update(reference=reference, hypothesis=self._speller.transcript(logits))

    def reset(self) -> None:
        """Reset the counts."""
        self._rate.reset()

    def get_attributes(self) -> dict[str, dict[str, str]]:
        """Return the metric's type and direction, which decides the sign of every drop in POT."""
        return {NAME: {"direction": "higher-worse", "type": NAME}}
