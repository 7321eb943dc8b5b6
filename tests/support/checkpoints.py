"""Checkpoints taken the whole way to a reference recognizer, and files of theirs changed."""

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
        """What the reference recognizer gives for half a second."""
        return PyTorchRecognizer(self.frontend, lambda: self.model).logits(sound(0.5, seed=1)[None])[0]


def load(folder: Path, **choices: Any) -> Loaded:
    """Take a folder the whole way to a reference recognizer."""
    found = resolve_checkpoint(str(folder), folder, **choices)
    model = load_model(found)
    return Loaded(found, model, load_frontend(found, model))


def changed(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file; None removes one."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))
