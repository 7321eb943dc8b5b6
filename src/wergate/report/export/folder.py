"""Export of a gated variant to a folder: IR, processor files, results, model card."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.disk.files import write_part
from wergate.disk.folders import replacing_folder
from wergate.errors import SuiteError
from wergate.report.export.card import CARD_FILE, Dataset, Loading, Origin, model_card
from wergate.report.export.verify import IR_FILES, RESULTS_FILE, ExportResults, require_free
from wergate.report.results import Results, results_text
from wergate.store import file_digest

FRONTEND_FILE = "frontend.json"
CONFIG_FILE = "config.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_PROCESSOR_CONFIGS = {_TOKENIZER_CONFIG, "preprocessor_config.json", "processor_config.json"}
_GREEDY = "Wav2Vec2Processor"
_TRANSFORMERS_FILES = (
    _PROCESSOR_CONFIGS
    | {  # other files of a checkpoint, such as the state of a trainer, are not exported
        CONFIG_FILE,
        "added_tokens.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "vocab.json",
        "vocab.txt",
    }
)
_WRITTEN = {RESULTS_FILE, CARD_FILE, FRONTEND_FILE, *IR_FILES}
_MASK = "attention_mask"
_OPTIMUM_INPUTS = ("input_values", _MASK)
_OPTIMUM_OUTPUT = "logits"
_PARAMETER = re.compile(r'<layer [^>]*type="Parameter".*?</layer>', re.DOTALL)
_PORT_NAMES = re.compile(r'<port [^>]*names="([^"]*)"')


@dataclass(frozen=True)
class Exportable:
    """A variant to export.

    Attributes:
        ir: the gated `.xml` file; its `.bin` file is in the same folder.
        digests: SHA-256 of both files at the time of the gates, by suffix; empty if unknown.
        processor_files: files of the processor by name; with a `config.json` if transformers knows the model.
        frontend: sampling rate, labels and blank as data, for a model without a configuration of transformers.
        base_model, revision: hub id and commit; None if the model is local.
        language: language of a multilingual tokenizer.
    """

    model: str
    variant: str
    ir: Path
    processor_files: Mapping[str, Path]
    frontend: Path
    digests: Mapping[str, str]
    base_model: str | None = None
    revision: str | None = None
    language: str | None = None

    @property
    def files(self) -> dict[str, Path]:
        """All files that are exported with the IR, by name in the folder."""
        given = {name: path for name, path in self.processor_files.items() if name not in _WRITTEN}
        if CONFIG_FILE not in given:
            return given | {FRONTEND_FILE: self.frontend}
        return {name: path for name, path in given.items() if name in _TRANSFORMERS_FILES or name.endswith(".model")}

    @property
    def loading(self) -> Loading:
        """Ways to load it, from the names in its XML, without a runtime."""
        text = self.ir.read_text(encoding="utf-8")
        inputs = [set(names.split(",")) for layer in _PARAMETER.findall(text) for names in _PORT_NAMES.findall(layer)]
        ports = {name for names in _PORT_NAMES.findall(text) for name in names.split(",")}
        return Loading(self._not_for_optimum(inputs, ports), takes_mask=any(_MASK in names for names in inputs))

    def _not_for_optimum(self, inputs: Sequence[set[str]], ports: set[str]) -> str | None:
        if CONFIG_FILE not in self.processor_files:
            return "has no transformers configuration"
        if not inputs or any(names.isdisjoint(_OPTIMUM_INPUTS) for names in inputs):
            return f"has inputs with names other than {' and '.join(_OPTIMUM_INPUTS)}"
        return None if _OPTIMUM_OUTPUT in ports else f"has no output named {_OPTIMUM_OUTPUT}"


def folder_name(model: str, variant: str) -> str:
    """Return the name of an export's folder: `ORG/NAME@REVISION` becomes `ORG-NAME-REVISION-VARIANT`."""
    return "-".join(re.sub(r"[^\w.]+", "-", part).strip("-.") or "model" for part in (model, variant))


def require_directory(directory: Path) -> None:
    """Reject an export directory that cannot be created or written, before the run starts.

    Raises:
        SuiteError: it is a file, is inside of one, or cannot be written.
    """
    whole = directory.resolve()
    existing = next(path for path in (whole, *whole.parents) if path.exists())
    if not existing.is_dir():
        raise SuiteError(f"export directory '{directory}': '{existing}' is a file; name a folder with --export DIR")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SuiteError(f"export directory '{directory}' cannot be written; name another with --export DIR")


def export(source: Exportable, run: Results, directory: Path, datasets: Mapping[str, Dataset]) -> Path:
    """Write `DIRECTORY/MODEL-VARIANT` atomically and return it; an earlier export of the same variant is replaced.

    Args:
        source: the variant.
        run: results of this variant only.
        directory: parent of the folder.
        datasets: names of the corpora on the card, by their names in the results.

    Raises:
        SuiteError: the folder exists and is not an export of this variant, the IR changed after the gates, or the
            directory cannot be written.
    """
    target = directory / folder_name(source.model, source.variant)
    with _renamed_into_place(target, source) as temporary:
        ir = _copy_ir(source, temporary)
        files = {name: _copy(source, name, path, temporary) for name, path in sorted(source.files.items())}
        results = ExportResults(**run.model_dump(), model=source.model, variant=source.variant, ir=ir, files=files)
        write_part(temporary / RESULTS_FILE, results_text(results))
        origin = Origin(source.model, source.variant, source.base_model, source.revision, source.loading)
        card = model_card(results, origin, datasets)
        write_part(temporary / CARD_FILE, card)
    return target


@contextlib.contextmanager
def _renamed_into_place(target: Path, source: Exportable) -> Iterator[Path]:
    """Yield a temporary folder that replaces the target, if it may be replaced, once it is complete."""
    try:
        require_free(target, source.model, source.variant)
        with replacing_folder(target) as temporary:
            yield temporary
    except OSError as error:
        raise SuiteError(
            f"export folder '{target}' cannot be written: {error.strerror or error}; "
            "free some space or name another directory with --export DIR"
        ) from error


def _copy_ir(source: Exportable, folder: Path) -> dict[str, str]:
    """Copy both files of the IR and return their digests.

    Raises:
        SuiteError: a file differs from the gated one.
    """
    digests: dict[str, str] = {}
    for name in IR_FILES:
        path = source.ir.with_suffix(Path(name).suffix)
        digests[name] = _copied(path, folder / name)
        if digests[name] != source.digests.get(path.suffix, digests[name]):
            raise SuiteError(
                f"'{path}' of {source.model} {source.variant} is not the file that was gated; "
                "run again, and do not change the cache during the run"
            )
    return digests


def _copy(source: Exportable, name: str, path: Path, folder: Path) -> str:
    """Copy a file and return its digest; a processor configuration is changed to decode as the gates did."""
    _copied(path, folder / name)
    if name in _PROCESSOR_CONFIGS:
        config = json.loads(path.read_text(encoding="utf-8"))
        language = source.language if name == _TOKENIZER_CONFIG else None
        as_gated = config | _as_gated(config, language) | (_with_mask(config) if source.loading.takes_mask else {})
        if as_gated != config:
            write_part(folder / name, json.dumps(as_gated, indent=2, ensure_ascii=False) + "\n")
    return file_digest(folder / name)


def _as_gated(config: Mapping[str, Any], language: str | None) -> dict[str, str]:
    """Return the changes to a processor configuration: the language, and greedy decoding without a language model."""
    chosen = {"target_lang": language} if language else {}
    greedy = {"processor_class": _GREEDY} if config.get("processor_class") == f"{_GREEDY}WithLM" else {}
    return chosen | greedy


def _with_mask(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a configuration so that its feature extractor returns the mask that the IR needs."""
    mask = {} if "feature_extractor_type" not in config else {"return_attention_mask": True}
    nested = config.get("feature_extractor")
    return mask | ({"feature_extractor": nested | _with_mask(nested)} if isinstance(nested, dict) else {})


def _copied(source: Path, target: Path) -> str:
    shutil.copyfile(source, target)
    return file_digest(target)
