"""Speech of exact lengths, cut from a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wergate.audio import Samples
from wergate.corpus import Corpus


def excerpt(corpus: Corpus, duration_s: float, sampling_rate: int) -> Samples:
    """Return the corpus's first utterances, one after the other, cut to length: float32, shape (samples,).

    A corpus that is shorter than the excerpt is repeated.
    """
    wanted = round(duration_s * sampling_rate)
    pieces: list[Samples] = []
    for utterance in corpus.utterances(sampling_rate):
        pieces.append(utterance.waveform.samples)
        if sum(map(len, pieces)) >= wanted:
            break
    return np.resize(np.concatenate(pieces), wanted)


def pieces(corpus: Corpus, durations_s: Sequence[float], sampling_rate: int) -> list[Samples]:
    """Return one piece of speech after the other, each of its duration: float32 arrays of shape (samples,).

    Behind the corpus's last utterance its first one follows again.
    """
    wanted = [round(duration_s * sampling_rate) for duration_s in durations_s]
    speech = excerpt(corpus, sum(wanted) / sampling_rate, sampling_rate)
    return np.split(speech, np.cumsum(wanted)[:-1])
