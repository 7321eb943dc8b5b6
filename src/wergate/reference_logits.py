"""The reference model's logits of waveforms that belong to no corpus (a probe, an excerpt), as an artifact."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from wergate import frontend
from wergate.audio import Samples
from wergate.ctc import Logits
from wergate.recognizers import Recognizer
from wergate.reference_models import ReferenceModel
from wergate.store import Artifact, Store
from wergate.toolchain import source_digest, versions

_FILE = "logits.npy"


def reference_logits(store: Store, model: ReferenceModel, recognizer: Recognizer, waveforms: Samples) -> Artifact:
    """Return the artifact of the reference model's logits; the recognizer is used only where it has to be built.

    Args:
        waveforms: float32, shape (batch, samples).
    """
    parts = {
        "model": model.digest,
        "shape": list(waveforms.shape),
        "waveforms": hashlib.sha256(waveforms.tobytes()).hexdigest(),
        "versions": versions((*model.packages, "numpy")),
        "source": source_digest(sys.modules[__name__], frontend),
    }

    def build(folder: Path) -> None:
        np.save(folder / _FILE, recognizer.logits(waveforms), allow_pickle=False)

    return store.get("reference-logits", parts, build)


def read_logits(artifact: Artifact) -> Logits:
    """Return the logits: float32, shape (batch, frames, vocabulary)."""
    return np.asarray(np.load(artifact.file(_FILE), allow_pickle=False), dtype=np.float32)
