"""Multilingual checkpoints: one vocabulary per language in one file, and separate adapter weights per language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError, did_you_mean

ADAPTERS = "adapter.*.safetensors"
_SHOWN = 8


def adapter_file(language: str) -> str:
    """Return the name of a language's adapter weights."""
    return f"adapter.{language}.safetensors"


def has_adapters(folder: Path) -> bool:
    """Return whether a checkpoint's attention layers have adapters, one set per language."""
    return _read(folder / "config.json").get("adapter_attn_dim") is not None


def languages(folder: Path, chosen: str | None) -> tuple[str | None, list[str]]:
    """Return the language that is used, the chosen one or else the tokenizer's, and all that have a vocabulary."""
    known = [key for key, value in _read(folder / "vocab.json").items() if isinstance(value, dict)]
    return chosen or _read(folder / "tokenizer_config.json").get("target_lang"), known


def require_language(name: str, folder: Path, language: str | None) -> None:
    """Check that a checkpoint has the chosen language.

    Args:
        name: name of the model in messages.
        folder: folder of the checkpoint.
        language: the language; None for the checkpoint's only one, or the one that its tokenizer names.

    Raises:
        SuiteError: the checkpoint has no vocabulary or no adapter for the language, or it has several languages and
            none is chosen.
    """
    chosen, known = languages(folder, language)
    if language is None:
        if known and not chosen:
            raise SuiteError(
                f"model '{name}' has vocabularies of {len(known)} languages ({some(known)}), and none is chosen; "
                "choose one with the model's option language"
            )
        return
    if language not in known:
        has = f"vocabularies of {some(known)}" if known else "a single vocabulary without a language name"
        raise SuiteError(
            f"model '{name}' has no vocabulary for language '{language}'{did_you_mean(language, known)}: it has {has}; "
            "correct or remove the model's option language"
        )
    if has_adapters(folder) and not (folder / adapter_file(language)).exists():
        adapters = sorted(path.name.split(".")[1] for path in folder.glob(ADAPTERS))
        raise SuiteError(
            f"model '{name}' has no adapter weights for language '{language}'{did_you_mean(language, adapters)}: "
            f"'{adapter_file(language)}' is missing in '{folder}'; choose a language with an adapter"
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(f"'{path}' cannot be read: {error}; JSON is accepted; download or save it again") from error
    return content if isinstance(content, dict) else {}


def some(names: list[str]) -> str:
    """Return the first names of a list, for a message."""
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
