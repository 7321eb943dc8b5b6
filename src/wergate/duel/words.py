"""The same work: both sides transcribe a corpus, and their word errors are paired by utterance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wergate.corpora.corpus import Corpus
from wergate.duel.answers import Answer, Contender
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.significance.drop import WerDrop, wer_drop
from wergate.evaluation.wer import WordErrors, count_word_errors
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.progress import Progress


@dataclass(frozen=True)
class PairedUtterance:
    """An utterance with the transcripts of both sides.

    Attributes:
        text: reference text.
        first, second: transcripts.
        logits: difference of the second side's logits from the first's; None unless both gave logits of one shape.
    """

    id: str
    text: str
    first: str
    second: str
    logits: LogitsDifference | None = None


@dataclass
class PairedWords:
    """Transcripts of both sides on a corpus, as far as they went.

    Attributes:
        corpus: name of the corpus.
        normalizer: name of the normalizer for references and hypotheses.
        tolerance: largest accepted rise of the word error rate, a fraction.
        speaker_of: speaker by utterance id; empty if unknown.
        limited: whether a limit left out utterances.
        utterances: the utterances so far.
        other_shapes: number of utterances whose logits have another shape on each side.
    """

    corpus: str
    normalizer: str
    tolerance: float
    speaker_of: Mapping[str, str]
    limited: bool
    utterances: list[PairedUtterance] = field(default_factory=list)
    other_shapes: int = 0

    @cached_property
    def errors(self) -> tuple[tuple[WordErrors, ...], tuple[WordErrors, ...]]:
        """Word errors of each utterance, of both sides."""
        first, second = (self._errors([getattr(one, side) for one in self.utterances]) for side in ("first", "second"))
        return first, second

    def _errors(self, hypotheses: Sequence[str]) -> tuple[WordErrors, ...]:
        references = [one.text for one in self.utterances]
        return count_word_errors(references=references, hypotheses=hypotheses, normalizer=NORMALIZERS[self.normalizer])

    @cached_property
    def drop(self) -> WerDrop:
        """Rise of the word error rate from the first side to the second, with its interval."""
        first, second = self.errors
        return wer_drop(
            words=[one.words for one in first],
            reference=[one.errors for one in first],
            candidate=[one.errors for one in second],
            names=[self.speaker_of[one.id] for one in self.utterances] if self.speaker_of else (),
            tolerance=self.tolerance,
        )

    @property
    def totals(self) -> tuple[WordErrors, WordErrors]:
        """Word errors of the corpus, of both sides."""
        first, second = (sum(side, WordErrors()) for side in self.errors)
        return first, second

    @property
    def changed(self) -> list[tuple[PairedUtterance, int]]:
        """Utterances whose transcripts differ, each with the errors added by the second side, most of them first."""
        added = (after.errors - before.errors for before, after in zip(*self.errors, strict=True))
        found = [(one, rise) for one, rise in zip(self.utterances, added, strict=True) if one.first != one.second]
        return sorted(found, key=lambda pair: (-pair[1], pair[0].id))

    @property
    def worse(self) -> list[str]:
        """Ids of the utterances with more errors on the second side, most of them first."""
        return [one.id for one, rise in self.changed if rise > 0]

    @property
    def logits(self) -> LogitsDifference | None:
        """Difference of the second side's logits from the first's; None if they were never compared."""
        found = [one.logits for one in self.utterances if one.logits is not None]
        return total(found) if found else None


def transcribe(
    words: PairedWords, corpus: Corpus, sides: tuple[Contender, Contender], sampling_rate: int, progress: Progress
) -> None:
    """Have both sides transcribe a corpus, one utterance after the other, and add each utterance to `words`.

    Args:
        sampling_rate: rate of the waveforms in Hz.

    Raises:
        SuiteError: audio cannot be read, or a side failed; the utterances before it stay.
    """
    utterances = corpus.utterances(sampling_rate)
    for utterance in progress(utterances, f"duel on {corpus.name}", len(corpus)):
        samples = utterance.waveform.samples
        first, second = (side.answer(utterance.id, samples) for side in sides)
        words.utterances.append(
            PairedUtterance(utterance.id, utterance.text, first.text, second.text, _compared(words, first, second))
        )


def _compared(words: PairedWords, first: Answer, second: Answer) -> LogitsDifference | None:
    if first.logits is None or second.logits is None:
        return None
    if first.logits.shape != second.logits.shape:
        words.other_shapes += 1
        return None
    return difference(reference=first.logits, candidate=second.logits)


def all_changed(found: Sequence[PairedWords]) -> Iterator[tuple[str, PairedUtterance, int]]:
    """Yield the changed utterances of all corpora, with the name of the corpus and the errors added."""
    for words in found:
        yield from ((words.corpus, one, added) for one, added in words.changed)
