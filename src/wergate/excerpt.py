"""Speech of an exact length, cut from a corpus, and the reference model's logits for it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from wergate import frontend
from wergate.audio import Samples
from wergate.corpus import Corpus
from wergate.ctc import Logits
from wergate.recognizers import Recognizer
from wergate.reference_models import ReferenceModel
from wergate.store import Artifact, Store
from wergate.toolchain import source_digest, versions

_FILE = "logits.npy"


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


def excerpt_logits(store: Store, model: ReferenceModel, recognizer: Recognizer, samples: Samples) -> Artifact:
    """Return the artifact of the reference model's logits; the recognizer is used only where it has to be built."""
    parts = {
        "checkpoint": model.digest,
        "samples": hashlib.sha256(samples.tobytes()).hexdigest(),
        "versions": versions((*model.packages, "numpy")),
        "source": source_digest(sys.modules[__name__], frontend),
    }

    def build(folder: Path) -> None:
        np.save(folder / _FILE, recognizer.logits(samples[None])[0], allow_pickle=False)

    return store.get("excerpt-logits", parts, build)


def read_excerpt_logits(artifact: Artifact) -> Logits:
    """Return the logits: float32, shape (frames, vocabulary)."""
    return np.asarray(np.load(artifact.file(_FILE), allow_pickle=False), dtype=np.float32)
