"""ONNX file with its external data, labels and preprocessor settings."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wergate.corpora.pointers import is_pointer
from wergate.errors import SuiteError, did_you_mean_beside
from wergate.models.label_files import LabelFiles, find_label_files
from wergate.models.labels import LabelOptions
from wergate.models.quantized import require_unquantized_graph
from wergate.models.weight_size import onnx_tensors, onnx_widening
from wergate.store import content_key, file_digest

_PREPROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
_DEFAULT_RATE = 16_000
_AUDIO_OPTIONS = ("sampling_rate", "normalize_audio")
_DIGITS_MAX = 18  # of a number of bytes


@dataclass(frozen=True)
class OnnxOptions:
    """The user's options for an ONNX file; None means that the value comes from files in the same folder.

    Attributes:
        labels: label file, blank, word delimiter and units.
        sampling_rate: sampling rate in Hz of the network's input.
        normalize_audio: scale each utterance to zero mean and unit variance.
    """

    labels: LabelOptions = field(default_factory=LabelOptions)
    sampling_rate: int | None = None
    normalize_audio: bool | None = None


@dataclass(frozen=True)
class OnnxFile:
    """A network in an ONNX file, identified by the digest of its files and options.

    Attributes:
        path: the `.onnx` file.
        options: the user's options.
        labels: the label file and tokenizer files.
        external: its external data, by the locations that the file states.
        preprocessor: file with the feature extractor's settings; None if there is none.
        digest: SHA-256 of the file, its external data, label and preprocessor files, and the options.
        weight_bytes: size in bytes of the file and its external data.
    """

    path: Path
    options: OnnxOptions
    labels: LabelFiles
    external: Mapping[str, Path]
    preprocessor: Path | None
    digest: str
    weight_bytes: int

    @property
    def name(self) -> str:
        """Name in tables and messages: the file name without its suffix."""
        return self.path.stem

    @property
    def processor_files(self) -> dict[str, Path]:
        """Preprocessor, label and tokenizer files, by name."""
        preprocessor = {self.preprocessor.name: self.preprocessor} if self.preprocessor else {}
        return self.labels.all | preprocessor

    @property
    def sampling_rate(self) -> int:
        """Sampling rate in Hz of the input: from the options, else from the preprocessor file, else 16 kHz."""
        return int(self._setting("sampling_rate", self.options.sampling_rate, _DEFAULT_RATE))

    @property
    def normalize_audio(self) -> bool:
        """True if inputs are normalized: from the options, else from the preprocessor file, else False."""
        return bool(self._setting("do_normalize", self.options.normalize_audio, False))  # noqa: FBT003 - the default

    @property
    def notes(self) -> tuple[str, ...]:
        """The preparation of audio, and the file that states it."""
        rate = f"{self.sampling_rate / 1000:g} kHz"
        prepared = "normalized to zero mean and unit variance" if self.normalize_audio else "as is"
        return (f"audio: {rate}, {prepared} ({self._origin})",)

    @property
    def _origin(self) -> str:
        given = [key for key in _AUDIO_OPTIONS if getattr(self.options, key) is not None]
        if len(given) == len(_AUDIO_OPTIONS):
            return f"{' and '.join(given)} of the suite file"
        file = self.preprocessor.name if self.preprocessor else f"no {' or '.join(_PREPROCESSOR_FILES)} next to it"
        return ", ".join([*(f"{key} of the suite file" for key in given), file])

    def _setting(self, key: str, given: Any, default: Any) -> Any:
        if given is not None:
            return given
        return _feature_extractor(self.preprocessor).get(key, default) if self.preprocessor else default


def float32_bytes(file: OnnxFile) -> int:
    """Return the size in bytes of a network and its external data if each parameter took four."""
    return file.weight_bytes + onnx_widening(_proto(file.path).graph)


def open_onnx(path: Path, options: OnnxOptions) -> OnnxFile:
    """Find an ONNX file and the files that belong to it, without loading the network.

    Raises:
        SuiteError: the file does not exist, is not ONNX or is quantized already, external data is missing, or
            no labels exist.
    """
    labels = require_onnx(path, options)
    proto = _proto(path)
    require_unquantized_graph(path.name, proto)
    external = _external_files(path, proto)
    preprocessor = next((file for name in _PREPROCESSOR_FILES if (file := path.parent / name).is_file()), None)
    weights = [path, *external.values()]
    settings = labels.all | ({preprocessor.name: preprocessor} if preprocessor else {})
    parts = {
        "network": file_digest(path),
        "external": {location: file_digest(file) for location, file in external.items()},
        "settings": {name: file_digest(file) for name, file in settings.items()},
        "options": {**asdict(options), "labels": asdict(options.labels) | {"labels": labels.labels.name}},
    }
    size = sum(file.stat().st_size for file in weights)
    return OnnxFile(path, options, labels, external, preprocessor, content_key(parts), size)


def require_onnx(path: Path, options: OnnxOptions) -> LabelFiles:
    """Find the labels of an ONNX file, which is not read.

    Raises:
        SuiteError: the file does not exist, or no labels exist.
    """
    if not path.is_file():
        hint = did_you_mean_beside(path)
        raise SuiteError(f"model '{path}' does not exist{hint}; an .onnx file is accepted; check --model")
    return find_label_files(path, options.labels.labels)


def gathered(file: OnnxFile, folder: Path) -> Path:
    """Return a path at which a network and its external data are real files of one folder.

    Files of the hub client's cache are links to files with other names in another folder. OpenVINO follows such links
    and refuses external data outside of the network's folder.

    Args:
        file: the network.
        folder: where to put hard links or copies, if they are needed.
    """
    own = file.path.parent.resolve()
    if all(source.resolve().is_relative_to(own) for source in file.external.values()):
        return file.path.absolute()
    for location, source in {file.path.name: file.path, **file.external}.items():
        target = folder / location
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source.resolve(), target)
        except OSError:  # on another disk, or one without hard links
            shutil.copyfile(source, target)
    return folder / file.path.name


def _external_files(path: Path, proto: Any) -> dict[str, Path]:
    """Return the external data files of an ONNX file, by their location as the file states it."""
    needed: dict[str, int] = {}
    for location, end in _external_data(proto.graph):
        needed[location] = max(end, needed.get(location, 0))
    return {location: _external_file(path, location, size) for location, size in sorted(needed.items())}


def _external_file(path: Path, location: str, size: int) -> Path:
    file = path.parent / location
    if not Path(os.path.normpath(file.absolute())).is_relative_to(os.path.normpath(path.parent.absolute())):
        raise SuiteError(
            f"model '{path.name}' refers to external data '{location}' outside its folder; only files in the same "
            "folder are accepted; save the model and its data in one folder"
        )
    if not os.path.isfile(file):  # noqa: PTH113 - Path.is_file raises for a long name
        raise SuiteError(
            f"model '{path.name}' has external data in '{location}', which is not in '{path.parent}'; copy it there"
        )
    if file.stat().st_size < size:
        raise SuiteError(
            f"model '{path.name}' needs {size} bytes of external data in '{location}', but the file has "
            f"{file.stat().st_size}; the complete file is needed; copy it again"
        )
    return file


def _proto(path: Path) -> Any:
    import onnx

    try:
        proto = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf and the file system raise many types of exception
        raise SuiteError(f"model '{path.name}' is not an ONNX file: {_broken(path, error)}; check --model") from error
    if not proto.graph.node:
        raise SuiteError(f"model '{path.name}' is not an ONNX file: it has no operations; check --model")
    return proto


def _broken(path: Path, error: Exception) -> str:
    if is_pointer(path):
        return "it is a Git LFS pointer instead of the file; fetch the file with git lfs pull"
    return f"{error}; a complete file is needed"


def _external_data(graph: Any) -> Iterator[tuple[str, int]]:
    """Yield the file and the end offset of each external tensor of a graph and of the graphs inside it."""
    for tensor in onnx_tensors(graph):
        yield from _location(tensor)


def _location(tensor: Any) -> Iterator[tuple[str, int]]:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    if "location" in entries:
        yield entries["location"], sum(_place(tensor.name, key, entries.get(key, "0")) for key in ("offset", "length"))


def _place(tensor: str, key: str, stated: str) -> int:
    if not stated.isdecimal() or len(stated) > _DIGITS_MAX:
        raise SuiteError(
            f"external data of tensor '{tensor}' has {key} '{stated[:40]}'; a number of bytes is accepted; "
            "save the model again"
        )
    return int(stated)


def _feature_extractor(path: Path) -> Mapping[str, Any]:
    """Return a feature extractor's settings; newer files have them one level down."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        settings = data.get("feature_extractor", data)
        return {key: settings[key] for key in ("sampling_rate", "do_normalize") if key in settings}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise SuiteError(
            f"'{path}' cannot be read: {error}; JSON as transformers writes it is accepted; correct or remove it"
        ) from error
