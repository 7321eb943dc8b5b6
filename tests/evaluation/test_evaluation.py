"""Evaluations: token errors, characters that the model cannot write, emptied references, shapes and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import Clock
from tests.support.recorded import FRONTEND, Attempt, Recognizer, corpus_of
from tests.support.tiny import LABELS, RATE
from tests.support.variants import UPPER, make_variant
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, Utterance
from wergate.errors import SuiteError
from wergate.evaluation import evaluate
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome, unknown_characters
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.evaluation.wer import WordErrors
from wergate.gates.accuracy import reference_verdict
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.logits import LogitsDifference
from wergate.progress import silent

LOWER = Alphabet(("<pad>", "|", "'", *"abcdefghijklmnopqrstuvwxyz"), 0, "|")
SUBWORDS = Alphabet(("<pad>", "\u2581", "\u2581the", "\u2581c", "at", "s", "t"), 0, None, "\u2581", units="subwords")
PHONEMES = Alphabet(("<pad>", "tʃ", "t", "ə"), 0, None, units="phonemes", joiner=" ")


def evaluated(pairs: Sequence[tuple[str, str]], normalizer: str = "upper", alphabet: Alphabet = UPPER) -> Evaluation:
    """Return the evaluation of (reference, hypothesis) pairs; the reference model makes no errors."""
    outcomes = [
        UtteranceOutcome(f"u{number}", 1.0, text, text, hypothesis, LogitsDifference())
        for number, (text, hypothesis) in enumerate(pairs)
    ]
    return Evaluation(make_variant(alphabet=alphabet), "corpus", "pytorch", normalizer, tuple(outcomes))


def test_letters_have_no_token_errors() -> None:
    """Token errors are not counted if the tokens are letters."""
    assert evaluated([("A B", "A C")]).candidate.token_total is None


def test_token_errors_next_to_word_errors() -> None:
    """One wrong token makes one token error and one word error; the normalizer folds case for both."""
    evaluation = evaluated([("The cats", "the cat")], "basic", SUBWORDS)
    assert WordErrors(2, substitutions=1) == evaluation.candidate.total
    assert WordErrors(4, deletions=1) == evaluation.candidate.token_total
    assert WordErrors(4) == evaluation.reference.token_total


def test_phonemes_are_counted_as_tokens() -> None:
    """A phoneme of several letters counts as one token."""
    total = evaluated([("tʃ t ə", "tʃ ə ə")], "none", PHONEMES).candidate.token_total
    assert WordErrors(3, substitutions=1) == total


@pytest.mark.parametrize(
    ("text", "normalizer", "alphabet", "unknown"),
    [
        pytest.param("It's, a CAT", "none", UPPER, {"t": 1, "s": 1, ",": 1, "a": 1}, id="no normalization"),
        pytest.param("It's, a CAT", "upper", UPPER, {",": 1}, id="punctuation that stays"),
        pytest.param("It's, a CAT", "upper", LOWER, {",": 1}, id="folded case"),
        pytest.param("It's, a CAT", "basic", UPPER, {}, id="nothing left"),
        pytest.param("Ça va 2 fois", "basic", UPPER, {"ç": 1, "2": 1}, id="letters and digits"),
        pytest.param("We paid twenty dollars, café", "english", UPPER, {}, id="what the normalizer writes itself"),
        pytest.param("Привет", "english", LOWER, Counter("привет"), id="another script"),
        pytest.param("tʃ ʃ", "none", PHONEMES, {"ʃ": 1}, id="phonemes"),
    ],
)
def test_unknown_characters(text: str, normalizer: str, alphabet: Alphabet, unknown: dict[str, int]) -> None:
    """Characters count as unknown if they have no label after normalization, in either case if case is folded."""
    assert unknown == unknown_characters(text, NORMALIZERS[normalizer], alphabet)


def test_unknown_characters_are_counted_and_not_hidden() -> None:
    """Characters and their utterances are counted; the words that contain them still count as errors."""
    evaluation = evaluated([("ONE", "ONE"), ("2 OR 3", "TWO OR THREE"), ("3", "THREE")])
    assert Counter({"3": 2, "2": 1}) == evaluation.unknown_characters
    assert 2 == evaluation.utterances_with_unknown
    assert WordErrors(5, substitutions=3) == evaluation.candidate.total


@given(st.text(alphabet="ABC 'éÉ1"))
def test_what_the_alphabet_can_write_is_never_unknown(text: str) -> None:
    """Only the accented letters and the digit are unknown to the alphabet."""
    assert set("ÉÉ1") >= set(unknown_characters(text, NORMALIZERS["upper"], UPPER))
    assert len([c for c in text if c in "éÉ1"]) == unknown_characters(text, NORMALIZERS["upper"], UPPER).total()


def test_emptied_references_are_counted() -> None:
    """The utterance stays, its hypothesis counts as insertions, and the number of such utterances is reported."""
    evaluation = evaluated([("(MUSIC)", "LA LA"), ("A CAT", "A CAT")], "english")
    assert (1, WordErrors(2, insertions=2)) == (evaluation.emptied_references, evaluation.candidate.total)
    assert 0 == evaluated([("(MUSIC)", "LA LA")], "basic").emptied_references


@dataclass
class Misshapen(Recognizer):
    """A recognizer whose logits lack frames or labels."""

    frames: int | None = None
    labels: int | None = None

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        return [logits[: self.frames, : self.labels] for logits in super().logits_of(utterances)]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Ten utterances."""
    return corpus_of(tmp_path / "corpus.parquet", 10)


def test_a_different_number_of_frames_is_refused(corpus: Corpus) -> None:
    """The message gives both numbers, the utterance, its duration and the next step."""
    message = (
        r"INT8 gives 3 frames for utterance 'u0' \(0.10 s\), but the reference model gives 4; both must give the same "
        "number; compare an IR with the model that it was converted from, and export it without padding"
    )
    with pytest.raises(SuiteError, match=message):
        Attempt(corpus, recognizer=Misshapen(frames=3)).evaluate()


def test_a_different_vocabulary_is_refused(corpus: Corpus) -> None:
    """The message gives both numbers and the next step."""
    message = (
        "INT8 gives 20 logits per frame, but the reference model gives 22; both need the same vocabulary; "
        "compare an IR with the model that it was converted from"
    )
    with pytest.raises(SuiteError, match=message):
        Attempt(corpus, recognizer=Misshapen(labels=20)).evaluate()


A, B, BLANK, BAR = (FRONTEND.alphabet.labels.index(label) for label in ("A", "E", "<pad>", "|"))


@pytest.mark.parametrize(
    ("winners", "expected"),
    [
        pytest.param((A, A, A), "A", id="the same label"),
        pytest.param((BAR, BAR, BAR), "|", id="the word delimiter"),
        pytest.param((A, A, B), None, id="another label in one utterance"),
        pytest.param((A, None, A), None, id="no label in one utterance"),
        pytest.param((BLANK, BLANK, BLANK), None, id="the blank"),
    ],
)
def test_a_label_that_wins_as_a_blank_does_is_named(
    winners: tuple[int | None, ...], expected: str | None, tmp_path: Path
) -> None:
    """A label that wins most frames of every utterance and is not the blank is named in a note and in the remedy."""
    corpus = corpus_of(tmp_path / "corpus.parquet", 3)
    reference = {}
    for utterance, winner in zip(corpus.utterances(RATE), winners, strict=True):
        logits = np.zeros((FRONTEND.frame_count(len(utterance.waveform.samples)), len(LABELS)), np.float32)
        logits[: len(logits) // 2, B] = 1.0
        if winner is not None:
            logits[len(logits) // 2 :, winner] = 1.0
            logits[0, winner] = 2.0
        else:
            logits[len(logits) // 2 :, A] = 1.0
            logits[-1, BAR] = 2.0
        reference[utterance.id] = ReferenceUtterance("A", 0.1, logits)
    candidate = evaluate.Candidate(make_variant(frontend=FRONTEND), Recognizer().compile)
    found = evaluate.evaluate(
        candidate, corpus, lambda: reference, engine="pytorch", normalizer="upper", progress=silent
    )
    assert expected == found.prevalent_label
    note = f"pytorch gives most frames of every utterance the label '{expected}', and the blank is '<pad>': check"
    assert (expected is not None) == (found.blank_note or "").startswith(note)
    assert (expected is not None) == reference_verdict(found, 0.0).remedy.startswith(note)


@pytest.mark.parametrize("normalizer", ["upper", "basic", "none"])
def test_special_labels_are_no_words(normalizer: str, tmp_path: Path) -> None:
    """They count in no rate, whatever the normalizer makes of "s" and "unk"; what transformers prints is noted."""
    alphabet = replace(FRONTEND.alphabet, special=("<s>", "</s>", "<unk>"))
    frontend = replace(FRONTEND, alphabet=alphabet)
    corpus = corpus_of(tmp_path / "corpus.parquet", 2)
    words = ("A", "|", "<unk>", "|", "E"), ("A", "|", "E")
    reference = {}
    for utterance, labels in zip(corpus.utterances(RATE), words, strict=True):
        ids = [alphabet.labels.index(label) for label in labels]
        frames = FRONTEND.frame_count(len(utterance.waveform.samples))
        best = (ids + [0] * frames)[: max(frames, len(ids))]
        logits = np.eye(len(LABELS), dtype=np.float32)[best][:frames]
        reference[utterance.id] = ReferenceUtterance(greedy_decode(logits, alphabet), 0.1, logits)
    candidate = evaluate.Candidate(make_variant(frontend=frontend), Recognizer(frontend=frontend).compile)
    found = evaluate.evaluate(
        candidate, corpus, lambda: reference, engine="pytorch", normalizer=normalizer, progress=silent
    )
    assert not any("unk" in outcome.reference_hypothesis for outcome in found.outcomes)
    assert ["u0"] == list(found.with_special)
    assert found.special_note == (
        "1 transcripts of pytorch have labels without text, such as <unk>, which are left out; "
        f"transformers prints '{found.with_special['u0']}' for 'u0'"
    )
    assert "<unk>" in found.with_special["u0"]


@dataclass(frozen=True)
class Slow(Corpus):
    """A corpus whose audio takes 0.02 s an utterance, by a simulated clock."""

    clock: Clock = field(kw_only=True)

    def utterances(self, sampling_rate: int, only: object = None) -> Iterator[Utterance]:
        for utterance in super().utterances(sampling_rate, only):  # type: ignore[arg-type]
            if only is not None:  # the reference run reads ahead of nobody
                self.clock.pass_while_waited_for(0.02)
            yield utterance


@dataclass
class Timed(Recognizer):
    """Takes 0.01 s for each call."""

    clock: Clock = field(kw_only=True)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        self.clock.now_s += 0.01
        return super().logits_of(utterances)


def test_waiting_for_audio_is_measured(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluation waits for slow audio in addition to inference, and does not wait for quick audio."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(evaluate, "time", SimpleNamespace(perf_counter=lambda: clock.now_s))
    fields = (corpus.spec, corpus.source, corpus.columns, corpus.entries, corpus.whole)
    slow = Attempt(Slow(*fields, clock=clock), recognizer=Timed(clock=clock)).evaluate()
    assert (0.2, 0.22) == pytest.approx((slow.audio_wait_s, slow.elapsed_s))
    quick = Attempt(corpus, recognizer=Timed(clock=clock)).evaluate()
    assert (0.0, 0.02) == pytest.approx((quick.audio_wait_s, quick.elapsed_s))


def test_inference_time_is_shared_by_duration(corpus: Corpus) -> None:
    """Concurrent utterances share the measured time in proportion to their durations."""
    evaluation = Attempt(corpus).evaluate()
    first, second = evaluation.outcomes[:2]
    assert first.seconds / second.seconds == pytest.approx(first.duration_s / second.duration_s)
    assert 0 < evaluation.seconds == pytest.approx(sum(outcome.seconds for outcome in evaluation.outcomes))


def test_outcomes_are_in_corpus_order(corpus: Corpus) -> None:
    """Outcomes keep the order of the corpus if some of them come from an earlier run."""
    part = replace(corpus, entries=corpus.entries[3:5])
    path = corpus.spec.path
    assert path is not None
    file = path.with_name("transcripts.jsonl")
    Attempt(part, file).evaluate()
    evaluation = Attempt(corpus, file).evaluate()
    assert (2, list(corpus.ids)) == (evaluation.resumed, [outcome.id for outcome in evaluation.outcomes])
    assert np.isfinite(evaluation.logits.mean_abs)


def test_unseen_characters_and_scripts_without_spaces_are_noted() -> None:
    """The notes count utterances; nothing is noted where nothing is dropped or joined."""
    pairs = [("co\u00adop", "A"), ("plain", "A"), ("\u4f60\u597d\u4e16\u754c", "A"), ("한국어 문장", "A")]
    spaces = "are written without spaces between words; count characters with --normalizer characters"
    unseen = "have unseen characters, which the normalizer {} drops"
    assert {spaces: 1} == dict(evaluated(pairs).notes)
    assert {spaces: 1, unseen.format("basic"): 1} == dict(evaluated(pairs, "basic").notes)
    assert {unseen.format("characters"): 1} == dict(evaluated(pairs, "characters").notes)
    assert {} == dict(evaluated(pairs[1:2], "basic").notes)


def test_characters_are_counted_for_a_script_without_spaces() -> None:
    """One wrong character of four is a quarter, where a wrong sentence would be all of it."""
    pairs = [("你好世界", "你好视界")]
    assert (1.0, 0.25) == tuple(evaluated(pairs, name).candidate.total.wer for name in ("upper", "characters"))


def test_the_refusal_names_a_script_without_spaces() -> None:
    """A good model seems to fail where each sentence is one word."""
    chinese, english = (reference_verdict(evaluated([(text, text)]), 0.3) for text in ("你好世界", "hello"))
    assert "references have no spaces between words" in chinese.remedy
    assert "--normalizer characters" in chinese.remedy
    assert "spaces" not in english.remedy
