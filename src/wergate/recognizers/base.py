"""Recognizers: one interface over PyTorch and OpenVINO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Protocol, runtime_checkable

import numpy as np

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend


class Recognizer(Protocol):
    """Turns waveforms into logits."""

    frontend: Frontend

    def logits(self, waveforms: Samples) -> Logits:
        """Run the network on waveforms of one length.

        Args:
            waveforms: float32, shape (batch, samples), at the frontend's sampling rate.

        Returns:
            float32, shape (batch, frames, vocabulary).

        Raises:
            InputTooShortError: not even one frame.
        """

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Run the network on utterances of any lengths, side by side where it can.

        Args:
            utterances: float32 arrays of shape (samples,).

        Returns:
            float32 arrays of shape (frames, vocabulary), in the order of the utterances.

        Raises:
            InputTooShortError: an utterance without a frame.
        """


@runtime_checkable
class SideBySide(Protocol):
    """A recognizer that is at work on other utterances while logits are handed over."""

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See the function of that name."""


def completed(recognizer: Recognizer, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
    """Yield each utterance's position and its logits, of shape (frames, vocabulary), in the order that suits it best.

    Raises:
        InputTooShortError: an utterance without a frame.
    """
    if isinstance(recognizer, SideBySide):
        return recognizer.completed(utterances)
    return enumerate(recognizer.logits_of(utterances))


def in_order(found: Iterator[tuple[int, Logits]]) -> list[Logits]:
    """Return logits in the order of their positions."""
    return [logits for _, logits in sorted(found, key=itemgetter(0))]


def features(frontend: Frontend, waveforms: Samples) -> Samples:
    """Return the network's input for a batch: float32, shape (batch, samples).

    Raises:
        InputTooShortError: not even one frame.
    """
    frontend.require_frame(waveforms.shape[1])
    return np.stack([frontend.features(samples) for samples in waveforms])
