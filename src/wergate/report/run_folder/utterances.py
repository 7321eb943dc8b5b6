"""Rows of `utterances.jsonl.gz`: one utterance, and what each recognizer wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from wergate.corpora.corpus import Corpus
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.rows import ResultRow, finite
from wergate.evaluation.wer import WordErrors, align_words
from wergate.gates.accuracy import near_tie

_DIGITS = 12  # of a digest: enough to notice other audio


class TranscriptRow(ResultRow):
    """A recognizer's transcript, and its alignment with the reference text as the gate made it.

    `words` is the normalized text, or null if it equals `text`. `alignment` has a letter for each column: E for equal
    words, S for a substitution, D for a deletion, I for an insertion.
    """

    text: str
    words: str | None = None
    alignment: str
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """Sum of substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_words(self) -> int:
        """Number of words of the reference text: all columns of the alignment but insertions."""
        return len(self.alignment) - self.alignment.count("I")


class VariantTranscriptRow(ResultRow):
    """A variant's transcript and its logits; `transcript` is null if it equals that of the reference recognizer.

    `sqnr_db` is null if the logits are identical. `near_tie` says that all frames with another label were near a tie.
    """

    transcript: TranscriptRow | None = None
    sqnr_db: float | None = None
    flipped_frames: int
    widest_flip: float
    near_tie: bool


class UtteranceRow(ResultRow):
    """An utterance of a model's corpus; `words` is the normalized `text`, or null if they are equal.

    `digest` is the start of the SHA-256 of its encoded audio: runs that share it heard the same.

    `audio` is the file of its recording in the run folder, and `peaks` its waveform: thousandths of the full scale, at
    equal distances. Without a recording, both are null, and `no_audio` says why.
    """

    model: str
    corpus: str
    id: str
    duration_s: float
    speaker: str | None = None
    digest: str | None = None
    text: str
    words: str | None = None
    reference: TranscriptRow
    variants: dict[str, VariantTranscriptRow]
    audio: str | None = None
    peaks: list[int] | None = None
    no_audio: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Model, corpus and id."""
        return self.model, self.corpus, self.id

    def transcript(self, variant: str) -> TranscriptRow:
        """Return what a variant wrote."""
        return self.variants[variant].transcript or self.reference

    def added(self, variant: str) -> int:
        """Return how many errors a variant has more than the reference recognizer."""
        return self.transcript(variant).errors - self.reference.errors


def utterance_rows(evaluation: Evaluation, corpus: Corpus) -> list[UtteranceRow]:
    """Return the rows of one variant on one corpus, in the order of the corpus."""
    normalizer: Callable[[str], str] = NORMALIZERS[evaluation.normalizer]
    speakers, digests = corpus.speaker_of, corpus.digests
    pairs = zip(evaluation.outcomes, evaluation.reference.errors, evaluation.candidate.errors, strict=True)
    return [
        UtteranceRow(
            model=evaluation.variant.model,
            corpus=evaluation.corpus,
            id=outcome.id,
            duration_s=round(outcome.duration_s, 3),
            speaker=speakers.get(outcome.id),
            digest=digests[outcome.id][:_DIGITS] if outcome.id in digests else None,
            text=outcome.text,
            words=_unless_equal(normalizer(outcome.text), outcome.text),
            reference=_transcript(outcome.text, outcome.reference_hypothesis, before, normalizer),
            variants={evaluation.variant.name: _variant(evaluation, outcome, now, normalizer)},
        )
        for outcome, before, now in pairs
    ]


def _variant(
    evaluation: Evaluation, outcome: UtteranceOutcome, errors: WordErrors, normalizer: Callable[[str], str]
) -> VariantTranscriptRow:
    logits, margin = outcome.logits, evaluation.variant.thresholds.near_tie_margin
    return VariantTranscriptRow(
        transcript=None if outcome.matches else _transcript(outcome.text, outcome.hypothesis, errors, normalizer),
        sqnr_db=finite(round(logits.sqnr_db, 2)),
        flipped_frames=logits.flipped_frames,
        widest_flip=logits.widest_flip,
        near_tie=not outcome.matches and near_tie(outcome, margin),
    )


def _transcript(text: str, hypothesis: str, errors: WordErrors, normalizer: Callable[[str], str]) -> TranscriptRow:
    reference, written = normalizer(text), normalizer(hypothesis)
    return TranscriptRow(
        text=hypothesis,
        words=_unless_equal(written, hypothesis),
        alignment=alignment(reference=reference.split(), hypothesis=written.split()),
        substitutions=errors.substitutions,
        deletions=errors.deletions,
        insertions=errors.insertions,
    )


def _unless_equal(words: str, text: str) -> str | None:
    return None if words == text else words


def alignment(*, reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    """Return the alignment of the gate as a letter for each column: E, S, D or I."""
    return "".join(_letter(*pair) for pair in align_words(reference=reference, hypothesis=hypothesis))


def _letter(expected: str, written: str) -> str:
    if not expected:
        return "I"
    if not written:
        return "D"
    return "E" if expected == written else "S"


def merged(parts: Iterable[Sequence[UtteranceRow]]) -> list[UtteranceRow]:
    """Return the rows of all variants, one for each utterance of a model's corpus."""
    found: dict[tuple[str, str, str], UtteranceRow] = {}
    for row in (row for part in parts for row in part):
        earlier = found.get(row.key)
        variants = {**earlier.variants, **row.variants} if earlier else row.variants
        found[row.key] = row.model_copy(update={"variants": dict(sorted(variants.items()))})
    return list(found.values())
