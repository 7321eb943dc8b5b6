"""Recordings that two corpora share, found by their decoded samples.

The digests in a corpus's index are those of the encoded audio. A recording that was encoded again without loss, from
FLAC to WAV for example, has other bytes and the same samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import numpy as np

from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus

_STEPS_PER_S = 100  # durations are compared in hundredths of a second: a header may round
_INT16_MAX = 32767  # samples are compared as 16-bit integers: a float WAV holds the same recording


def shared_recordings(one: Corpus, other: Corpus, sampling_rate: int) -> tuple[tuple[str, str], ...]:
    """Return the ids of recordings that are in both corpora, as pairs.

    Only utterances whose duration occurs in both corpora are decoded.

    Args:
        one, other: the corpora.
        sampling_rate: sampling rate in Hz at which the samples are compared.

    Raises:
        SuiteError: a recording cannot be decoded.
    """
    common = _near(_steps(one)) & _near(_steps(other))
    known = {digest: id_ for id_, digest in _digests(one, common, sampling_rate)}
    return tuple((known[digest], id_) for id_, digest in _digests(other, common, sampling_rate) if digest in known)


def _steps(corpus: Corpus) -> AbstractSet[int]:
    return {round(seconds * _STEPS_PER_S) for seconds in corpus.durations.values()}


def _near(steps: AbstractSet[int]) -> AbstractSet[int]:
    """Return the steps with those next to them."""
    return {step + offset for step in steps for offset in (-1, 0, 1)}


def _digests(corpus: Corpus, steps: AbstractSet[int], sampling_rate: int) -> Iterator[tuple[str, str]]:
    """Yield id and digest of the samples of each utterance with one of these durations."""
    ids = {id_ for id_, seconds in corpus.durations.items() if round(seconds * _STEPS_PER_S) in steps}
    if not ids:
        return
    for utterance in corpus.utterances(sampling_rate, only=ids):
        yield utterance.id, _digest(utterance.waveform.samples)


def _digest(samples: Samples) -> str:
    return hashlib.sha256(np.round(samples * _INT16_MAX).astype(np.int16).tobytes()).hexdigest()
