"""Checkpoints: resolving a model spec to files with a digest, and loading the files with transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wergate.environment.extras import installation, is_installed
from wergate.environment.machine import cpu, versions
from wergate.errors import SuiteError, did_you_mean, did_you_mean_beside
from wergate.hub import folder_name, snapshot
from wergate.models.languages import ADAPTERS, adapter_file, has_adapters, languages, require_language, some
from wergate.models.left_out import require_all_used, require_no_adapter_files
from wergate.models.quantized import require_unquantized_configuration
from wergate.models.weight_size import FULL, safetensors_widening
from wergate.steps import lacks_memory
from wergate.store import content_key, file_digest

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_RANDOM_SEED = 20240229
_RANDOM_SPECS = ("random:data2vec-audio-base",)
_HUB_SPEC = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
_WEIGHTS = "*.safetensors"
_PICKLES = "pytorch_model*.bin"
_FILES = (_WEIGHTS, "*.json", "*.txt", "*.model")
_CONFIGS = ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json")
_EXTRACTOR_FILES = ("preprocessor_config.json", "processor_config.json")
_VOCABULARY = "vocab.json"
_OTHER_VOCABULARIES = ("vocab.txt", "tokenizer.json", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model")
_TRAINING_ONLY = ("masked_spec_embed",)  # many published checkpoints lack it, and only training uses it


@dataclass(frozen=True)
class Checkpoint:
    """A model that can be loaded, identified by the digest of its files.

    Attributes:
        name: name in tables and test ids.
        folder: folder as `save_pretrained` writes it; for a random model, the folder with the processor that it uses.
        digest: SHA-256 of weights, configuration and processor files.
        random: whether the model is a full-size architecture with seeded random weights.
        weight_bytes: size of the weight files in bytes; 0 if there is no file.
        revision: commit of the hub's repository; None for a model from another source.
        language: language of the vocabulary and adapter, if the checkpoint has several.
        pickled: whether the weights are in a pickle; the user has to allow this.
    """

    name: str
    folder: Path
    digest: str
    random: bool = False
    weight_bytes: int = 0
    revision: str | None = None
    language: str | None = None
    pickled: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the language that is used, where there are several to choose from."""
        chosen, known = languages(self.folder, self.language)
        return (f"language {chosen}, one of {len(known)} ({some(known)})",) if chosen and len(known) > 1 else ()


def resolve_checkpoint(
    spec: str,
    embedded: Path,
    *,
    language: str | None = None,
    allow_pickle: bool = False,
    names: Collection[str] = (),
) -> Checkpoint:
    """Find the checkpoint that a spec names, without loading it.

    Args:
        spec: `embedded`, `random:data2vec-audio-base`, a local folder, or `ORG/NAME[@REVISION]` of the hub.
        embedded: the folder of the embedded checkpoint and corpus.
        language: language of the vocabulary and adapter, for a checkpoint with several.
        allow_pickle: use pickled weights if there are no others; code in them is never run.
        names: names of models in the suite file, to suggest one for a misspelled spec.

    Raises:
        SuiteError: the spec or the language is unknown, weights are missing or pickled, the checkpoint has no CTC head
            or needs custom code, or the hub cannot be reached.
    """
    if spec == "embedded":
        return _folder_checkpoint(spec, embedded / "checkpoint")
    if spec in _RANDOM_SPECS:
        return _random_checkpoint(spec, embedded / "checkpoint")
    if Path(spec).is_dir():
        return _folder_checkpoint(folder_name(Path(spec)), Path(spec), language=language, allow_pickle=allow_pickle)
    match = _on_the_hub(spec)
    if match is None:
        raise _unknown(spec, names)
    found = snapshot(match["id"], match["revision"], allow_pickle=allow_pickle, language=language)
    checkpoint = _folder_checkpoint(spec, found.folder, language=language, allow_pickle=allow_pickle)
    return replace(checkpoint, revision=found.commit)


def require_spec(
    spec: str, *, language: str | None = None, allow_pickle: bool = False, names: Collection[str] = ()
) -> None:
    """Check a spec as far as that takes neither the hub nor a digest of the weights.

    Args:
        spec: as in `resolve_checkpoint`, as are the others.
        language: language of the vocabulary and adapter.
        allow_pickle: use pickled weights if there are no others.
        names: names of models in the suite file.

    Raises:
        SuiteError: the spec is unknown, or its folder is not a checkpoint that can be used.
    """
    if spec == "embedded" or spec in _RANDOM_SPECS:
        return
    if Path(spec).is_dir():
        _require_usable(folder_name(Path(spec)), Path(spec), language=language, allow_pickle=allow_pickle)
    elif _on_the_hub(spec) is None:
        raise _unknown(spec, names)


def _on_the_hub(spec: str) -> re.Match[str] | None:
    """Return the parts of an id of the hub; None for a local path, such as that of an audio file."""
    return None if spec.startswith((".", "/")) or Path(spec).is_file() else _HUB_SPEC.fullmatch(spec)


def _unknown(spec: str, names: Collection[str]) -> SuiteError:
    hint = did_you_mean(spec, ["embedded", *_RANDOM_SPECS, *names]) or did_you_mean_beside(Path(spec))
    problem = (
        "is a file, but not an .onnx file" if Path(spec).is_file() else f"is neither a folder nor a known spec{hint}"
    )
    return SuiteError(
        f"model '{spec}' {problem}; accepted: embedded, {', '.join(_RANDOM_SPECS)}, "
        "ORG/NAME[@REVISION], FILE.onnx, a local folder that exists or a [model.NAME] of the suite file; check --model"
    )


def _folder_checkpoint(
    name: str, folder: Path, *, language: str | None = None, allow_pickle: bool = False
) -> Checkpoint:
    pickled = _require_usable(name, folder, language=language, allow_pickle=allow_pickle)
    found = Checkpoint(name, folder, "", language=language, pickled=pickled)
    weight_bytes = sum(path.stat().st_size for path in _weight_files(found))
    return replace(found, digest=_digest(found), weight_bytes=weight_bytes)


def _require_usable(name: str, folder: Path, *, language: str | None, allow_pickle: bool) -> bool:
    """Check that a folder is a checkpoint that can be used, and return whether its weights are pickled."""
    require_no_adapter_files(name, folder)
    _require_ctc(name, folder)
    _require_no_code(name, folder)
    _require_processor(name, folder)
    require_language(name, folder, language)
    pickled = not any(folder.glob(_WEIGHTS))
    if pickled and not (allow_pickle and any(folder.glob(_PICKLES))):
        raise SuiteError(
            f"model '{name}' has no {_WEIGHTS} in '{folder}'; pickled weights are refused, because a pickle can "
            "contain any code; save the model with save_pretrained(safe_serialization=True), or trust its "
            "pytorch_model.bin with --allow-pickle"
        )
    return pickled


def _weight_files(checkpoint: Checkpoint) -> list[Path]:
    pattern = _PICKLES if checkpoint.pickled else _WEIGHTS
    return [path for path in _files(checkpoint) if path.match(pattern)]


def _pickle_widening(paths: Iterable[Path]) -> int:
    """Return the bytes that pickled state dictionaries would grow by; their weights are not read."""
    import torch

    tensors = (
        tensor
        for path in paths
        for tensor in torch.load(path, map_location="meta", weights_only=True).values()
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
    )
    return sum((FULL - tensor.element_size()) * tensor.numel() for tensor in tensors)


def float32_bytes(checkpoint: Checkpoint) -> int:
    """Return the size of the weight files in bytes if each parameter took four; 0 if there is no file."""
    if checkpoint.random:
        return 0
    widening = _pickle_widening if checkpoint.pickled else safetensors_widening
    return checkpoint.weight_bytes + widening(_weight_files(checkpoint))


def _files(checkpoint: Checkpoint) -> list[Path]:
    """Return the files of a checkpoint, without the adapters of other languages."""
    patterns = (*_FILES, _PICKLES) if checkpoint.pickled else _FILES
    folder, language = checkpoint.folder, checkpoint.language
    others = set(folder.glob(ADAPTERS)) - {folder / adapter_file(language or "")}
    return sorted({path for pattern in patterns for path in folder.glob(pattern)} - others)


def _digest(checkpoint: Checkpoint) -> str:
    files = {path.name: file_digest(path) for path in _files(checkpoint)}
    return content_key(files | ({"language": checkpoint.language} if checkpoint.language else {}))


def _random_checkpoint(name: str, processor: Path) -> Checkpoint:
    weights = {"name": name, "seed": _RANDOM_SEED, "versions": versions(("torch", "transformers"))}
    processor_files = {path.name: file_digest(path) for path in sorted(processor.glob("*.json"))}
    return Checkpoint(name, processor, content_key(weights | {"processor": processor_files}), random=True)


def _require_ctc(name: str, folder: Path) -> None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SuiteError(
            f"model '{name}' has no readable config.json in '{folder}' ({error}); "
            "a folder as save_pretrained writes it is accepted; check --model"
        ) from error
    require_unquantized_configuration(name, config)
    architectures = config.get("architectures") or []
    if not any(architecture.endswith("ForCTC") for architecture in architectures):
        raise SuiteError(
            f"model '{name}' has no CTC head: its architecture is {', '.join(architectures) or 'not named'}; "
            "a ...ForCTC checkpoint is accepted; fine-tune the model for CTC or choose another"
        )


def _require_no_code(name: str, folder: Path) -> None:
    """Check that a checkpoint needs no custom code, which is never run.

    Raises:
        SuiteError: a configuration file refers to code.
    """
    for path in (folder / config for config in _CONFIGS):
        if path.exists() and _names_code(path):
            raise SuiteError(
                f"model '{name}' needs custom code (auto_map in {path.name}), which is never run; an architecture that "
                "is part of transformers is accepted; choose another model"
            )


def _names_code(path: Path) -> bool:
    """Return whether a configuration names code at any depth, however JSON spells the key."""
    named: list[bool] = []
    text = path.read_text(encoding="utf-8", errors="replace")
    with suppress(ValueError, RecursionError):  # the reader of the file names such a mistake
        json.loads(text, object_pairs_hook=lambda pairs: named.append("auto_map" in dict(pairs)))
    return any(named) or '"auto_map"' in text


def _require_processor(name: str, folder: Path) -> None:
    """Check that the files of a feature extractor and a tokenizer are there, before the weights are read.

    Raises:
        SuiteError: one is missing.
    """
    missing = []
    if not any((folder / file).exists() for file in _EXTRACTOR_FILES):
        missing.append(" or ".join(_EXTRACTOR_FILES))
    if not any((folder / file).exists() for file in _vocabulary_files(folder)):
        missing.append(_VOCABULARY)
    if missing:
        raise SuiteError(
            f"model '{name}' has no processor that can be loaded: {' and '.join(missing)} missing in '{folder}'; a "
            "feature extractor and a CTC tokenizer are needed in the folder of the weights; copy the file there, or "
            "save them with processor.save_pretrained"
        )


def _vocabulary_files(folder: Path) -> tuple[str, ...]:
    """Return the files that the tokenizer's labels may be in; those of other tokenizers are refused later."""
    try:
        kind = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("tokenizer_class") or ""
    except (OSError, ValueError, AttributeError):  # missing or damaged: transformers has a message for it
        kind = ""
    return (_VOCABULARY,) if kind.startswith("Wav2Vec2") else (_VOCABULARY, *_OTHER_VOCABULARIES)


def load_model(checkpoint: Checkpoint) -> PreTrainedModel:
    """Load the PyTorch model in evaluation mode, in float32.

    Raises:
        SuiteError: the weights do not fit the architecture or cannot be read, or PyTorch is not installed.
    """
    _require_pytorch(checkpoint.name)
    _keep_within_quota()
    if checkpoint.random:
        return _random_model()
    from transformers import AutoModelForCTC

    try:
        model, report = AutoModelForCTC.from_pretrained(
            checkpoint.folder,
            use_safetensors=not checkpoint.pickled,
            weights_only=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype="float32",
            output_loading_info=True,
        )
    except Exception as error:  # safetensors and transformers raise many types of exception
        if lacks_memory(error):
            raise
        raise SuiteError(f"model '{checkpoint.name}' cannot be loaded: {error}; check its files") from error
    missing = sorted(key for key in report["missing_keys"] if not key.endswith(_TRAINING_ONLY))
    require_all_used(checkpoint.name, model, unexpected=report["unexpected_keys"], missing=missing)
    if missing:
        raise SuiteError(
            f"model '{checkpoint.name}' lacks {len(missing)} weights, the first is '{missing[0]}'; "
            "a complete CTC checkpoint is accepted; save it again after fine-tuning"
        )
    if checkpoint.language and has_adapters(checkpoint.folder):
        _load_adapter(model, checkpoint)
    if _digest(checkpoint) != checkpoint.digest:
        raise SuiteError(f"model '{checkpoint.name}' changed on disk while it was being read; run again")
    return _evaluation(model)


def _require_pytorch(name: str) -> None:
    if not all(is_installed(package) for package in ("torch", "transformers")):
        raise SuiteError(
            f"model '{name}' is a checkpoint, and PyTorch, which runs it, is not installed; an ONNX file and its "
            f"candidates need no PyTorch; run {installation('torch')}, or name an ONNX file with --model FILE.onnx"
        )


def _keep_within_quota() -> None:
    """Limit PyTorch's threads to a CPU quota, of which it knows nothing."""
    import torch

    if cpu().quota is not None:
        torch.set_num_threads(min(cpu().cores, torch.get_num_threads()))


def _load_adapter(model: Any, checkpoint: Checkpoint) -> None:
    try:
        model.load_adapter(checkpoint.language, use_safetensors=True, local_files_only=True)
    except Exception as error:  # safetensors and transformers raise many types of exception
        raise SuiteError(
            f"model '{checkpoint.name}': the adapter for language '{checkpoint.language}' cannot be loaded: {error}; "
            "check its files"
        ) from error


def _random_model() -> PreTrainedModel:
    import torch
    from transformers import Data2VecAudioConfig, Data2VecAudioForCTC

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_RANDOM_SEED)
        return _evaluation(Data2VecAudioForCTC(Data2VecAudioConfig()))


def _evaluation(model: Any) -> PreTrainedModel:
    evaluated: PreTrainedModel = model.eval()
    return evaluated
