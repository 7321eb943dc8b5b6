"""Speech of an exact length, cut from a corpus."""

from __future__ import annotations

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
