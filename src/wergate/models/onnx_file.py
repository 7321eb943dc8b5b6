"""An ONNX file and all that belongs to it: external data, labels, the preprocessor's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError, did_you_mean_beside
from wergate.models.label_files import LabelFiles, find_label_files
from wergate.models.labels import LabelOptions
from wergate.store import content_key, file_digest

_PREPROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
_DEFAULT_RATE = 16_000
_LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class OnnxOptions:
    """What a person says of an ONNX file; None: to be found beside it.

    Attributes:
        labels: file, blank, word delimiter and units.
        sampling_rate: Hz, of the waveforms that it takes.
        normalize_audio: zero mean and unit variance per utterance.
    """

    labels: LabelOptions = field(default_factory=LabelOptions)
    sampling_rate: int | None = None
    normalize_audio: bool | None = None


@dataclass(frozen=True)
class OnnxFile:
    """A network in a file, known by the digest of all it consists of.

    Attributes:
        digest: SHA-256 over the file, its external data, the files beside it that tell something, and the options.
        weight_bytes: size of the file and its external data.
    """

    path: Path
    options: OnnxOptions
    labels: LabelFiles
    preprocessor: Path | None
    digest: str
    weight_bytes: int

    @property
    def name(self) -> str:
        """What tables and messages call it."""
        return self.path.stem

    @property
    def processor_files(self) -> dict[str, Path]:
        """The files beside the network that tell what it takes and says, by name."""
        preprocessor = {self.preprocessor.name: self.preprocessor} if self.preprocessor else {}
        return self.labels.all | preprocessor

    @property
    def sampling_rate(self) -> int:
        """Hz, of the waveforms that it takes: said, told beside, or the usual."""
        return int(self._said("sampling_rate", self.options.sampling_rate, _DEFAULT_RATE))

    @property
    def normalize_audio(self) -> bool:
        """Whether it takes waveforms of zero mean and unit variance: said, told beside, or not."""
        return bool(self._said("do_normalize", self.options.normalize_audio, False))  # noqa: FBT003 - the default

    def _said(self, key: str, given: Any, default: Any) -> Any:
        if given is not None:
            return given
        return _feature_extractor(self.preprocessor).get(key, default) if self.preprocessor else default


def open_onnx(path: Path, options: OnnxOptions) -> OnnxFile:
    """Find an ONNX file and what belongs to it, without loading it.

    Raises:
        SuiteError: a file that does not exist or is no ONNX, external data that is missing, or no labels.
    """
    if not path.is_file():
        hint = did_you_mean_beside(path)
        raise SuiteError(f"model '{path}' does not exist{hint}; an .onnx file is accepted; check --model")
    external = _external_files(path)
    labels = find_label_files(path, options.labels.labels)
    preprocessor = next((found for name in _PREPROCESSOR_FILES if (found := path.parent / name).is_file()), None)
    weights = [path, *external.values()]
    beside = labels.all | ({preprocessor.name: preprocessor} if preprocessor else {})
    parts = {
        "network": file_digest(path),
        "external": {location: file_digest(found) for location, found in external.items()},
        "beside": {name: file_digest(found) for name, found in beside.items()},
        "options": {**asdict(options), "labels": asdict(options.labels) | {"labels": labels.labels.name}},
    }
    size = sum(found.stat().st_size for found in weights)
    return OnnxFile(path, options, labels, preprocessor, content_key(parts), size)


def _external_files(path: Path) -> dict[str, Path]:
    """Return the files that hold weights for an ONNX file, by the names that it gives them."""
    needed: dict[str, int] = {}
    for location, end in _external_data(_proto(path).graph):
        needed[location] = max(end, needed.get(location, 0))
    return {location: _external_file(path, location, size) for location, size in sorted(needed.items())}


def _external_file(path: Path, location: str, size: int) -> Path:
    file = path.parent / location
    if not file.resolve().is_relative_to(path.parent.resolve()):
        raise SuiteError(
            f"model '{path.name}' wants external data '{location}' outside of its folder; a file beside it is "
            "accepted; save it with its data in one folder"
        )
    if not file.is_file():
        raise SuiteError(
            f"model '{path.name}' has external data in '{location}', which is not in '{path.parent}'; put it there"
        )
    if file.stat().st_size < size:
        raise SuiteError(
            f"model '{path.name}' has {size} bytes of external data in '{location}', but there are "
            f"{file.stat().st_size}; the whole file is needed; copy it again"
        )
    return file


def _proto(path: Path) -> Any:
    import onnx

    try:
        proto = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf and the file system each have classes of their own
        raise SuiteError(f"model '{path.name}' is no ONNX file: {_broken(path, error)}; check --model") from error
    if not proto.graph.node:
        raise SuiteError(f"model '{path.name}' is no ONNX file: it has no operations; check --model")
    return proto


def _broken(path: Path, error: Exception) -> str:
    with path.open("rb") as stream:
        if stream.read(len(_LFS_POINTER)) == _LFS_POINTER:
            return "it is a pointer that Git LFS left in its place; fetch it with git lfs pull"
    return f"{error}; a whole file is needed"


def _external_data(graph: Any) -> Iterator[tuple[str, int]]:
    """Yield where the weights of a graph, and of the graphs inside it, are kept, and where each ends there."""
    for tensor in graph.initializer:
        yield from _place(tensor)
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        for tensor in (attribute.t, *attribute.tensors):
            yield from _place(tensor)
        for inner in (attribute.g, *attribute.graphs):
            yield from _external_data(inner)


def _place(tensor: Any) -> Iterator[tuple[str, int]]:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    if "location" in entries:
        yield entries["location"], int(entries.get("offset", 0)) + int(entries.get("length", 0))


def _feature_extractor(path: Path) -> Mapping[str, Any]:
    """Return a feature extractor's settings, which newer files keep one level down."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        settings = data.get("feature_extractor", data)
        return {key: settings[key] for key in ("sampling_rate", "do_normalize") if key in settings}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise SuiteError(f"'{path}' cannot be read: {error}; correct it, or remove it") from error
