"""Labels as a model's own files list them, read apart from the code that makes the frontend.

A mistake in that code moves both sides of every comparison in the same way, so that only another reading can see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NUMBERED = re.compile(r"(.*?)[ \t]+([0-9]+)")


def written_labels(path: Path, *, language: str | None = None) -> Mapping[int, str]:
    """Return the label of each logit that a label file and the tokenizer files in its folder list.

    Args:
        path: the label file, which is known to be readable.
        language: language of the vocabulary, in a file with several.
    """
    text = path.read_text(encoding="utf-8-sig")
    listed = _of_json(json.loads(text), language) if path.suffix == ".json" else _of_lines(text)
    # A tokenizer's added tokens win over its vocabulary.
    return listed | _added(path.parent)


def _of_json(content: Any, language: str | None) -> dict[int, str]:
    if isinstance(content, list):
        return dict(enumerate(content))
    if language is not None and isinstance(content.get(language), dict):
        content = content[language]
    if all(isinstance(value, str) for value in content.values()):
        return {int(key): value for key, value in content.items()}
    return {value: key for key, value in content.items()}


def _of_lines(text: str) -> dict[int, str]:
    lines = re.sub(r"[\r\n]+\Z", "", text).replace("\r\n", "\n").split("\n")
    numbered = [_NUMBERED.fullmatch(line.rstrip()) for line in lines]
    if any(numbered):  # a token of spaces alone stands for the space
        return {int(match[2]): match[1] or " " for match in numbered if match}
    return dict(enumerate(lines))


def _added(folder: Path) -> dict[int, str]:
    decoder = _content(folder / "tokenizer_config.json").get("added_tokens_decoder") or {}
    found = {int(number): str(entry["content"]) for number, entry in decoder.items()}
    return {number: label for label, number in _content(folder / "added_tokens.json").items()} | found


def _content(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}
