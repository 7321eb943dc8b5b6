"""Stored logits of waveforms that belong to no corpus, such as a probe or an excerpt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.store import Artifact, Store

_FILE = "logits.npy"


def stored_logits(
    store: Store, kind: str, parts: Mapping[str, Any], waveforms: Samples, compute: Callable[[Samples], Logits]
) -> Artifact:
    """Return the artifact of a model's logits; compute them only if they are not stored.

    Args:
        store: the store.
        kind: kind of the artifact.
        parts: values that identify the model and its runtime.
        waveforms: float32, shape (batch, samples).
        compute: returns the logits of the waveforms, float32, shape (batch, frames, vocabulary).
    """
    of_waveforms = {
        "shape": list(waveforms.shape),
        "waveforms": hashlib.sha256(waveforms.tobytes()).hexdigest(),
    }

    def build(folder: Path) -> None:
        np.save(folder / _FILE, compute(waveforms), allow_pickle=False)

    return store.get(kind, {**parts, **of_waveforms}, build)


def read_logits(artifact: Artifact) -> Logits:
    """Return the stored logits: float32, shape (batch, frames, vocabulary)."""
    return np.asarray(np.load(artifact.file(_FILE), allow_pickle=False), dtype=np.float32)
