"""What stands before and behind the network: features, frame geometry and alphabet, as data.

A frontend is read once from the checkpoint's own processor and kept beside the IR, so that a
warm run needs neither transformers nor the checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from wergate.corpora.audio import Samples
from wergate.errors import InputTooShortError, SuiteError
from wergate.networks.alphabet import Alphabet

_VARIANCE_FLOOR = 1e-7  # as transformers' Wav2Vec2FeatureExtractor adds to the variance


@dataclass(frozen=True)
class Frontend:
    """Features in, frames out.

    Attributes:
        sampling_rate: Hz, of the samples that `features` takes.
        normalize: zero mean and unit variance per utterance.
        receptive_field: samples that the first frame needs, those that the network pads by taken off.
        hop: samples from one frame to the next. Any stack of unpadded convolutions of kernels k and strides s comes
            down to the two: k1 + (k2 - 1) s1 + (k3 - 1) s1 s2 + ... and s1 s2 s3 ...
        alphabet: the labels of the vocabulary.
        local: whether every layer of the feature encoder sees its kernel's width only (normalization over channels,
            not over time), so that samples behind the last whole frame change nothing.
        attention_mask: whether the checkpoint's processor hands the model a mask of the samples that are speech.
        squeeze: how many frames the encoder takes together (SEW); as many are needed at least.
        shortest: samples that the network needs where that is more; a network that pads its waveform may have a
            receptive field of no samples and less, and yet refuse short inputs.
        padding_exact: whether the FP16 IR that is built here, and what is quantized of it, give a masked and padded
            utterance the logits of the utterance alone.
    """

    sampling_rate: int
    normalize: bool
    receptive_field: int
    hop: int
    alphabet: Alphabet
    local: bool = False
    attention_mask: bool = False
    squeeze: int = 1
    shortest: int = 1
    padding_exact: bool = False

    def features(self, samples: Samples) -> Samples:
        """Return the network's input for one utterance: float32, shape (samples,)."""
        if not self.normalize:
            return samples
        centred = samples - samples.mean()
        return np.asarray(centred / np.sqrt(samples.var() + _VARIANCE_FLOOR), dtype=np.float32)

    def frame_count(self, samples: int) -> int:
        """Return how many frames of logits an input of that many samples gives (0: too short)."""
        frames = (samples - self.receptive_field) // self.hop + 1
        return frames if frames >= self.squeeze and samples >= self.shortest else 0

    def shortest_input(self) -> int:
        """Return the smallest number of samples that the model takes."""
        return max(self.shortest, self.receptive_field + (self.squeeze - 1) * self.hop)

    def is_single(self, samples: int) -> bool:
        """Tell whether the encoder sees a single vector: some runtimes treat such an input in a way of its own."""
        return self.frame_count(samples) // self.squeeze == 1

    def used_samples(self, samples: int) -> int:
        """Return how many samples of the network's input bear on the logits: all, or those of whole frames."""
        frames = self.frame_count(samples)
        return self.receptive_field + (frames - 1) * self.hop if self.local and frames else samples

    def whole_frames(self, samples: int) -> int:
        """Return the samples of the fewest whole frames that hold an input."""
        frames = -(-(samples - self.receptive_field) // self.hop)
        return max(self.shortest_input(), self.receptive_field + frames * self.hop)

    def require_frame(self, samples: int) -> None:
        """Refuse an input without a frame.

        Raises:
            InputTooShortError: fewer samples than the shortest input.
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
    """Read what `write_frontend` wrote.

    Raises:
        SuiteError: a key is missing or unknown.
    """
    data = _exactly(Frontend, json.loads(path.read_text(encoding="utf-8")), path)
    return Frontend(**data | {"alphabet": Alphabet(**_exactly(Alphabet, data["alphabet"], path))})


def _exactly(kind: type, values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    odd = {field.name for field in fields(kind)} ^ set(values)
    if odd:
        raise SuiteError(
            f"'{path}' is no {kind.__name__.lower()} of this version: {', '.join(sorted(odd))} missing or unknown; "
            "exactly the keys that write_frontend writes are accepted; build it again"
        )
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
