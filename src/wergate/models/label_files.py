"""Files that list a network's labels, and tokenizer files that give the role of a label."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError, did_you_mean_beside

LABEL_FILES = ("vocab.json", "tokens.txt", "labels.json", "labels.txt", "vocab.txt")
_CONFIG_FILE = "tokenizer_config.json"
_ADDED_FILE = "added_tokens.json"
_HINT_FILES = ("special_tokens_map.json", _CONFIG_FILE)  # later files override earlier ones
_SPECIAL_ROLES = ("unk_token", "bos_token", "eos_token", "sep_token", "cls_token", "mask_token")
_SPECIAL_LISTS = ("additional_special_tokens", "extra_special_tokens")  # of transformers 4 and 5
_TOKEN_AND_ID = re.compile(r"(?P<token>.*?)[ \t]+(?P<id>\d+)\s*")


@dataclass(frozen=True)
class LabelFiles:
    """A file of labels, with the tokenizer files in its folder.

    Attributes:
        labels: the file that lists the labels.
        tokenizer_files: files as transformers writes them, by name.
    """

    labels: Path
    tokenizer_files: Mapping[str, Path]

    @property
    def all(self) -> dict[str, Path]:
        """All files that determine the meaning of the labels, by name."""
        return {self.labels.name: self.labels, **self.tokenizer_files}

    def read(self) -> tuple[str, ...]:
        """Return the labels in the order of their ids, including the tokenizer's added tokens.

        Raises:
            SuiteError: a file cannot be read or has an unknown form, a label or an id occurs twice, or the ids have
                gaps.
        """
        pairs = read_label_pairs(self.labels)
        known = {label for label, _ in pairs}
        return _in_order(self.labels, [*pairs, *((label, i) for label, i in self._added() if label not in known)])

    def _added(self) -> list[tuple[str, int]]:
        path = self.tokenizer_files.get(_ADDED_FILE)
        added = _object(path) if path else {}
        for number, entry in self.hints.get("added_tokens_decoder", {}).items():
            added[entry["content"]] = int(number)
        return list(added.items())

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Content of the tokenizer files, by key."""
        contents = [_object(self.tokenizer_files[name]) for name in _HINT_FILES if name in self.tokenizer_files]
        return {key: value for hints in contents for key, value in hints.items()}

    def role(self, key: str) -> str | None:
        """Return the label with a role, such as "pad_token"; None if the tokenizer files name none."""
        value = self.hints.get(key)
        return value["content"] if isinstance(value, dict) else value

    @property
    def special(self) -> set[str]:
        """Labels without text, according to the tokenizer files."""
        roles = {label for role in _SPECIAL_ROLES if (label := self.role(role)) is not None}
        more = [entry for key in _SPECIAL_LISTS for entry in _listed(self.hints.get(key))]
        added = [entry for entry in self.hints.get("added_tokens_decoder", {}).values() if entry.get("special")]
        return roles | {entry["content"] if isinstance(entry, dict) else entry for entry in (*more, *added)}


def _listed(value: Any) -> list[Any]:
    """Return the entries of a list, or the values of an object."""
    return list(value.values()) if isinstance(value, dict) else list(value or ())


def find_label_files(model: Path, given: Path | None = None) -> LabelFiles:
    """Find the label file of a model.

    Args:
        model: the model file.
        given: the label file; by default the one in the model's folder.

    Raises:
        SuiteError: there is no label file, or there are several.
    """
    labels = given or _next_to(model)
    if not labels.is_file():
        hint = did_you_mean_beside(labels)
        raise SuiteError(f"labels '{labels}' do not exist{hint}; a .json or .txt file is accepted; check --labels")
    candidates = {name: labels.parent / name for name in (_ADDED_FILE, *_HINT_FILES)}
    return LabelFiles(labels, {name: path for name, path in candidates.items() if path.is_file()})


def _next_to(model: Path) -> Path:
    files = [path for name in LABEL_FILES if (path := model.parent / name).is_file()]
    if not files:
        raise SuiteError(
            f"model '{model.name}' has no labels: none of {', '.join(LABEL_FILES)} is in '{model.parent}'; one label "
            "per logit is needed; give their file with --labels FILE"
        )
    if len(files) > 1:
        names = " and ".join(path.name for path in files)
        raise SuiteError(
            f"model '{model.name}' has several label files in its folder: {names}; one is needed; choose it with "
            "--labels FILE"
        )
    return files[0]


def read_label_pairs(path: Path) -> list[tuple[str, int]]:
    """Return the labels of a file with their ids.

    A `.json` file holds a list, {label: id} or {id: label}. Any other file has one label per line, alone or followed by
    its id, as sherpa and k2 write them.

    Raises:
        SuiteError: the file cannot be read or has an unknown form.
    """
    pairs = _json_pairs(path) if path.suffix == ".json" else _text_pairs(path)
    if not pairs:
        raise SuiteError(f"labels '{path.name}' are empty; one label per logit is needed; check '{path}'")
    return pairs


def _json_pairs(path: Path) -> list[tuple[str, int]]:
    data = _json(path)
    if isinstance(data, list) and all(isinstance(label, str) for label in data):
        return [(label, number) for number, label in enumerate(data)]
    if isinstance(data, dict) and all(type(number) is int for number in data.values()):
        return list(data.items())
    if isinstance(data, dict) and all(key.isdecimal() and isinstance(label, str) for key, label in data.items()):
        return [(label, int(number)) for number, label in data.items()]
    if isinstance(data, dict) and all(isinstance(labels, dict) for labels in data.values()):
        raise SuiteError(
            f"labels '{path.name}' are for {len(data)} languages ({', '.join(list(data)[:5])}); the labels of one "
            "language are accepted; write them to a separate file and give it with --labels FILE"
        )
    raise SuiteError(
        f"labels '{path.name}' have an unknown form; a JSON list of labels, {{label: id}} or {{id: label}} is "
        f"accepted; correct '{path}'"
    )


def _object(path: Path) -> dict[str, Any]:
    data = _json(path)
    if not isinstance(data, dict):
        raise SuiteError(
            f"'{path.name}' is not a JSON object; a file as transformers writes it is accepted; "
            f"correct or remove '{path}'"
        )
    return data


def _json(path: Path) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = _first_duplicate(key for key, _ in pairs)
        if twice is not None:
            raise SuiteError(f"'{path.name}' has '{twice}' twice; each label must occur once; correct '{path}'")
        return dict(pairs)

    try:
        return json.loads(_text(path), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, and lists nested too deep
        raise SuiteError(f"'{path.name}' is not JSON: {error}; correct '{path}'") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(
            f"'{path.name}' cannot be read: {error}; a text file in UTF-8 is accepted; check it"
        ) from error


def _text_pairs(path: Path) -> list[tuple[str, int]]:
    lines = _text(path).rstrip("\r\n").split("\n")
    lines = [line.removesuffix("\r") for line in lines] if lines != [""] else []
    numbered = [_TOKEN_AND_ID.fullmatch(line) for line in lines]
    if not any(numbered):
        return [(line, number) for number, line in enumerate(lines)]
    for number, (line, match) in enumerate(zip(lines, numbered, strict=True), 1):
        if match is None:
            raise SuiteError(
                f"labels '{path.name}' have no id in line {number}, '{line}', although other lines have one; "
                f"'label id' on every line, or a label alone on every line, is accepted; correct '{path}'"
            )
    # an empty token before the id is the label for a space
    return [(match["token"] or " ", int(match["id"])) for match in numbered if match]


def _in_order(path: Path, pairs: list[tuple[str, int]]) -> tuple[str, ...]:
    _require_each_label_once(path, pairs)
    _require_each_id_once(path, pairs)
    labels = {number: label for label, number in pairs}
    gap = next((place for place, number in enumerate(sorted(labels)) if place != number), None)
    if gap is not None:
        raise SuiteError(
            f"labels '{path.name}' have no label for id {gap}: {len(labels)} labels with ids up to "
            f"{max(labels)}; ids from 0 without gaps are accepted; correct '{path}'"
        )
    return tuple(labels[number] for number in range(len(labels)))


def _require_each_label_once(path: Path, pairs: Sequence[tuple[str, int]]) -> None:
    twice = _first_duplicate(label for label, _ in pairs)
    if twice is not None:
        ids = " and ".join(str(number) for label, number in pairs if label == twice)
        raise SuiteError(
            f"labels '{path.name}' have '{twice}' twice, with ids {ids}; each label must occur once; correct '{path}'"
        )


def _require_each_id_once(path: Path, pairs: Sequence[tuple[str, int]]) -> None:
    twice = _first_duplicate(number for _, number in pairs)
    if twice is not None:
        both = " and ".join(f"'{label}'" for label, number in pairs if number == twice)
        raise SuiteError(f"labels '{path.name}' give id {twice} to {both}; each id must occur once; correct '{path}'")


def _first_duplicate(values: Iterable[Any]) -> Any:
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
