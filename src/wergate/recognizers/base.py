"""Interface of all recognizers, and functions that work with any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Protocol, runtime_checkable

import numpy as np

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.precision import RunPrecision


class Recognizer(Protocol):
    """Turns waveforms into logits.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
    """

    frontend: Frontend

    def logits(self, waveforms: Samples) -> Logits:
        """Run the network on waveforms of one length.

        Args:
            waveforms: float32, shape (batch, samples), at the frontend's sampling rate.

        Returns:
            float32, shape (batch, frames, vocabulary).

        Raises:
            InputTooShortError: the waveforms are too short for one frame.
        """

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Run the network on utterances of any lengths, in parallel if the recognizer can.

        Args:
            utterances: float32 arrays of shape (samples,).

        Returns:
            float32 arrays of shape (frames, vocabulary), in the order of the utterances.

        Raises:
            InputTooShortError: an utterance is too short for one frame.
        """


@runtime_checkable
class ConcurrentRecognizer(Protocol):
    """A recognizer that runs other utterances while the caller uses the logits of one."""

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See `wergate.recognizers.base.completed`."""


@runtime_checkable
class RepeatingRecognizer(Protocol):
    """A recognizer with several streams, which can be tried again."""

    def again(self, samples: Samples) -> list[Logits]:
        """Run one utterance on every stream at the same time.

        Args:
            samples: float32, shape (samples,).

        Returns:
            Logits of each inference, float32, shape (frames, vocabulary).
        """

    def probed_again(self) -> Iterator[bool]:
        """Yield whether all streams still give the probe's logits, for each compiled model that `again` has not run."""


@runtime_checkable
class CompiledRecognizer(Protocol):
    """A recognizer whose compiled models say what they run."""

    def precisions(self) -> Iterator[RunPrecision]:
        """Yield the precision that each compiled model runs in, read back from the runtime."""


def completed(recognizer: Recognizer, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
    """Yield the position of each utterance and its logits, shape (frames, vocabulary), in the recognizer's order.

    Raises:
        InputTooShortError: an utterance is too short for one frame.
    """
    if isinstance(recognizer, ConcurrentRecognizer):
        return recognizer.completed(utterances)
    return enumerate(recognizer.logits_of(utterances))


def in_order(completed: Iterator[tuple[int, Logits]]) -> list[Logits]:
    """Return the logits of all utterances in the order of their positions."""
    return [logits for _, logits in sorted(completed, key=itemgetter(0))]


def features(frontend: Frontend, waveforms: Samples) -> Samples:
    """Return the network's input for a batch: float32, shape (batch, samples).

    Raises:
        InputTooShortError: the waveforms are too short for one frame.
    """
    frontend.require_frame(waveforms.shape[1])
    return np.stack([frontend.features(samples) for samples in waveforms])
