"""Model specs and checkpoints: which weights, under which digest, loaded by transformers when they are needed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wergate.alphabet import Alphabet
from wergate.errors import SuiteError, did_you_mean
from wergate.frontend import Frontend
from wergate.hub import snapshot
from wergate.store import content_key, file_digest
from wergate.toolchain import versions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_RANDOM_SEED = 20240229
_RANDOM_SPECS = ("random:data2vec-audio-base",)
_HUB_SPEC = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
_FILES = ("*.safetensors", "*.json", "*.txt")


@dataclass(frozen=True)
class Checkpoint:
    """A model that can be loaded, known by the digest of all it consists of.

    Attributes:
        name: as tables and test ids show it.
        folder: `save_pretrained` form; for a random model the folder that lends its processor.
        digest: SHA-256 over weights, configuration and processor files.
        random: full-size architecture with seeded random weights.
        bytes: size of the weights in the file; 0 where there is no file.
    """

    name: str
    folder: Path
    digest: str
    random: bool = False
    weight_bytes: int = 0


def resolve_checkpoint(spec: str, embedded: Path) -> Checkpoint:
    """Find the checkpoint that a spec names, without loading it.

    Args:
        spec: `embedded`, `random:data2vec-audio-base`, a local folder, or `ORG/NAME[@REVISION]` of the hub.
        embedded: the folder of the embedded checkpoint and corpus.

    Raises:
        SuiteError: unknown spec, missing or pickled weights, no CTC head, a hub that cannot be reached.
    """
    if spec == "embedded":
        return _folder_checkpoint(spec, embedded / "checkpoint")
    if spec in _RANDOM_SPECS:
        return _random_checkpoint(spec, embedded / "checkpoint")
    if Path(spec).is_dir():
        return _folder_checkpoint(Path(spec).resolve().name, Path(spec))
    match = _HUB_SPEC.fullmatch(spec)
    if match and not spec.startswith((".", "/")):
        return _folder_checkpoint(spec, snapshot(match["id"], match["revision"]).folder)
    hint = did_you_mean(spec, ["embedded", *_RANDOM_SPECS])
    raise SuiteError(
        f"model '{spec}' is neither a folder nor a known spec{hint}; accepted: embedded, {', '.join(_RANDOM_SPECS)}, "
        "ORG/NAME[@REVISION] or a local folder that exists; check --model"
    )


def _folder_checkpoint(name: str, folder: Path) -> Checkpoint:
    _require_ctc(name, folder)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise SuiteError(
            f"model '{name}' has no *.safetensors in '{folder}'; pickled weights are refused; "
            "save the model with save_pretrained(safe_serialization=True)"
        )
    return Checkpoint(name, folder, _digest(folder), weight_bytes=sum(path.stat().st_size for path in weights))


def _digest(folder: Path) -> str:
    files = sorted({path for pattern in _FILES for path in folder.glob(pattern)})
    return content_key({path.name: file_digest(path) for path in files})


def _random_checkpoint(name: str, processor: Path) -> Checkpoint:
    made_of = {"name": name, "seed": _RANDOM_SEED, "versions": versions(("torch", "transformers"))}
    lent = {path.name: file_digest(path) for path in sorted(processor.glob("*.json"))}
    return Checkpoint(name, processor, content_key(made_of | {"processor": lent}), random=True)


def _require_ctc(name: str, folder: Path) -> None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(
            f"model '{name}' has no readable config.json in '{folder}' ({error}); "
            "a folder as save_pretrained writes it is accepted; check --model"
        ) from error
    architectures = config.get("architectures") or []
    if not any(architecture.endswith("ForCTC") for architecture in architectures):
        raise SuiteError(
            f"model '{name}' has no CTC head: its architecture is {', '.join(architectures) or 'not named'}; "
            "a ...ForCTC checkpoint is accepted; fine-tune or choose another"
        )


def load_model(checkpoint: Checkpoint) -> PreTrainedModel:
    """Load the PyTorch model in evaluation mode, in float32.

    Raises:
        SuiteError: the weights do not fit the architecture or cannot be read.
    """
    if checkpoint.random:
        return _random_model()
    from transformers import AutoModelForCTC

    try:
        model, report = AutoModelForCTC.from_pretrained(
            checkpoint.folder,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype="float32",
            output_loading_info=True,
        )
    except Exception as error:  # safetensors and transformers raise whatever they find; none of it is ours to mend
        raise SuiteError(f"model '{checkpoint.name}' cannot be loaded: {error}; check its files") from error
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise SuiteError(
            f"model '{checkpoint.name}' lacks {len(missing)} weights, first '{missing[0]}'; "
            "a complete CTC checkpoint is accepted; save it again after fine-tuning"
        )
    if _digest(checkpoint.folder) != checkpoint.digest:
        raise SuiteError(f"model '{checkpoint.name}' changed on disk while it was being read; run again")
    return _evaluation(model)


def _random_model() -> PreTrainedModel:
    import torch
    from transformers import Data2VecAudioConfig, Data2VecAudioForCTC

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_RANDOM_SEED)
        return _evaluation(Data2VecAudioForCTC(Data2VecAudioConfig()))


def _evaluation(model: Any) -> PreTrainedModel:
    evaluated: PreTrainedModel = model.eval()
    return evaluated


def load_frontend(checkpoint: Checkpoint, model: PreTrainedModel) -> Frontend:
    """Read features, frame geometry and alphabet from the checkpoint's processor and configuration.

    Raises:
        SuiteError: the processor is incomplete, or has fewer labels than the model has logits.
    """
    processor, config = _load_processor(checkpoint), model.config
    tokenizer, extractor = processor.tokenizer, processor.feature_extractor
    if len(tokenizer) < config.vocab_size:
        raise SuiteError(
            f"model '{checkpoint.name}' has {config.vocab_size} logits a frame, but its tokenizer {len(tokenizer)} "
            "labels; a label for each logit is needed; save model and processor of the same fine-tuning"
        )
    labels = tokenizer.convert_ids_to_tokens(range(config.vocab_size))
    alphabet = Alphabet(tuple(labels), tokenizer.pad_token_id, tokenizer.word_delimiter_token)
    receptive_field, hop = _frame_geometry(config)
    return Frontend(
        sampling_rate=extractor.sampling_rate,
        normalize=extractor.do_normalize,
        receptive_field=receptive_field,
        hop=hop,
        alphabet=alphabet,
        local=getattr(config, "feat_extract_norm", "layer") == "layer",
    )


def _frame_geometry(config: Any) -> tuple[int, int]:
    """Return the receptive field of the convolutional feature encoder and its hop, in samples."""
    receptive_field, hop = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        receptive_field += (kernel - 1) * hop
        hop *= stride
    return receptive_field, hop


def _load_processor(checkpoint: Checkpoint) -> Any:
    from transformers import AutoProcessor

    auto: Any = AutoProcessor
    try:
        processor = auto.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises whatever it finds; none of it is ours to mend
        reason = str(error) or type(error).__name__
        raise SuiteError(
            f"model '{checkpoint.name}' has no processor that can be loaded: {reason}; a feature extractor and a CTC "
            "tokenizer are needed beside the weights; save them with processor.save_pretrained"
        ) from error
    if not (hasattr(processor, "tokenizer") and hasattr(processor, "feature_extractor")):
        raise SuiteError(
            f"model '{checkpoint.name}' has a {type(processor).__name__} for a processor; one with a feature extractor "
            "and a CTC tokenizer is accepted; save both with processor.save_pretrained"
        )
    return processor
