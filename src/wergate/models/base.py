"""Reference models: what the quantized ones are held to, whatever runs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from wergate.networks.frontend import Frontend
from wergate.recognizers.base import Recognizer


class ReferenceModel(Protocol):
    """A model as its makers run it; nothing is loaded before a method asks for it."""

    @property
    def name(self) -> str:
        """As tables and test ids show it."""

    @property
    def digest(self) -> str:
        """SHA-256 over weights, configuration and processor files."""

    @property
    def engine(self) -> str:
        """What runs it: "pytorch" or "onnxruntime"."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose versions decide its logits."""

    @property
    def revision(self) -> str | None:
        """Commit of the hub's repository, where it comes from there."""

    @property
    def random(self) -> bool:
        """Whether its weights are random, so that its transcripts mean nothing."""

    @property
    def weight_bytes(self) -> int:
        """Size of the weights in the file; 0 where there is no file."""

    @property
    def processor_files(self) -> Mapping[str, Path]:
        """Files by the names under which an exported folder needs them: configuration, processor, labels."""

    def frontend(self) -> Frontend:
        """Return features, frame geometry and alphabet."""

    def convert(self, path: Path) -> None:
        """Write the IR, weights in half precision."""

    def onnx(self, folder: Path) -> Path:
        """Return the network as an ONNX file: its own, or one that is written into the folder."""

    def recognizer(self, frontend: Frontend) -> Recognizer:
        """Return what transcribes with it."""
