"""Feature extraction, frame geometry and alphabet of a network, as data.

A frontend is read once from the checkpoint's processor and stored next to the IR, so that a run with
a filled cache needs neither transformers nor the checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from wergate.corpora.audio import Samples
from wergate.disk.files import write_part
from wergate.errors import InputTooShortError, SuiteError
from wergate.networks.alphabet import Alphabet

_VARIANCE_FLOOR = 1e-7  # transformers' Wav2Vec2FeatureExtractor adds the same to the variance


@dataclass(frozen=True)
class Frontend:
    """Description of a network's input and output: samples to features, samples to frames, labels to text.

    Attributes:
        sampling_rate: sampling rate in Hz of the samples that `features` takes.
        normalize: scale each utterance to zero mean and unit variance.
        receptive_field: samples that the first frame needs, minus those that the network pads.
        hop: samples from one frame to the next. A stack of unpadded convolutions with kernels k and
            strides s has receptive field k1 + (k2 - 1) s1 + (k3 - 1) s1 s2 + ... and hop s1 s2 s3 ...
        alphabet: the labels of the vocabulary.
        local: whether each layer of the feature encoder depends on its kernel's width only. This holds for
            normalization over channels, not over time. Samples after the last whole frame then change nothing.
        attention_mask: whether the checkpoint's processor gives the model a mask of the samples that are speech.
        squeeze: frames that the encoder merges into one vector (SEW); an input needs at least that many.
        shortest: fewest samples that the network accepts. A network that pads its waveform may have a
            receptive field of zero or less and still reject short inputs.
        padding_exact: whether the FP16 IR built here, and every IR quantized from it, gives a padded and
            masked utterance the same logits as the utterance without padding.
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
        """Return the number of frames of logits for an input of `samples` samples; 0 if it is too short."""
        frames = (samples - self.receptive_field) // self.hop + 1
        return frames if frames >= self.squeeze and samples >= self.shortest else 0

    def shortest_input(self) -> int:
        """Return the smallest number of samples that the model accepts."""
        return max(self.shortest, self.receptive_field + (self.squeeze - 1) * self.hop)

    def is_single(self, samples: int) -> bool:
        """Return whether the encoder sees a single vector, which some runtimes treat as a special case."""
        return self.frame_count(samples) // self.squeeze == 1

    def used_samples(self, samples: int) -> int:
        """Return the number of input samples that affect the logits: all, or those of whole frames if `local`."""
        frames = self.frame_count(samples)
        return self.receptive_field + (frames - 1) * self.hop if self.local and frames else samples

    def whole_frames(self, samples: int) -> int:
        """Return the number of samples of the fewest whole frames that contain an input."""
        frames = -(-(samples - self.receptive_field) // self.hop)
        return max(self.shortest_input(), self.receptive_field + frames * self.hop)

    def require_frame(self, samples: int) -> None:
        """Check that an input is long enough for one frame.

        Raises:
            InputTooShortError: the input has fewer samples than the shortest input.
        """
        shortest = self.shortest_input()
        if samples < shortest:
            raise InputTooShortError(
                f"input of {samples} samples is too short: the model needs at least {shortest} samples "
                f"({1000 * shortest / self.sampling_rate:.1f} ms) for one frame; give a longer recording"
            )


def write_frontend(frontend: Frontend, path: Path) -> None:
    """Write a frontend as JSON."""
    write_part(path, json.dumps(asdict(frontend), indent=1, ensure_ascii=False))


def read_frontend(path: Path) -> Frontend:
    """Read a frontend that `write_frontend` wrote.

    Raises:
        SuiteError: a key is missing or unknown.
    """
    return frontend_of(json.loads(path.read_text(encoding="utf-8")), f"'{path}'")


def frontend_of(values: Mapping[str, Any], origin: str) -> Frontend:
    """Return the frontend that JSON values describe.

    Args:
        origin: where they come from, for messages.

    Raises:
        SuiteError: a key is missing or unknown.
    """
    data = _exactly(Frontend, values, origin)
    return Frontend(**data | {"alphabet": Alphabet(**_exactly(Alphabet, data["alphabet"], origin))})


def _exactly(kind: type, values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    odd = {field.name for field in fields(kind)} ^ set(values)
    if odd:
        raise SuiteError(
            f"{origin} is not a {kind.__name__.lower()} of this version: {', '.join(sorted(odd))} missing or unknown; "
            "only the keys that write_frontend writes are accepted; build the file again"
        )
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
