"""Alphabets of transformers' tokenizers give the same text as those tokenizers, for all settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, Wav2Vec2CTCTokenizer, Wav2Vec2PhonemeCTCTokenizer

from tests.support.tiny import LABELS
from wergate.models.checkpoint import Checkpoint
from wergate.models.processor import alphabet_of
from wergate.networks.alphabet import Alphabet

HERE = Checkpoint("mine", Path(), "")
LETTERS = tuple(label for label in LABELS if label != "|")
CYRILLIC = ("[PAD]", "[UNK]", "|", *"абвгдежзийклмнопрстуфхцчшщъыьэюяё")
HAN = ("[UNK]", *"你好世界天气我们", "[PAD]")
PUNCTUATED = ("<pad>", "<s>", "</s>", "<unk>", "|", *"nveamtsr'.,?!")
PHONES = ("<pad>", "<s>", "</s>", "<unk>", "ð", "ə", "k", "æ", "t", "tʃ", "oʊ", "ɹ", "iə", "|")
NESTED = {"eng": {"<pad>": 0, "|": 1, "A": 2, "B": 3}, "fra": {"<pad>": 0, "|": 1, "É": 2, "B": 3, "Ç": 4, "<unk>": 5}}
BRACKETS = {"pad_token": "[PAD]", "unk_token": "[UNK]"}


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer: its vocabulary, its settings and the model's number of logits (None: as many as labels)."""

    id: str
    vocabulary: tuple[str, ...] | Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    outputs: int | None = None
    phonemes: bool = False

    def __hash__(self) -> int:
        return hash(self.id)


TOKENIZERS = (
    Tokenizer("default", LABELS),
    Tokenizer("lower case", LABELS, {"do_lower_case": True}),
    Tokenizer(
        "a space as delimiter",
        (*LETTERS, " "),
        {"word_delimiter_token": " "},
    ),
    Tokenizer(
        "an underscore as delimiter",
        (*LETTERS, "_"),
        {"word_delimiter_token": "_"},
    ),
    Tokenizer("a delimiter that is not a label", HAN, BRACKETS),
    Tokenizer("no delimiter", HAN, BRACKETS | {"word_delimiter_token": None}),
    Tokenizer("another text for the delimiter", LABELS, {"replace_word_delimiter_char": "-"}),
    Tokenizer("Cyrillic, other special tokens", CYRILLIC, BRACKETS | {"bos_token": None, "eos_token": None}),
    Tokenizer("blank after the letters", HAN, BRACKETS | {"bos_token": "<s>", "eos_token": "</s>"}),
    Tokenizer("added tokens", LABELS, added=("<noise>", "CH"), outputs=len(LABELS) + 2),
    Tokenizer("more labels than logits", CYRILLIC, BRACKETS, outputs=len(CYRILLIC)),
    Tokenizer("spaces cleaned up", PUNCTUATED, {"clean_up_tokenization_spaces": True}),
    Tokenizer("gaps in the vocabulary", {"<pad>": 0, "<unk>": 1, "|": 2, "A": 4, "B": 6}, outputs=7),
    Tokenizer("several languages, one chosen", NESTED, {"target_lang": "fra"}, outputs=6),
    Tokenizer("phonemes", PHONES, {"do_phonemize": False}, phonemes=True),
    Tokenizer("phonemes with a phonemizer", PHONES, phonemes=True),
    Tokenizer("phonemes with a delimiter", PHONES, {"word_delimiter_token": "|"}, phonemes=True),
    Tokenizer("subwords", ("<pad>", "<unk>", "|", "the", "ing", "er", "s", "tion")),
)


@cache
def loaded(case: Tokenizer) -> tuple[Any, Alphabet]:
    """Save the tokenizer, load it like that of a checkpoint, and return it with its alphabet."""
    with TemporaryDirectory() as folder:
        vocabulary, kind = case.vocabulary, Wav2Vec2PhonemeCTCTokenizer if case.phonemes else Wav2Vec2CTCTokenizer
        numbered = vocabulary if isinstance(vocabulary, Mapping) else {token: n for n, token in enumerate(vocabulary)}
        path = Path(folder) / "vocab.json"
        path.write_text(json.dumps(numbered))
        made = kind(str(path), **case.settings)
        made.add_tokens(list(case.added))
        made.save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert type(tokenizer) is kind
    return tokenizer, alphabet_of(HERE, tokenizer, case.outputs or len(numbered))


@pytest.mark.parametrize("case", TOKENIZERS, ids=lambda case: case.id)
@settings(max_examples=150)
@given(data=st.data())
def test_decoding_equals_transformers(case: Tokenizer, data: st.DataObject) -> None:
    """Any sequence of labels gives the text of `tokenizer.decode`, where special labels are written out as it does."""
    tokenizer, judged = loaded(case)
    alphabet = replace(judged, keep_special=True)
    label_ids = st.integers(0, len(alphabet.labels) - 1)
    few = st.sampled_from([alphabet.blank_id, data.draw(label_ids), data.draw(label_ids)])
    ids = data.draw(st.lists(st.one_of(few, label_ids), min_size=1, max_size=30))
    repeated = [label_id for label_id in ids for _ in range(data.draw(st.integers(1, 3)))]
    assert tokenizer.decode(repeated) == alphabet.text(repeated)
    assert tokenizer.batch_decode([ids]) == [alphabet.text(ids)]


@pytest.mark.parametrize("case", TOKENIZERS, ids=lambda case: case.id)
def test_special_labels_have_no_text(case: Tokenizer) -> None:
    """They separate repeats and are left out, whatever the tokenizer prints."""
    tokenizer, alphabet = loaded(case)
    named = set(tokenizer.all_special_tokens) - {alphabet.blank, alphabet.word_delimiter}
    assert named & set(alphabet.labels) <= set(alphabet.special)
    numbers = [alphabet.labels.index(label) for label in alphabet.special]
    assert "" == alphabet.text(numbers)
    silent = {*alphabet.special, alphabet.blank, alphabet.word_delimiter}
    letter = next(number for number, label in enumerate(alphabet.labels) if label not in silent)
    for number in numbers:
        twice = alphabet.text([letter, alphabet.blank_id, letter])
        assert twice == alphabet.text([letter, number, letter])


@pytest.mark.parametrize("case", TOKENIZERS, ids=lambda case: case.id)
def test_the_blank_is_the_padding_token(case: Tokenizer) -> None:
    """The blank is the tokenizer's padding token, and it gives no text."""
    tokenizer, alphabet = loaded(case)
    assert (tokenizer.pad_token, "") == (alphabet.blank, alphabet.text([alphabet.blank_id]))


def test_units_follow_the_majority_of_labels() -> None:
    """Units are letters, subwords or phonemes."""
    units = {case.id: loaded(case)[1].units for case in TOKENIZERS}
    assert ("letters", "letters", "phonemes", "subwords") == tuple(
        units[name] for name in ("default", "added tokens", "phonemes", "subwords")
    )
