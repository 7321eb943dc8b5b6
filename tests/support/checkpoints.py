"""Functions that load checkpoints as reference recognizers, and change their files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.architectures import ARCHITECTURES
from tests.support.tiny import sound
from wergate.models.checkpoint import Checkpoint, load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.frontend import Frontend
from wergate.recognizers.pytorch import PyTorchRecognizer

WAV2VEC2 = next(architecture for architecture in ARCHITECTURES if architecture.id == "wav2vec2, layer norm")


@dataclass(frozen=True)
class Loaded:
    """A checkpoint, its model and its frontend."""

    checkpoint: Checkpoint
    model: Any
    frontend: Frontend

    def logits(self) -> np.ndarray:
        """Return the reference recognizer's logits for half a second of audio, shape (frames, labels)."""
        return PyTorchRecognizer(self.frontend, lambda: self.model).logits(sound(0.5, seed=1)[None])[0]


def load(folder: Path, **choices: Any) -> Loaded:
    """Load the checkpoint in a folder, its model and its frontend."""
    checkpoint = resolve_checkpoint(str(folder), folder, **choices)
    model = load_model(checkpoint)
    return Loaded(checkpoint, model, load_frontend(checkpoint, model))


def changed(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file; the value None removes a key."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))
