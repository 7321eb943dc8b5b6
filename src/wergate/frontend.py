"""What stands before and behind the network: features, frame geometry and alphabet, as data.

A frontend is read once from the checkpoint's own processor and kept beside the IR, so that a
warm run needs neither transformers nor the checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wergate.audio import Samples
from wergate.errors import InputTooShortError

_VARIANCE_FLOOR = 1e-7  # as transformers' Wav2Vec2FeatureExtractor adds to the variance


@dataclass(frozen=True)
class Alphabet:
    """The meaning of the logits' last axis."""

    labels: tuple[str, ...]
    blank_id: int
    word_delimiter: str


@dataclass(frozen=True)
class Frontend:
    """Features in, frames out.

    Attributes:
        sampling_rate: Hz, of the samples that `features` takes.
        normalize: zero mean and unit variance per utterance.
        conv_kernel, conv_stride: the convolutional feature encoder, layer by layer, in samples or frames.
        alphabet: the labels of the vocabulary.
        local: whether every layer of the feature encoder sees its kernel's width only (normalization over channels,
            not over time), so that samples behind the last whole frame change nothing.
    """

    sampling_rate: int
    normalize: bool
    conv_kernel: tuple[int, ...]
    conv_stride: tuple[int, ...]
    alphabet: Alphabet
    local: bool = False

    def features(self, samples: Samples) -> Samples:
        """Return the network's input for one utterance: float32, shape (samples,)."""
        if not self.normalize:
            return samples
        centred = samples - samples.mean()
        return np.asarray(centred / np.sqrt(samples.var() + _VARIANCE_FLOOR), dtype=np.float32)

    def frame_count(self, samples: int) -> int:
        """Return how many frames of logits an input of that many samples gives (0: too short)."""
        frames = samples
        for kernel, stride in zip(self.conv_kernel, self.conv_stride, strict=True):
            frames = max(0, (frames - kernel) // stride + 1)
        return frames

    def shortest_input(self) -> int:
        """Return the smallest number of samples that gives one frame (the receptive field)."""
        return self._receptive_field(1)

    def used_samples(self, samples: int) -> int:
        """Return how many samples of the network's input bear on the logits: all, or those of whole frames."""
        return self._receptive_field(self.frame_count(samples)) if self.local else samples

    def _receptive_field(self, frames: int) -> int:
        samples = frames
        for kernel, stride in zip(reversed(self.conv_kernel), reversed(self.conv_stride), strict=True):
            samples = (samples - 1) * stride + kernel
        return samples

    def require_frame(self, samples: int) -> None:
        """Refuse an input without a frame.

        Raises:
            InputTooShortError: fewer samples than the receptive field.
        """
        shortest = self.shortest_input()
        if samples < shortest:
            raise InputTooShortError(
                f"input of {samples} samples is too short: the model needs at least {shortest} samples "
                f"({1000 * shortest / self.sampling_rate:.1f} ms) for one frame; give a longer recording"
            )


def write_frontend(frontend: Frontend, path: Path) -> None:
    """Write a frontend as JSON."""
    path.write_text(json.dumps(asdict(frontend), indent=1, ensure_ascii=False), encoding="utf-8")


def read_frontend(path: Path) -> Frontend:
    """Read what `write_frontend` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    alphabet = data.pop("alphabet")
    return Frontend(
        sampling_rate=data["sampling_rate"],
        normalize=data["normalize"],
        conv_kernel=tuple(data["conv_kernel"]),
        conv_stride=tuple(data["conv_stride"]),
        alphabet=Alphabet(tuple(alphabet["labels"]), alphabet["blank_id"], alphabet["word_delimiter"]),
        local=data["local"],
    )
