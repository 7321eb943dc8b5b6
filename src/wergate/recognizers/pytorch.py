"""Reference recognizer of a checkpoint: transformers in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.base import features

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class PyTorchRecognizer:
    """Runs a CTC model in float32; the checkpoint is loaded at the first inference."""

    def __init__(self, frontend: Frontend, load: Callable[[], PreTrainedModel]) -> None:
        """Set the frontend and the function that loads the model."""
        self.frontend = frontend
        self._load = load

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        batch = features(self.frontend, waveforms)
        import torch

        mask = {"attention_mask": torch.ones(batch.shape, dtype=torch.int32)} if self.frontend.attention_mask else {}
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Support for mismatched")  # WavLM's attention warns about mask types
            output = self._load()(torch.from_numpy(batch), **mask).logits
        return np.asarray(output.float().numpy(), dtype=np.float32)  # NumPy has no bfloat16

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return [self.logits(samples[None])[0] for samples in utterances]
