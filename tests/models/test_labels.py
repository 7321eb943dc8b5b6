"""Label files, given or in the model's folder: all their forms, and the detection of blank, delimiter and units."""

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
    """Write files to a model's folder, as text or as JSON, and read its alphabet."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    labels = folder / options.pop("labels") if "labels" in options else None
    outputs = options.pop("outputs", None)
    return read_alphabet(
        find_label_files(folder / "net.onnx", labels), LabelOptions(labels, **options), outputs=outputs
    )


FORMS = {
    "a JSON list": {"labels.json": list(LETTERS)},
    "label to id": {"vocab.json": {"a": 2, "b": 3, "<blk>": 0, "<space>": 1}},
    "id to label": {"labels.json": {"3": "b", "2": "a", "0": "<blk>", "1": "<space>"}},
    "one label per line": {"labels.txt": "<blk>\n<space>\na\nb\n"},
    "one label per line, from Windows": {"labels.txt": "\ufeff<blk>\r\n<space>\r\na\r\nb\r\n"},
    "label and id": {"tokens.txt": "a 2\nb\t3\n<blk> 0\n<space> 1\n"},
    "added tokens": {"vocab.json": {"<blk>": 0, "<space>": 1, "a": 2}, "added_tokens.json": {"b": 3}},
    "added in the configuration": {
        "vocab.json": {"<blk>": 0, "<space>": 1, "a": 2},
        "tokenizer_config.json": {"added_tokens_decoder": {"2": {"content": "a"}, "3": {"content": "b"}}},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_labels(form: str, tmp_path: Path) -> None:
    """Labels are in the order of their ids, and blank and word delimiter are detected."""
    found = alphabet(tmp_path, FORMS[form])
    assert (LETTERS, 0, "<space>", "letters") == (found.labels, found.blank_id, found.word_delimiter, found.units)


@pytest.mark.parametrize("text", ["<blk> 0\n  1\na 2\n", "<blk>\n \na\n"])
def test_the_word_delimiter_may_be_a_space(text: str, tmp_path: Path) -> None:
    """A space is accepted with an id, as sherpa writes it, and alone on its line."""
    found = alphabet(tmp_path, {"tokens.txt": text})
    assert (("<blk>", " ", "a"), " ") == (found.labels, found.word_delimiter)
    assert "a a" == found.text([2, 1, 2])


def test_a_given_label_file_may_have_any_name(tmp_path: Path) -> None:
    """A given file also overrides the one in the model's folder."""
    assert (
        LETTERS == alphabet(tmp_path, {"mine.txt": "\n".join(LETTERS), "vocab.json": ["x"]}, labels="mine.txt").labels
    )


@dataclass(frozen=True)
class Reading:
    """Labels, options and tokenizer files, and the expected text of a sequence of labels."""

    id: str
    labels: tuple[str, ...]
    sequence: tuple[str, ...]
    expected: str
    units: str = "letters"
    options: Mapping[str, Any] = field(default_factory=dict)
    tokenizer_files: Mapping[str, Any] = field(default_factory=dict)


READINGS = (
    Reading("a bar", ("<pad>", "|", "a"), ("a", "|", "a", "<pad>"), "a a"),
    Reading("no words", ("<blank>", "你", "好"), ("你", "<blank>", "好"), "你好"),
    Reading("a separate mark between letters", ("<blk>", "▁", "a"), ("a", "▁", "a"), "a a"),
    Reading(
        "marks at word starts",
        ("<unk>", "▁to", "day", "▁", "s", "<blk>"),
        ("▁to", "day", "▁", "s"),
        "today s",
        "subwords",
    ),
    Reading("with word marks a bar is a label", ("<blk>", "▁a", "|"), ("▁a", "|", "▁a"), "a| a", "subwords"),
    Reading("a given delimiter", ("<pad>", "#", "a"), ("a", "#", "a"), "a a", options={"word_delimiter": "#"}),
    Reading(
        "a delimiter in a tokenizer file",
        ("<pad>", "#", "a"),
        ("a", "#", "a"),
        "a a",
        tokenizer_files={"tokenizer_config.json": {"word_delimiter_token": "#"}},
    ),
    Reading(
        "a delimiter in a tokenizer file that is not a label",
        ("<pad>", "a"),
        ("a",),
        "a",
        tokenizer_files={"x": {}, "tokenizer_config.json": {"word_delimiter_token": "|"}},
    ),
    Reading("without marks", ("<blk>", "sch", "on"), ("sch", "on"), "schon", "subwords"),
    Reading("phonemes", ("<pad>", "HH", "AH0", "L"), ("HH", "AH0", "L"), "HH AH0 L", "phonemes", {"units": "phonemes"}),
    Reading(
        "phonemes, words not separated",
        ("<pad>", "|", "k", "æ"),
        ("k", "|", "æ"),
        "k æ",
        "phonemes",
        {"units": "phonemes"},
    ),
    Reading(
        "phonemes by a tokenizer file",
        ("<pad>", "k", "æ"),
        ("k", "æ"),
        "k æ",
        "phonemes",
        tokenizer_files={"tokenizer_config.json": {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}},
    ),
    Reading("special labels", ("<pad>", "<s>", "[UNK]", "|", "a"), ("<s>", "a", "[UNK]", "a"), "aa"),
    Reading(
        "special labels in a tokenizer file",
        ("<pad>", "@", "a"),
        ("@", "a"),
        "a",
        tokenizer_files={"special_tokens_map.json": {"unk_token": {"content": "@"}}},
    ),
    *(
        Reading(
            f"special labels in {key}",
            ("<pad>", "@", "a"),
            ("@", "a"),
            "a",
            tokenizer_files={"tokenizer_config.json": {key: value}},
        )
        for key, value in {
            "additional_special_tokens": ["@"],
            "extra_special_tokens": {"noise_token": "@"},
            "added_tokens_decoder": {"1": {"content": "@", "special": True}},
        }.items()
    ),
    Reading(
        "an added label that is not special",
        ("<pad>", "@", "a"),
        ("@", "a"),
        "@a",
        tokenizer_files={"tokenizer_config.json": {"added_tokens_decoder": {"1": {"content": "@", "special": False}}}},
    ),
    Reading(
        "another text for the delimiter",
        ("<pad>", "|", "a"),
        ("a", "|", "a"),
        "a_a",
        tokenizer_files={"tokenizer_config.json": {"replace_word_delimiter_char": "_"}},
    ),
    Reading("bytes are text", ("<blk>", "<0xE4>", "▁a"), ("▁a", "<0xE4>"), "a<0xE4>", "subwords"),
    Reading(
        "lower case", ("<pad>", "A"), ("A",), "a", tokenizer_files={"tokenizer_config.json": {"do_lower_case": True}}
    ),
)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.id)
def test_labels_become_text(reading: Reading, tmp_path: Path) -> None:
    """Units, word delimiter and word starts come from options, from tokenizer files or from the labels."""
    found = alphabet(tmp_path, {"labels.json": list(reading.labels), **reading.tokenizer_files}, **reading.options)
    ids = [reading.labels.index(label) for label in reading.sequence]
    assert (reading.expected, reading.units) == (found.text(ids), found.units)


@dataclass(frozen=True)
class Blank:
    """Labels, option and tokenizer files, and the expected index of the blank."""

    id: str
    labels: tuple[str, ...]
    expected: int
    given: str | None = None
    tokenizer_files: Mapping[str, Any] = field(default_factory=dict)


BLANKS = (
    *(
        Blank(name, ("a", name, "b"), 1)
        for name in ("<blk>", "<blank>", "<BLANK>", "<ctc_blank>", "[blank]", "<pad>", "[PAD]", "<eps>")
    ),
    Blank("_ first", ("_", "a"), 0),
    Blank("- last", ("a", "-"), 1),
    Blank("<blk> before <pad>", ("<pad>", "a", "<blk>"), 2),
    Blank("order of fairseq", ("<s>", "<pad>", "</s>", "<unk>", "a"), 0),
    Blank("order of transformers", ("<pad>", "<s>", "</s>", "<unk>", "a"), 0),
    Blank(
        "tokenizer file overrides fairseq's order",
        ("<s>", "<pad>", "</s>", "<unk>", "a"),
        1,
        None,
        {"tokenizer_config.json": {"pad_token": "<pad>"}},
    ),
    Blank("given as a label", ("a", "*", "<pad>"), 1, "*"),
    Blank("given as an id", ("a", "*", "<pad>"), 1, "1"),
    Blank("a digit that is a label", ("a", "b", "1"), 2, "1"),
    Blank("in a tokenizer file", ("a", "<blk>", "*"), 2, None, {"tokenizer_config.json": {"pad_token": "*"}}),
    Blank("as an object", ("a", "*"), 1, None, {"special_tokens_map.json": {"pad_token": {"content": "*"}}}),
    Blank("given overrides tokenizer file", ("a", "*", "+"), 2, "+", {"tokenizer_config.json": {"pad_token": "*"}}),
)


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: blank.id)
def test_the_blank_is_given_or_in_a_file_or_detected(blank: Blank, tmp_path: Path) -> None:
    """The option comes first, then tokenizer files, then known labels."""
    files = {"labels.json": list(blank.labels), **blank.tokenizer_files}
    assert blank.expected == alphabet(tmp_path, files, blank=blank.given).blank_id


NEMO = (" ", *"abcdefghijklmnopqrstuvwxyz", "'")


@pytest.mark.parametrize(
    ("labels", "given", "files", "name"),
    [
        pytest.param(NEMO, None, {}, "<blk>", id="letters of NeMo"),
        pytest.param(NEMO, "28", {}, "<blk>", id="given as the id after the labels"),
        pytest.param(NEMO, "<b>", {}, "<b>", id="given as a name"),
        pytest.param(NEMO, None, {"tokenizer_config.json": {"pad_token": "<pad>"}}, "<pad>", id="named by a file"),
        pytest.param(("<pad>", "a", "b"), "3", {}, "<blk>", id="given, although a label has a blank's name"),
    ],
)
def test_one_logit_more_than_labels_is_the_blanks(
    labels: tuple[str, ...], given: str | None, files: dict[str, Any], name: str, tmp_path: Path
) -> None:
    """As in NeMo, whose label files do not list the blank; it comes last."""
    found = alphabet(tmp_path, {"labels.json": list(labels), **files}, blank=given, outputs=len(labels) + 1)
    assert ((*labels, name), len(labels)) == (found.labels, found.blank_id)


def test_a_listed_blank_is_the_blank(tmp_path: Path) -> None:
    """If one of the labels is a blank, a logit more is not explained."""
    found = alphabet(tmp_path, {"labels.json": ["<blk>", "a"]}, outputs=3)
    assert (("<blk>", "a"), 0) == (found.labels, found.blank_id)


def test_a_vocab_txt_is_looked_for(tmp_path: Path) -> None:
    """onnx-asr writes it, with ids and marks of word starts."""
    found = alphabet(tmp_path, {"vocab.txt": "<unk> 0\n▁the 1\n▁ 2\nink 3\n<blk> 4\n"})
    assert (4, "the ink") == (found.blank_id, found.text([1, 4, 2, 3, 4]))


@dataclass(frozen=True)
class Wrong:
    """Wrong files and options, and the expected message."""

    id: str
    files: Mapping[str, Any]
    message: str
    options: Mapping[str, Any] = field(default_factory=dict)


WRONGS = (
    Wrong(
        "no file",
        {},
        r"model 'net.onnx' has no labels: none of vocab.json, tokens.txt, labels.json, labels.txt, vocab.txt is in .*"
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
        "a label twice", {"labels.txt": "<blk>\na\nb\na"}, "labels 'labels.txt' have 'a' twice, with ids 1 and 3; each"
    ),
    Wrong("a key twice", {"vocab.json": '{"a": 0, "a": 1}'}, "'vocab.json' has 'a' twice"),
    Wrong("an id twice", {"tokens.txt": "<blk> 0\na 1\nb 1"}, "'tokens.txt' give id 1 to 'a' and 'b'; each id must"),
    Wrong("a gap", {"tokens.txt": "<blk> 0\na 2\n"}, "no label for id 1: 2 labels with ids up to 2; .* without gaps"),
    Wrong(
        "a line without id", {"tokens.txt": "<blk> 0\na\n"}, "'tokens.txt' have no id in line 2, 'a', although other"
    ),
    Wrong("nothing", {"labels.txt": ""}, "labels 'labels.txt' are empty"),
    Wrong("an empty list", {"labels.json": []}, "labels 'labels.json' are empty"),
    Wrong(
        "unknown form", {"labels.json": {"a": 0, "b": "1"}}, r"an unknown form; a JSON list of labels, {label: id} or"
    ),
    Wrong("no JSON", {"vocab.json": "{"}, "'vocab.json' is not JSON: "),
    Wrong(
        "no object", {"labels.txt": "a", "tokenizer_config.json": [1]}, "'tokenizer_config.json' is not a JSON object"
    ),
    Wrong(
        "languages",
        {"vocab.json": {"eng": {"a": 0}, "fra": {"b": 0}}},
        r"are for 2 languages \(eng, fra\); .*--labels FILE",
    ),
    Wrong(
        "a blank that is not a label",
        {"labels.txt": "<blk>\na\nb"},
        r"blank '<blank>' is not in the labels \(did you mean '<blk>'\?\); one of the 3 labels .*; check --blank",
        {"blank": "<blank>"},
    ),
    Wrong(
        "an id beyond the blank that is not listed",
        {"labels.txt": " \na\nb"},
        "blank '4' is not in the labels",
        {"blank": "4", "outputs": 4},
    ),
    Wrong("an id beyond the labels", {"labels.txt": "<blk>\na"}, "blank '2' is not in the labels", {"blank": "2"}),
    Wrong(
        "a blank in a tokenizer file that is not a label",
        {"labels.txt": "<blk>\na", "tokenizer_config.json": {"pad_token": "<pad>"}},
        "blank '<pad>' of the tokenizer files is not in the labels",
    ),
    Wrong(
        "no known blank",
        {"labels.json": [*"abcdefghij"]},
        r"no CTC blank found among the 10 labels of 'labels.json' \(a b c d ... h i j\); known blanks .* with --blank",
    ),
    Wrong(
        "a word delimiter that is not a label",
        {"labels.txt": "<blk>\n<space>\na"},
        r"word delimiter '<spc>' is not in the labels \(did you mean '<space>'\?\).*--word-delimiter",
        {"word_delimiter": "<spc>"},
    ),
)


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.id)
def test_wrong_labels_are_rejected(wrong: Wrong, tmp_path: Path) -> None:
    """The message is one line with the file, the value, what is accepted and the option to use."""
    with pytest.raises(SuiteError, match=wrong.message):
        alphabet(tmp_path, wrong.files, **wrong.options)


def test_a_file_in_another_encoding_is_rejected(tmp_path: Path) -> None:
    """Only UTF-8 is accepted."""
    (tmp_path / "labels.txt").write_bytes("<blk>\nä".encode("latin-1"))
    with pytest.raises(SuiteError, match=r"'labels.txt' cannot be read: .* UTF-8 is accepted"):
        alphabet(tmp_path, {})
