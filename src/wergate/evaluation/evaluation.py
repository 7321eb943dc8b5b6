"""What came out of a corpus: a variant's outcomes compared with the reference model's, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from wergate.evaluation.normalize import NORMALIZERS, Normalizer
from wergate.evaluation.significance import MatchedPairs, WerDrop, matched_pairs, paired_bootstrap, segment_rises
from wergate.evaluation.wer import WordErrors, count_token_errors, count_word_errors, headline_wer, place_errors
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.networks.logits import LogitsDifference, total


@dataclass(frozen=True)
class Transcripts:
    """One recognizer's transcripts of a corpus, with their errors.

    Attributes:
        headline: torchmetrics' WER.
        errors: by utterance, in words.
        token_errors: by utterance, in units of the alphabet; empty where these are letters.
    """

    headline: float
    errors: tuple[WordErrors, ...]
    token_errors: tuple[WordErrors, ...] = ()

    @property
    def total(self) -> WordErrors:
        """Counts over the corpus."""
        return sum(self.errors, WordErrors())

    @property
    def token_total(self) -> WordErrors | None:
        """Counts over the corpus in tokens, where they are told."""
        return sum(self.token_errors, WordErrors()) if self.token_errors else None


@dataclass(frozen=True)
class Evaluation:
    """A variant on a corpus.

    Attributes:
        variant: what was transcribed with.
        engine: what runs the reference model, "pytorch" or "onnxruntime".
        normalizer: its name; it was applied to both sides before errors were counted.
        outcomes: in corpus order.
        speakers: that the corpus names; 0 where it does not name all.
        elapsed_s: time from the first utterance to the last one, decoding, inference and comparison.
        audio_wait_s: how much of it was spent waiting for audio.
        resumed: utterances that were taken from the transcripts of an earlier run, without inference.
        ignored_lines: lines of these transcripts that other weights, versions or audio had made.
    """

    variant: Variant
    corpus: str
    engine: str
    normalizer: str
    outcomes: tuple[UtteranceOutcome, ...]
    speakers: int = 0
    elapsed_s: float = 0.0
    audio_wait_s: float = 0.0
    resumed: int = 0
    ignored_lines: int = 0

    @cached_property
    def reference(self) -> Transcripts:
        """The reference model's errors."""
        return self._transcripts([outcome.reference_hypothesis for outcome in self.outcomes])

    @cached_property
    def candidate(self) -> Transcripts:
        """The candidate's errors."""
        return self._transcripts([outcome.hypothesis for outcome in self.outcomes])

    @cached_property
    def wer_drop(self) -> WerDrop:
        """How much the candidate loses, with its interval."""
        return paired_bootstrap(
            words=[errors.words for errors in self.reference.errors],
            reference=[errors.errors for errors in self.reference.errors],
            candidate=[errors.errors for errors in self.candidate.errors],
        )

    @cached_property
    def matched_pairs(self) -> MatchedPairs:
        """Whether the two recognizers differ at all; no segment reaches from one utterance into the next."""
        normalizer = NORMALIZERS[self.normalizer]
        texts = [outcome.text for outcome in self.outcomes]
        sides = (
            [outcome.reference_hypothesis for outcome in self.outcomes],
            [outcome.hypothesis for outcome in self.outcomes],
        )
        places = (place_errors(references=texts, hypotheses=side, normalizer=normalizer) for side in sides)
        return matched_pairs([rise for pair in zip(*places, strict=True) for rise in segment_rises(*pair)])

    @cached_property
    def logits(self) -> LogitsDifference:
        """The logits' difference over all frames."""
        return total(outcome.logits for outcome in self.outcomes)

    @cached_property
    def notes(self) -> Mapping[str, int]:
        """What had to be done to the audio, with the number of utterances."""
        return Counter(note for outcome in self.outcomes for note in outcome.notes)

    @property
    def seconds(self) -> float:
        """Time spent in the candidate's inference alone, whenever that was."""
        return sum(outcome.seconds for outcome in self.outcomes)

    @cached_property
    def unknown_characters(self) -> Counter[str]:
        """Characters of the normalized transcripts that the model cannot write, with their number."""
        return sum(self._unknown, Counter[str]())

    @property
    def utterances_with_unknown(self) -> int:
        """Utterances whose normalized transcript holds such a character."""
        return sum(bool(unknown) for unknown in self._unknown)

    @cached_property
    def _unknown(self) -> list[Counter[str]]:
        normalizer = NORMALIZERS[self.normalizer]
        return [
            unknown_characters(outcome.text, normalizer, self.variant.frontend.alphabet) for outcome in self.outcomes
        ]

    @cached_property
    def emptied_references(self) -> int:
        """Utterances whose transcript has no word left after the normalizer; what was heard there are insertions."""
        normalizer = NORMALIZERS[self.normalizer]
        return sum(not normalizer(outcome.text) for outcome in self.outcomes)

    @property
    def resume_note(self) -> str | None:
        """What an earlier run's transcripts gave, for people; None where there was nothing."""
        if not (self.resumed or self.ignored_lines):
            return None
        note = f"resumed {self.resumed} of {len(self.outcomes)} utterances from the transcripts"
        ignored = f"; {self.ignored_lines} lines of other weights, versions or audio ignored"
        return note + (ignored if self.ignored_lines else "")

    @property
    def mismatches(self) -> tuple[UtteranceOutcome, ...]:
        """Utterances that the candidate transcribes differently from the reference model."""
        return tuple(outcome for outcome in self.outcomes if not outcome.matches)

    @property
    def audio_s(self) -> float:
        """Seconds of audio."""
        return sum(outcome.duration_s for outcome in self.outcomes)

    @property
    def scope(self) -> str:
        """Model, corpus and amount of evidence, for messages."""
        words = self.reference.total.words
        return f"{self.variant.model}, {self.corpus}, {len(self.outcomes)} utterances, {words} words"

    def _transcripts(self, hypotheses: list[str]) -> Transcripts:
        references = [outcome.text for outcome in self.outcomes]
        normalizer = NORMALIZERS[self.normalizer]
        errors = count_word_errors(references=references, hypotheses=hypotheses, normalizer=normalizer)
        headline = headline_wer(references=references, hypotheses=hypotheses, normalizer=normalizer)
        if self.variant.frontend.alphabet.units == "letters":
            return Transcripts(headline, errors)
        tokens = count_token_errors(
            references=references,
            hypotheses=hypotheses,
            tokens=lambda text: self.variant.frontend.alphabet.tokens(normalizer(text)),
        )
        return Transcripts(headline, errors, tokens)


def unknown_characters(text: str, normalizer: Normalizer, alphabet: Alphabet) -> Counter[str]:
    """Count the characters of a normalized transcript that the model cannot write.

    Where the normalizer folds case, a character of either case will do; those that it writes itself for words, such
    as digits, do not count.
    """
    unknown = alphabet.unknown_characters(normalizer(text))
    return Counter(
        {
            character: count
            for character, count in unknown.items()
            if not (normalizer.folds_case and _known_in_some_case(character, alphabet))
            and not set(character) <= normalizer.writes
        }
    )


def _known_in_some_case(character: str, alphabet: Alphabet) -> bool:
    return any(not alphabet.unknown_characters(form) for form in (character.lower(), character.upper()))


@dataclass(frozen=True)
class UtteranceOutcome:
    """One utterance: what was said, what the reference model heard, what the candidate heard.

    Attributes:
        reference_seconds, seconds: of inference, whenever that was; utterances that ran side by side share their time
            by their durations.
        notes: what had to be done to the audio.
    """

    id: str
    duration_s: float
    text: str
    reference_hypothesis: str
    hypothesis: str
    logits: LogitsDifference
    reference_seconds: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the candidate's transcript is the reference model's, character by character."""
        return self.hypothesis == self.reference_hypothesis
