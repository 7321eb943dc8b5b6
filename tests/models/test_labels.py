"""Labels beside a model file or given: every form of file, and what the labels turn out to be for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from wergate.errors import SuiteError
from wergate.models.label_files import find_label_files
from wergate.models.labels import LabelOptions, read_alphabet
from wergate.networks.alphabet import Alphabet

LETTERS = ("<blk>", "<space>", "a", "b")


def alphabet(folder: Path, files: Mapping[str, Any], **options: Any) -> Alphabet:
    """Write files beside a model and read its alphabet; what is not text is written as JSON."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    labels = folder / options.pop("labels") if "labels" in options else None
    return read_alphabet(find_label_files(folder / "net.onnx", labels), LabelOptions(labels, **options))


FORMS = {
    "a JSON list": {"labels.json": list(LETTERS)},
    "label to id": {"vocab.json": {"a": 2, "b": 3, "<blk>": 0, "<space>": 1}},
    "id to label": {"labels.json": {"3": "b", "2": "a", "0": "<blk>", "1": "<space>"}},
    "a label a line": {"labels.txt": "<blk>\n<space>\na\nb\n"},
    "a label a line, as Windows writes it": {"labels.txt": "\ufeff<blk>\r\n<space>\r\na\r\nb\r\n"},
    "label and id": {"tokens.txt": "a 2\nb\t3\n<blk> 0\n<space> 1\n"},
    "added tokens": {"vocab.json": {"<blk>": 0, "<space>": 1, "a": 2}, "added_tokens.json": {"b": 3}},
    "added in the configuration": {
        "vocab.json": {"<blk>": 0, "<space>": 1, "a": 2},
        "tokenizer_config.json": {"added_tokens_decoder": {"2": {"content": "a"}, "3": {"content": "b"}}},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_labels(form: str, tmp_path: Path) -> None:
    """In the order of their ids, with blank and word delimiter found."""
    found = alphabet(tmp_path, FORMS[form])
    assert (LETTERS, 0, "<space>", "letters") == (found.labels, found.blank_id, found.word_delimiter, found.units)


@pytest.mark.parametrize("text", ["<blk> 0\n  1\na 2\n", "<blk>\n \na\n"])
def test_the_space_may_be_a_literal_blank(text: str, tmp_path: Path) -> None:
    """As sherpa writes it with an id, and alone on its line."""
    found = alphabet(tmp_path, {"tokens.txt": text})
    assert (("<blk>", " ", "a"), " ") == (found.labels, found.word_delimiter)
    assert "a a" == found.text([2, 1, 2])


def test_given_labels_need_no_known_name(tmp_path: Path) -> None:
    """And stand before those beside the model."""
    assert (
        LETTERS == alphabet(tmp_path, {"mine.txt": "\n".join(LETTERS), "vocab.json": ["x"]}, labels="mine.txt").labels
    )


@dataclass(frozen=True)
class Reading:
    """Labels, what is said of them, and how a sequence of them is read."""

    id: str
    labels: tuple[str, ...]
    said: tuple[str, ...]
    expected: str
    units: str = "letters"
    options: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


READINGS = (
    Reading("a bar", ("<pad>", "|", "a"), ("a", "|", "a", "<pad>"), "a a"),
    Reading("no words", ("<blank>", "你", "好"), ("你", "<blank>", "好"), "你好"),
    Reading("a mark of its own between letters", ("<blk>", "▁", "a"), ("a", "▁", "a"), "a a"),
    Reading(
        "marks at word starts",
        ("<unk>", "▁to", "day", "▁", "s", "<blk>"),
        ("▁to", "day", "▁", "s"),
        "today s",
        "subwords",
    ),
    Reading("a bar beside marks is a label", ("<blk>", "▁a", "|"), ("▁a", "|", "▁a"), "a| a", "subwords"),
    Reading("a given delimiter", ("<pad>", "#", "a"), ("a", "#", "a"), "a a", options={"word_delimiter": "#"}),
    Reading(
        "a delimiter told beside",
        ("<pad>", "#", "a"),
        ("a", "#", "a"),
        "a a",
        beside={"tokenizer_config.json": {"word_delimiter_token": "#"}},
    ),
    Reading(
        "a delimiter told that is no label",
        ("<pad>", "a"),
        ("a",),
        "a",
        beside={"x": {}, "tokenizer_config.json": {"word_delimiter_token": "|"}},
    ),
    Reading("without marks", ("<blk>", "sch", "on"), ("sch", "on"), "schon", "subwords"),
    Reading("phonemes", ("<pad>", "HH", "AH0", "L"), ("HH", "AH0", "L"), "HH AH0 L", "phonemes", {"units": "phonemes"}),
    Reading(
        "phonemes, words not parted",
        ("<pad>", "|", "k", "æ"),
        ("k", "|", "æ"),
        "k æ",
        "phonemes",
        {"units": "phonemes"},
    ),
    Reading(
        "phonemes told beside",
        ("<pad>", "k", "æ"),
        ("k", "æ"),
        "k æ",
        "phonemes",
        beside={"tokenizer_config.json": {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}},
    ),
    Reading("special labels", ("<pad>", "<s>", "[UNK]", "|", "a"), ("<s>", "a", "[UNK]", "a"), "aa"),
    Reading(
        "special labels told beside",
        ("<pad>", "@", "a"),
        ("@", "a"),
        "a",
        beside={"special_tokens_map.json": {"unk_token": {"content": "@"}}},
    ),
    Reading("bytes stand for text", ("<blk>", "<0xE4>", "▁a"), ("▁a", "<0xE4>"), "a<0xE4>", "subwords"),
    Reading("lower case", ("<pad>", "A"), ("A",), "a", beside={"tokenizer_config.json": {"do_lower_case": True}}),
)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.id)
def test_labels_are_read_by_their_own_marks(reading: Reading, tmp_path: Path) -> None:
    """Units, word delimiter and word starts are found, told beside, or given."""
    found = alphabet(tmp_path, {"labels.json": list(reading.labels), **reading.beside}, **reading.options)
    ids = [reading.labels.index(label) for label in reading.said]
    assert (reading.expected, reading.units) == (found.text(ids), found.units)


@dataclass(frozen=True)
class Blank:
    """Labels, what is said of the blank, and where it is."""

    id: str
    labels: tuple[str, ...]
    expected: int
    given: str | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)


BLANKS = (
    *(
        Blank(name, ("a", name, "b"), 1)
        for name in ("<blk>", "<blank>", "<BLANK>", "<ctc_blank>", "[blank]", "<pad>", "[PAD]", "<eps>")
    ),
    Blank("_ first", ("_", "a"), 0),
    Blank("- last", ("a", "-"), 1),
    Blank("<blk> before <pad>", ("<pad>", "a", "<blk>"), 2),
    Blank("as fairseq has it", ("<s>", "<pad>", "</s>", "<unk>", "a"), 0),
    Blank("as transformers has it", ("<pad>", "<s>", "</s>", "<unk>", "a"), 0),
    Blank(
        "told against fairseq's order",
        ("<s>", "<pad>", "</s>", "<unk>", "a"),
        1,
        None,
        {"tokenizer_config.json": {"pad_token": "<pad>"}},
    ),
    Blank("given as a label", ("a", "*", "<pad>"), 1, "*"),
    Blank("given as an id", ("a", "*", "<pad>"), 1, "1"),
    Blank("a digit that is a label", ("a", "b", "1"), 2, "1"),
    Blank("told", ("a", "<blk>", "*"), 2, None, {"tokenizer_config.json": {"pad_token": "*"}}),
    Blank("told with more", ("a", "*"), 1, None, {"special_tokens_map.json": {"pad_token": {"content": "*"}}}),
    Blank("given before told", ("a", "*", "+"), 2, "+", {"tokenizer_config.json": {"pad_token": "*"}}),
)


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: blank.id)
def test_the_blank_is_given_or_told_or_known(blank: Blank, tmp_path: Path) -> None:
    """In this order."""
    files = {"labels.json": list(blank.labels), **blank.beside}
    assert blank.expected == alphabet(tmp_path, files, blank=blank.given).blank_id


@dataclass(frozen=True)
class Wrong:
    """Files and options that cannot be right, and the line that says so."""

    id: str
    files: Mapping[str, Any]
    message: str
    options: Mapping[str, Any] = field(default_factory=dict)


WRONGS = (
    Wrong(
        "no file",
        {},
        r"model 'net.onnx' has no labels: there is no vocab.json nor tokens.txt nor labels.json nor labels.txt in .*"
        "--labels FILE",
    ),
    Wrong(
        "two files", {"vocab.json": {"a": 0}, "tokens.txt": "a"}, "several .* vocab.json and tokens.txt; one is needed"
    ),
    Wrong(
        "a given file that is not there", {}, r"labels '.*mine.txt' do not exist; .*--labels", {"labels": "mine.txt"}
    ),
    Wrong(
        "a given file of nearly that name",
        {"mine2.txt": "a"},
        r"mine.txt' do not exist \(did you mean 'mine2.txt'\?\)",
        {"labels": "mine.txt"},
    ),
    Wrong(
        "a label twice", {"labels.txt": "<blk>\na\nb\na"}, "labels 'labels.txt' have 'a' twice, as 1 and 3; each label"
    ),
    Wrong("a key twice", {"vocab.json": '{"a": 0, "a": 1}'}, "'vocab.json' has 'a' twice"),
    Wrong(
        "an id twice", {"tokens.txt": "<blk> 0\na 1\nb 1"}, "'tokens.txt' give the id 1 to 'a' and 'b'; each id once"
    ),
    Wrong("a hole", {"tokens.txt": "<blk> 0\na 2\n"}, "no label for id 1: 2 labels with ids up to 2; .* without holes"),
    Wrong(
        "a line without id", {"tokens.txt": "<blk> 0\na\n"}, "'tokens.txt' have no id in line 2, 'a', as others have"
    ),
    Wrong("nothing", {"labels.txt": ""}, "labels 'labels.txt' are empty"),
    Wrong("an empty list", {"labels.json": []}, "labels 'labels.json' are empty"),
    Wrong(
        "another form", {"labels.json": {"a": 0, "b": "1"}}, r"in another form; a JSON list of labels, {label: id} or"
    ),
    Wrong("no JSON", {"vocab.json": "{"}, "'vocab.json' is no JSON: "),
    Wrong("no object", {"labels.txt": "a", "tokenizer_config.json": [1]}, "'tokenizer_config.json' is no JSON object"),
    Wrong(
        "languages", {"vocab.json": {"eng": {"a": 0}, "fra": {"b": 0}}}, "are of 2 languages, eng, fra; .*--labels FILE"
    ),
    Wrong(
        "a blank that is no label",
        {"labels.txt": "<blk>\na\nb"},
        r"blank '<blank>' is not in the labels \(did you mean '<blk>'\?\); one of the 3 labels .*; check --blank",
        {"blank": "<blank>"},
    ),
    Wrong("an id beyond the labels", {"labels.txt": "<blk>\na"}, "blank '2' is not in the labels", {"blank": "2"}),
    Wrong(
        "a blank told that is no label",
        {"labels.txt": "<blk>\na", "tokenizer_config.json": {"pad_token": "<pad>"}},
        "blank '<pad>' of the tokenizer files beside is not in the labels",
    ),
    Wrong(
        "no telling the blank",
        {"labels.json": [*"abcdefghij"]},
        "no blank can be told among the 10 labels of 'labels.json', a b c d ... h i j; <blk>, .* name it with --blank",
    ),
    Wrong(
        "a word delimiter that is no label",
        {"labels.txt": "<blk>\n<space>\na"},
        r"word delimiter '<spc>' is not in the labels \(did you mean '<space>'\?\).*--word-delimiter",
        {"word_delimiter": "<spc>"},
    ),
)


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.id)
def test_wrong_labels_are_told(wrong: Wrong, tmp_path: Path) -> None:
    """One line with the file, the value, what is accepted and the option to use."""
    with pytest.raises(SuiteError, match=wrong.message):
        alphabet(tmp_path, wrong.files, **wrong.options)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    """UTF-8 is what is accepted."""
    (tmp_path / "labels.txt").write_bytes("<blk>\nä".encode("latin-1"))
    with pytest.raises(SuiteError, match=r"'labels.txt' cannot be read: .* UTF-8 is accepted"):
        alphabet(tmp_path, {})
