"""Greedy CTC decoding on matrices small enough to read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from transformers import Wav2Vec2CTCTokenizer

from tests.support.tiny import LABELS, save_processor
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import greedy_decode, margins

ALPHABET = Alphabet(LABELS, LABELS.index("<pad>"), "|")


def one_hot(*labels: str) -> np.ndarray:
    """Return logits whose best labels are these."""
    return np.eye(len(LABELS), dtype=np.float32)[[LABELS.index(label) for label in labels]]


@dataclass(frozen=True)
class Case:
    """Best labels of successive frames and the expected transcript."""

    id: str
    frames: tuple[str, ...]
    expected: str


CASES = (
    Case("one label", ("A",), "A"),
    Case("a repeat is one letter", ("A", "A", "A"), "A"),
    Case("a blank between repeats makes two letters", ("A", "<pad>", "A"), "AA"),
    Case("blanks alone give no text", ("<pad>", "<pad>"), ""),
    Case("blanks around a letter are dropped", ("<pad>", "T", "<pad>"), "T"),
    Case("the delimiter is a space", ("N", "O", "|", "O", "N", "E"), "NO ONE"),
    Case("repeated delimiters are one space", ("A", "|", "|", "T"), "A T"),
    Case("delimiters at the ends are dropped", ("|", "A", "|"), "A"),
    Case("a delimiter alone gives no text", ("|",), ""),
    Case("another label ends a repeat", ("A", "T", "A"), "ATA"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_greedy_decode(case: Case) -> None:
    """Repeats collapse, blanks separate and vanish, the delimiter becomes a space."""
    assert case.expected == greedy_decode(one_hot(*case.frames), ALPHABET)


def test_no_frames_give_an_empty_transcript() -> None:
    """Zero frames decode to nothing."""
    assert greedy_decode(np.zeros((0, len(LABELS)), np.float32), ALPHABET) == ""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Wav2Vec2CTCTokenizer:
    """Return transformers' tokenizer for the same alphabet."""
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    save_processor(folder)
    return Wav2Vec2CTCTokenizer.from_pretrained(folder)


TEXTUAL = [number for number, label in enumerate(LABELS) if label not in {"<s>", "</s>", "<unk>"}]


@given(ids=st.lists(st.sampled_from(TEXTUAL), max_size=40))
def test_decoding_equals_transformers(tokenizer: Wav2Vec2CTCTokenizer, ids: list[int]) -> None:
    """Any sequence of letters, blanks and delimiters decodes to the same text as in transformers."""
    logits = np.eye(len(LABELS), dtype=np.float32)[ids] if ids else np.zeros((0, len(LABELS)), np.float32)
    expected = tokenizer.decode(ids)
    assert " ".join(expected.split()) == " ".join(greedy_decode(logits, ALPHABET).split())


@given(ids=st.lists(st.sampled_from(TEXTUAL), min_size=1, max_size=20), repeats=st.integers(1, 4))
def test_repeating_every_frame_changes_nothing(ids: list[int], repeats: int) -> None:
    """A transcript does not depend on how long each label lasts."""
    logits = np.eye(len(LABELS), dtype=np.float32)[ids]
    assert greedy_decode(logits, ALPHABET) == greedy_decode(np.repeat(logits, repeats, axis=0), ALPHABET)


def test_margins_are_the_lead_of_the_best_label() -> None:
    """The margin is the best logit minus the second best, in any order."""
    logits = np.array([[1.0, 4.0, 2.5], [3.0, 3.0, -9.0]], np.float32)
    assert [1.5, 0.0] == margins(logits).tolist()


@given(arrays.arrays(np.float32, (5, 4), elements=st.floats(-8, 8, width=32)))
def test_margins_are_never_negative(logits: np.ndarray) -> None:
    """The second best logit never exceeds the best."""
    assert (margins(logits) >= 0).all()
