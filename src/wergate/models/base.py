"""Interface of reference models, with which quantized models are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from wergate.networks.frontend import Frontend
from wergate.recognizers.base import Recognizer


class ReferenceModel(Protocol):
    """A model in its original runtime; nothing is loaded before a method needs it."""

    @property
    def name(self) -> str:
        """Name in tables and test ids."""

    @property
    def digest(self) -> str:
        """SHA-256 of weights, configuration and processor files."""

    @property
    def engine(self) -> str:
        """Runtime of the model: "pytorch" or "onnxruntime"."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages whose versions affect the logits."""

    @property
    def revision(self) -> str | None:
        """Commit of the hub's repository; None for a model from another source."""

    @property
    def random(self) -> bool:
        """True if the weights are random, so that the transcripts are meaningless."""

    @property
    def weight_bytes(self) -> int:
        """Size of the weight files in bytes; 0 if there is no file."""

    @property
    def float32_bytes(self) -> int:
        """Size of the weight files in bytes if each parameter took four; 0 if there is no file."""

    @property
    def notes(self) -> Sequence[str]:
        """Notes for people on how the model is read, such as how its audio is prepared."""

    @property
    def processor_files(self) -> Mapping[str, Path]:
        """Configuration, processor and label files, by their names in an exported folder."""

    def frontend(self) -> Frontend:
        """Return features, frame geometry and alphabet."""

    def written_labels(self) -> Mapping[int, str]:
        """Return the labels by logit, read from the model's own files and not through the frontend; empty if none."""

    def convert(self, path: Path) -> None:
        """Write the IR to an `.xml` file, with weights in half precision."""

    def onnx(self, folder: Path) -> Path:
        """Return the path of the network as an ONNX file; write it into `folder` if there is none yet."""

    def recognizer(self, frontend: Frontend) -> Recognizer:
        """Return a recognizer that runs the model."""

    def release(self) -> None:
        """Let loaded weights go; what needs them next loads them again."""
