"""Reference model in a checkpoint, run by transformers in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wergate.models.checkpoint import Checkpoint, float32_bytes, load_model
from wergate.models.languages import languages
from wergate.models.processor import load_frontend
from wergate.models.written_labels import written_labels
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import export
from wergate.networks.ir.onnx_export import export_onnx
from wergate.recognizers.base import Recognizer
from wergate.recognizers.pytorch import PyTorchRecognizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PROCESSOR_FILES = ("*.json", "*.txt", "*.model")
_VOCABULARY = "vocab.json"
_ONNX_FILE = "model.onnx"
_WEIGHT_INDEX = ".safetensors.index.json"


class TransformersModel:
    """A CTC checkpoint; its weights are loaded when they are needed, and stay until `release`."""

    engine = "pytorch"
    packages = ("torch", "transformers")

    def __init__(self, resolved: Checkpoint) -> None:
        """Set the checkpoint, as `resolve_checkpoint` returns it."""
        self._checkpoint = resolved
        self.name = resolved.name
        self.digest = resolved.digest
        self.revision: str | None = resolved.revision
        self.random = resolved.random
        self.weight_bytes = resolved.weight_bytes

    @cached_property
    def float32_bytes(self) -> int:
        """See `ReferenceModel.float32_bytes`."""
        return float32_bytes(self._checkpoint)

    @property
    def notes(self) -> Sequence[str]:
        """See `ReferenceModel.notes`."""
        return self._checkpoint.notes

    @property
    def processor_files(self) -> Mapping[str, Path]:
        """See `ReferenceModel.processor_files`."""
        found = [path for pattern in _PROCESSOR_FILES for path in self._checkpoint.folder.glob(pattern)]
        return {path.name: path for path in sorted(found) if not path.name.endswith(_WEIGHT_INDEX)}

    @cached_property
    def _model(self) -> PreTrainedModel:
        return load_model(self._checkpoint)

    def frontend(self) -> Frontend:
        """See `ReferenceModel.frontend`."""
        return self._frontend

    @cached_property
    def _frontend(self) -> Frontend:
        return load_frontend(self._checkpoint, self._model)

    def written_labels(self) -> Mapping[int, str]:
        """See `ReferenceModel.written_labels`."""
        path = self._checkpoint.folder / _VOCABULARY
        language, _ = languages(self._checkpoint.folder, self._checkpoint.language)
        return written_labels(path, language=language) if path.is_file() else {}

    def convert(self, path: Path) -> None:
        """See `ReferenceModel.convert`."""
        export(self._model, path)

    def onnx(self, folder: Path) -> Path:
        """See `ReferenceModel.onnx`."""
        export_onnx(self._model, folder / _ONNX_FILE)
        return folder / _ONNX_FILE

    def recognizer(self, frontend: Frontend) -> Recognizer:
        """See `ReferenceModel.recognizer`."""
        return PyTorchRecognizer(frontend, lambda: self._model)

    def release(self) -> None:
        """See `ReferenceModel.release`."""
        vars(self).pop("_model", None)
