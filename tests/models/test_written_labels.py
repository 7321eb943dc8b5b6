"""Labels read from a model's own files, in every form that the suite accepts, and without its other readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.models.test_labels import FORMS, LETTERS
from wergate.models.written_labels import written_labels


def written(folder: Path, files: dict[str, Any], **options: Any) -> dict[int, str]:
    """Write files to a folder, as text or as JSON, and read the labels of the first one."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    return dict(written_labels(folder / next(iter(files)), **options))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_labels(form: str, tmp_path: Path) -> None:
    """The labels are those that the other reader finds in the same files."""
    assert dict(enumerate(LETTERS)) == written(tmp_path, dict(FORMS[form]))


@pytest.mark.parametrize("text", ["<blk> 0\n  1\na 2\n", "<blk>\n \na\n"])
def test_the_word_delimiter_may_be_a_space(text: str, tmp_path: Path) -> None:
    """A space counts as a label, with an id and alone on its line."""
    assert {0: "<blk>", 1: " ", 2: "a"} == written(tmp_path, {"tokens.txt": text})


def test_a_language_has_its_own_labels(tmp_path: Path) -> None:
    """A file with a vocabulary for each language gives that of the chosen one."""
    files = {"vocab.json": {"eng": {"a": 0, "b": 1}, "deu": {"b": 0, "a": 1}}}
    assert {0: "b", 1: "a"} == written(tmp_path, files, language="deu")


def test_an_added_token_wins(tmp_path: Path) -> None:
    """A tokenizer gives an id its added token, whatever the vocabulary says."""
    added = {"added_tokens_decoder": {"1": {"content": "<pad>"}}}
    assert {0: "a", 1: "<pad>"} == written(
        tmp_path, {"vocab.json": {"a": 0, "[PAD]": 1}, "tokenizer_config.json": added}
    )
