"""Outcomes of a variant on a corpus, compared with those of the reference model, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wergate.evaluation.normalize import COUNT_CHARACTERS, NORMALIZERS, Normalizer, is_without_spaces, unseen
from wergate.evaluation.significance.drop import WerDrop, wer_drop
from wergate.evaluation.significance.matched_pairs import MatchedPairs, matched_pairs, segment_rises
from wergate.evaluation.wer import WordErrors, count_token_errors, count_word_errors, headline_wer, place_errors
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.networks.logits import LogitsDifference, total

_SHOWN = 60  # characters of a transcript in a note


@dataclass(frozen=True)
class Transcripts:
    """Errors in one recognizer's transcripts of a corpus.

    Attributes:
        headline: corpus WER by torchmetrics, a fraction; None without torchmetrics.
        errors: word errors of each utterance.
        token_errors: errors of each utterance in tokens of the alphabet; empty if the tokens are letters.
    """

    headline: float | None
    errors: tuple[WordErrors, ...]
    token_errors: tuple[WordErrors, ...] = ()

    @property
    def total(self) -> WordErrors:
        """Word errors of the whole corpus."""
        return sum(self.errors, WordErrors())

    @property
    def token_total(self) -> WordErrors | None:
        """Token errors of the whole corpus; None if the tokens are letters."""
        return sum(self.token_errors, WordErrors()) if self.token_errors else None


@dataclass(frozen=True)
class Evaluation:
    """Outcomes of one variant on one corpus.

    Attributes:
        variant: the variant that transcribed the corpus.
        engine: engine of the reference model, "pytorch" or "onnxruntime".
        normalizer: name of the normalizer that references and hypotheses pass before errors are counted.
        outcomes: one per utterance, in corpus order.
        speaker_of: speaker of each utterance by its id; empty unless the corpus names all of them.
        limited: whether a limit left out utterances of the corpus.
        elapsed_s: seconds from the first utterance to the last: audio decoding, inference and comparison.
        audio_wait_s: part of `elapsed_s` that was spent waiting for audio.
        resumed: number of utterances read from the transcripts of an earlier run, without inference.
        ignored_lines: number of lines in these transcripts that came from other weights, versions or audio.
        inferred: ids of the utterances that this run inferred.
        unsigned_lines: number of lines in these transcripts that have no checksum and were not used.
        prevalent_label: label other than the blank that the reference model gives to most frames of every utterance;
            None if there is none.
        with_special: transcripts of the reference model with their special labels, by utterance id, where there are
            some; transformers prints them in this form.
    """

    variant: Variant
    corpus: str
    engine: str
    normalizer: str
    outcomes: tuple[UtteranceOutcome, ...]
    speaker_of: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False
    elapsed_s: float = 0.0
    audio_wait_s: float = 0.0
    resumed: int = 0
    ignored_lines: int = 0
    unsigned_lines: int = 0
    inferred: frozenset[str] = frozenset()
    prevalent_label: str | None = None
    with_special: Mapping[str, str] = field(default_factory=dict)

    @property
    def special_note(self) -> str | None:
        """Number of transcripts with special labels, and one of them; None if there are none."""
        if not self.with_special:
            return None
        id_, text = next(iter(self.with_special.items()))
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        return (
            f"{len(self.with_special)} transcripts of {self.engine} have labels without text, such as <unk>, which are "
            f"left out; transformers prints '{shown}' for '{id_}'"
        )

    @property
    def blank_note(self) -> str | None:
        """The doubt about the blank that a prevalent label raises; None if there is none."""
        if self.prevalent_label is None:
            return None
        blank = self.variant.frontend.alphabet.blank
        return (
            f"{self.engine} gives most frames of every utterance the label '{self.prevalent_label}', and the blank is "
            f"'{blank}': check which label is the blank"
        )

    @cached_property
    def reference(self) -> Transcripts:
        """Errors of the reference model."""
        return self._transcripts([outcome.reference_hypothesis for outcome in self.outcomes])

    @cached_property
    def candidate(self) -> Transcripts:
        """Errors of the candidate."""
        return self._transcripts([outcome.hypothesis for outcome in self.outcomes])

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """Speaker of each outcome; empty if speakers are unknown."""
        return tuple(self.speaker_of[outcome.id] for outcome in self.outcomes) if self.speaker_of else ()

    @cached_property
    def wer_drop(self) -> WerDrop:
        """Increase of the candidate's WER over the reference model's, with its confidence interval."""
        return wer_drop(
            words=[errors.words for errors in self.reference.errors],
            reference=[errors.errors for errors in self.reference.errors],
            candidate=[errors.errors for errors in self.candidate.errors],
            names=self.speaker_names,
            tolerance=self.variant.thresholds.wer_drop_max,
        )

    @cached_property
    def matched_pairs(self) -> MatchedPairs:
        """MAPSSWE test for a difference between the two recognizers; no segment spans two utterances."""
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
        """Difference between the logits of both models, over all frames."""
        return total(outcome.logits for outcome in self.outcomes)

    @cached_property
    def notes(self) -> Mapping[str, int]:
        """Number of utterances by note; a note names a conversion that the audio needed, or an oddity of the text."""
        notes = Counter(note for outcome in self.outcomes for note in outcome.notes)
        if NORMALIZERS[self.normalizer].drops_unseen:
            dropped = f"have unseen characters, which the normalizer {self.normalizer} drops"
            notes[dropped] = sum(bool(unseen(outcome.text)) for outcome in self.outcomes)
        notes[f"are written without spaces between words; {COUNT_CHARACTERS}"] = self.without_spaces
        return +notes  # without those that occur nowhere

    @cached_property
    def without_spaces(self) -> int:
        """Number of references in a script without spaces, whose sentences count as words."""
        if self.normalizer == "characters":
            return 0
        return sum(is_without_spaces(outcome.text) for outcome in self.outcomes)

    @property
    def seconds(self) -> float:
        """Seconds of the candidate's inference alone, in this run or in an earlier one."""
        return sum(outcome.seconds for outcome in self.outcomes)

    @cached_property
    def unknown_characters(self) -> Counter[str]:
        """Count of each character in the normalized references that the model cannot write."""
        return sum(self._unknown, Counter[str]())

    @property
    def utterances_with_unknown(self) -> int:
        """Number of utterances whose normalized reference contains a character that the model cannot write."""
        return sum(bool(unknown) for unknown in self._unknown)

    @cached_property
    def _unknown(self) -> list[Counter[str]]:
        normalizer = NORMALIZERS[self.normalizer]
        return [
            unknown_characters(outcome.text, normalizer, self.variant.frontend.alphabet) for outcome in self.outcomes
        ]

    @cached_property
    def emptied_references(self) -> int:
        """Number of utterances whose reference is empty after normalization; their hypotheses are insertions."""
        normalizer = NORMALIZERS[self.normalizer]
        return sum(not normalizer(outcome.text) for outcome in self.outcomes)

    @property
    def resume_note(self) -> str | None:
        """One line on what was read from the transcripts of an earlier run; None if there was nothing."""
        if not (self.resumed or self.ignored_lines or self.unsigned_lines):
            return None
        note = f"resumed {self.resumed} of {len(self.outcomes)} utterances from the transcripts"
        ignored = f"; ignored {self.ignored_lines} lines from other weights, versions or audio"
        unsigned = f"; ignored {self.unsigned_lines} lines without a checksum"
        return note + (ignored if self.ignored_lines else "") + (unsigned if self.unsigned_lines else "")

    @property
    def mismatches(self) -> tuple[UtteranceOutcome, ...]:
        """Utterances that the candidate and the reference model transcribe differently."""
        return tuple(outcome for outcome in self.outcomes if not outcome.matches)

    @property
    def audio_s(self) -> float:
        """Duration of all audio, in seconds."""
        return sum(outcome.duration_s for outcome in self.outcomes)

    @property
    def scope(self) -> str:
        """Model, corpus and amount of evidence, as messages show them."""
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

    If the normalizer folds case, a label in either case is enough. Characters that the normalizer itself writes in
    place of words, such as digits, are not counted.
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
    """One utterance: its reference text and the transcripts of both models.

    Attributes:
        text: reference text, as the corpus gives it.
        logits: difference between the candidate's logits and the reference model's.
        reference_seconds, seconds: inference time of the reference model and of the candidate, in this run or in an
            earlier one; utterances that ran concurrently share the time in proportion to their durations.
        notes: conversions that the audio needed, such as resampling.
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
        """True if both models give the same transcript, character by character."""
        return self.hypothesis == self.reference_hypothesis
