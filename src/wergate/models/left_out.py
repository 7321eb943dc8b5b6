"""Tensors that loading a checkpoint would silently leave out, such as those of an adapter that is not merged."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError

_ADAPTER_FILES = ("adapter_config.json", "adapter_model*.safetensors", "adapter_model*.bin")  # names of PEFT
_ADAPTER_KEY = re.compile(
    r"(^|\.)(lora_|hada_|lokr_|oft_|boft_|vera_|ia3_|hra_|vblora_|randlora_|base_layer\.|base_model\.model\.|"
    r"modules_to_save\.|prompt_encoder\.|loras\.)"
)
_HARMLESS = ("masked_spec_embed", "position_ids", "num_batches_tracked", "inv_freq")  # used in training, or recomputed
_SHOWN = 2
_MERGE = (
    "merge it and save the result: PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(folder)"
)


def require_no_adapter_files(name: str, folder: Path) -> None:
    """Check that a folder has no adapter in files of its own, which loading the model ignores.

    Raises:
        SuiteError: there is one.
    """
    found = sorted({path.name for pattern in _ADAPTER_FILES for path in folder.glob(pattern)})
    if found:
        raise SuiteError(
            f"model '{name}' has an adapter that is not merged: {', '.join(found)} in '{folder}'; "
            f"the model without it would be judged; {_MERGE}, or remove these files to judge the base model"
        )


def require_all_used(name: str, model: Any, *, unexpected: Collection[str], missing: Collection[str]) -> None:
    """Check that loading left out no tensor that belongs to the network.

    A tensor belongs to it if its name is that of an adapter's, or if it lies inside a module that the network has.
    Heads that only training uses, such as the quantizer of wav2vec 2.0, lie outside.

    Args:
        name: name of the model in messages.
        model: the loaded model.
        unexpected: names of the checkpoint's tensors that the model has no place for.
        missing: names of the model's tensors that the checkpoint lacks.

    Raises:
        SuiteError: it left out such a tensor.
    """
    adapters = sorted(key for key in unexpected if _ADAPTER_KEY.search(key))
    if adapters:
        raise SuiteError(
            f"model '{name}' has {len(adapters)} tensors of an adapter that is not merged ({_some(adapters)}); "
            f"loading leaves them out, so another model would be judged; {_MERGE}"
        )
    if missing:
        return  # the model is refused for what it lacks
    modules = {module for module, _ in model.named_modules() if module}
    inside = sorted(key for key in unexpected if not key.endswith(_HARMLESS) and _is_inside(key, modules))
    if inside:
        raise SuiteError(
            f"model '{name}' has {len(inside)} tensors that {type(model).__name__} has no place for "
            f"({_some(inside)}); without them another model would be judged; correct config.json or save the model "
            "again with save_pretrained"
        )


def _is_inside(key: str, modules: Collection[str]) -> bool:
    return key.partition(".")[0] in modules


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
