"""Files that list a network's labels, and those beside them that tell what a label is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError, did_you_mean_beside

LABEL_FILES = ("vocab.json", "tokens.txt", "labels.json", "labels.txt")
_CONFIG_FILE = "tokenizer_config.json"
_ADDED_FILE = "added_tokens.json"
_HINT_FILES = ("special_tokens_map.json", _CONFIG_FILE)  # the later ones win
_SPECIAL_ROLES = ("unk_token", "bos_token", "eos_token", "sep_token", "cls_token", "mask_token")
_TOKEN_AND_ID = re.compile(r"(?P<token>.*?)[ \t]+(?P<id>\d+)\s*")


@dataclass(frozen=True)
class LabelFiles:
    """A file of labels, with what stands beside it.

    Attributes:
        labels: the list itself.
        beside: tokenizer files as transformers writes them, by name.
    """

    labels: Path
    beside: Mapping[str, Path]

    @property
    def all(self) -> dict[str, Path]:
        """Every file that decides what the labels mean, by name."""
        return {self.labels.name: self.labels, **self.beside}

    def read(self) -> tuple[str, ...]:
        """Return the labels in the order of their ids, added ones behind.

        Raises:
            SuiteError: a file that cannot be read or is in another form, duplicate labels or ids, or holes in the ids.
        """
        pairs = read_label_pairs(self.labels)
        known = {label for label, _ in pairs}
        return _in_order(self.labels, [*pairs, *((label, i) for label, i in self._added() if label not in known)])

    def _added(self) -> list[tuple[str, int]]:
        path = self.beside.get(_ADDED_FILE)
        added = _object(path) if path else {}
        for number, entry in self.hints.get("added_tokens_decoder", {}).items():
            added[entry["content"]] = int(number)
        return list(added.items())

    @cached_property
    def hints(self) -> dict[str, Any]:
        """What the tokenizer files say, by their own keys."""
        found = [_object(self.beside[name]) for name in _HINT_FILES if name in self.beside]
        return {key: value for hints in found for key, value in hints.items()}

    def role(self, key: str) -> str | None:
        """Return the label that has a role, such as "pad_token", where the tokenizer files name one."""
        value = self.hints.get(key)
        return value["content"] if isinstance(value, dict) else value

    @property
    def special(self) -> set[str]:
        """Labels that the tokenizer files name as standing for no text."""
        return {label for role in _SPECIAL_ROLES if (label := self.role(role)) is not None}


def find_label_files(model: Path, given: Path | None = None) -> LabelFiles:
    """Find the labels of a model file: the given ones, or those beside it.

    Raises:
        SuiteError: no file of labels, or several.
    """
    labels = given or _beside(model)
    if not labels.is_file():
        hint = did_you_mean_beside(labels)
        raise SuiteError(f"labels '{labels}' do not exist{hint}; a .json or .txt file is accepted; check --labels")
    candidates = {name: labels.parent / name for name in (_ADDED_FILE, *_HINT_FILES)}
    return LabelFiles(labels, {name: path for name, path in candidates.items() if path.is_file()})


def _beside(model: Path) -> Path:
    found = [path for name in LABEL_FILES if (path := model.parent / name).is_file()]
    if not found:
        raise SuiteError(
            f"model '{model.name}' has no labels: there is no {' nor '.join(LABEL_FILES)} in '{model.parent}'; a label "
            "for each logit is needed; name their file with --labels FILE"
        )
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise SuiteError(
            f"model '{model.name}' has several files of labels beside it: {names}; one is needed; name it with "
            "--labels FILE"
        )
    return found[0]


def read_label_pairs(path: Path) -> list[tuple[str, int]]:
    """Return the labels of a file with their ids.

    A `.json` file holds a list, {label: id} or {id: label}; any other has a label on each line, alone or with its id
    behind it, as sherpa and k2 write them.

    Raises:
        SuiteError: the file cannot be read or is in another form.
    """
    pairs = _json_pairs(path) if path.suffix == ".json" else _text_pairs(path)
    if not pairs:
        raise SuiteError(f"labels '{path.name}' are empty; a label for each logit is needed; check '{path}'")
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
            f"labels '{path.name}' are of {len(data)} languages, {', '.join(list(data)[:5])}; the labels of one are "
            "accepted; write them to a file of their own and name it with --labels FILE"
        )
    raise SuiteError(
        f"labels '{path.name}' are in another form; a JSON list of labels, {{label: id}} or {{id: label}} is accepted; "
        f"correct '{path}'"
    )


def _object(path: Path) -> dict[str, Any]:
    data = _json(path)
    if not isinstance(data, dict):
        raise SuiteError(f"'{path.name}' is no JSON object, as transformers writes it; correct or remove '{path}'")
    return data


def _json(path: Path) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = _first_duplicate(key for key, _ in pairs)
        if twice is not None:
            raise SuiteError(f"'{path.name}' has '{twice}' twice; each label once is accepted; correct '{path}'")
        return dict(pairs)

    try:
        return json.loads(_text(path), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise SuiteError(f"'{path.name}' is no JSON: {error}; correct '{path}'") from error


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
                f"labels '{path.name}' have no id in line {number}, '{line}', as others have; 'label id' on each line, "
                f"or a label alone on each, is accepted; correct '{path}'"
            )
    # a literal blank before the id is the label of the space
    return [(match["token"] or " ", int(match["id"])) for match in numbered if match]


def _in_order(path: Path, pairs: list[tuple[str, int]]) -> tuple[str, ...]:
    _require_each_label_once(path, pairs)
    _require_each_id_once(path, pairs)
    labels = {number: label for label, number in pairs}
    holes = sorted(set(range(max(labels) + 1)) - set(labels))
    if holes:
        raise SuiteError(
            f"labels '{path.name}' have no label for id {holes[0]}: {len(labels)} labels with ids up to "
            f"{max(labels)}; ids from 0 without holes are accepted; correct '{path}'"
        )
    return tuple(labels[number] for number in range(len(labels)))


def _require_each_label_once(path: Path, pairs: Sequence[tuple[str, int]]) -> None:
    twice = _first_duplicate(label for label, _ in pairs)
    if twice is not None:
        places = " and ".join(str(number) for label, number in pairs if label == twice)
        raise SuiteError(
            f"labels '{path.name}' have '{twice}' twice, as {places}; each label once is accepted; correct '{path}'"
        )


def _require_each_id_once(path: Path, pairs: Sequence[tuple[str, int]]) -> None:
    twice = _first_duplicate(number for _, number in pairs)
    if twice is not None:
        both = " and ".join(f"'{label}'" for label, number in pairs if number == twice)
        raise SuiteError(
            f"labels '{path.name}' give the id {twice} to {both}; each id once is accepted; correct '{path}'"
        )


def _first_duplicate(values: Iterable[Any]) -> Any:
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
