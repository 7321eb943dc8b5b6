"""Evaluation of a candidate on a corpus, compared with the reference run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from wergate.corpora.corpus import Corpus, Utterance
from wergate.corpora.prefetch import Prefetched, in_blocks
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.journal import Journal, Resumed
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import Logits, greedy_decode, prevalent_label
from wergate.networks.logits import difference
from wergate.progress import Progress
from wergate.recognizers.base import Recognizer, completed


@dataclass(frozen=True)
class Candidate:
    """A variant under test.

    Attributes:
        recognizer: returns the recognizer of the variant; called when the first utterance needs inference.
    """

    variant: Variant
    recognizer: Callable[[], Recognizer]


def evaluate(
    candidate: Candidate,
    corpus: Corpus,
    reference: Callable[[], Mapping[str, ReferenceUtterance]],
    *,
    engine: str,
    normalizer: str,
    progress: Progress,
    journal: Journal | None = None,
) -> Evaluation:
    """Transcribe a corpus and compare each utterance with the reference run.

    Args:
        reference: returns the reference run; called when the first utterance needs inference.
        engine: engine of the reference model, "pytorch" or "onnxruntime".
        normalizer: name of the normalizer for references and hypotheses.
        journal: stores finished utterances; utterances that it already holds are not computed again.

    Raises:
        SuiteError: the candidate's logits differ in shape from the reference model's.
    """
    resumed = journal.resumed(corpus) if journal else Resumed()
    whole = {id_: outcome for id_, outcome in resumed.outcomes.items() if id_ not in resumed.text_changed}
    left = frozenset(corpus.ids) - whole.keys()
    work = _Work(candidate, reference, resumed, journal)
    if len(resumed.outcomes) < len(corpus):
        work.prepare()
    description = f"{candidate.variant.subject} on {corpus.name}"
    done = {outcome.id: outcome for outcome in progress(work.outcomes(corpus, left), description, len(left))}
    return Evaluation(
        candidate.variant,
        corpus.name,
        engine,
        normalizer,
        tuple((whole.get(id_) or done[id_]) for id_ in corpus.ids),
        speaker_of=corpus.speaker_of,
        limited=corpus.limited,
        elapsed_s=work.elapsed_s,
        audio_wait_s=work.audio_wait_s,
        resumed=len(resumed.outcomes),
        ignored_lines=resumed.ignored,
        unsigned_lines=resumed.unsigned,
        inferred=left - resumed.outcomes.keys(),
        prevalent_label=work.prevalent_label,
        with_special={id_: work.with_special[id_] for id_ in corpus.ids if id_ in work.with_special},
    )


class _Work:
    """Computes the missing outcomes of an evaluation, block by block, and times the work."""

    def __init__(
        self,
        candidate: Candidate,
        reference: Callable[[], Mapping[str, ReferenceUtterance]],
        resumed: Resumed,
        journal: Journal | None,
    ) -> None:
        self.elapsed_s = self.audio_wait_s = 0.0
        self._prevalent: set[int | None] = set()
        self.with_special: dict[str, str] = {}
        self._candidate = candidate
        self._reference = reference
        self._resumed = resumed
        self._journal = journal

    def prepare(self) -> None:
        """Prepare the recognizer and the reference run, outside the timed part."""
        # The recognizer comes first: a candidate that does not fit the model
        # then fails before the reference run, which takes much longer.
        self._candidate.recognizer()
        self._reference()

    def _look_at(self, id_: str, expected: ReferenceUtterance) -> None:
        """Note what is odd about the labels of the reference model's frames."""
        best = expected.logits.argmax(axis=-1)
        self._prevalent.add(prevalent_label(best))
        whole = replace(self._candidate.variant.frontend.alphabet, keep_special=True).text(best.tolist())
        if whole != expected.hypothesis:
            self.with_special[id_] = whole

    @property
    def prevalent_label(self) -> str | None:
        """The label that wins most frames of every utterance and is not the blank; None if there is none."""
        alphabet = self._candidate.variant.frontend.alphabet
        (label,) = self._prevalent if len(self._prevalent) == 1 else (None,)
        return None if label in {None, alphabet.blank_id} else alphabet.labels[label]

    def outcomes(self, corpus: Corpus, left: frozenset[str]) -> Iterator[UtteranceOutcome]:
        """Yield the outcomes of the given utterances; a journal holds each outcome before it is yielded."""
        if not left:
            return
        started = time.perf_counter()
        utterances = corpus.utterances(self._candidate.variant.frontend.sampling_rate, only=left)
        with Prefetched(in_blocks(utterances)) as blocks, self._synced():
            for block in blocks:
                outcomes = self._outcomes(block)
                if self._journal:
                    self._journal.append(corpus, outcomes)
                yield from outcomes
        self.elapsed_s = time.perf_counter() - started
        self.audio_wait_s = blocks.waited_s

    @contextmanager
    def _synced(self) -> Iterator[None]:
        """Sync the journal at the end, also after an error."""
        try:
            yield
        finally:
            if self._journal:
                self._journal.sync()

    def _outcomes(self, block: Sequence[Utterance]) -> list[UtteranceOutcome]:
        new = [utterance for utterance in block if utterance.id not in self._resumed.outcomes]
        text_changed = [
            replace(self._resumed.outcomes[u.id], text=u.text) for u in block if u.id in self._resumed.outcomes
        ]
        return [*text_changed, *(self._inferred(new) if new else ())]

    def _inferred(self, utterances: Sequence[Utterance]) -> Iterator[UtteranceOutcome]:
        reference, alphabet = self._reference(), self._candidate.variant.frontend.alphabet
        started = time.perf_counter()
        outcomes: dict[int, UtteranceOutcome] = {}
        samples = [utterance.waveform.samples for utterance in utterances]
        for number, logits in completed(self._candidate.recognizer(), samples):  # decoding overlaps inference
            expected = reference[utterances[number].id]
            self._look_at(utterances[number].id, expected)
            outcomes[number] = _outcome(utterances[number], expected, logits, alphabet, self._candidate.variant.subject)
        rate = (time.perf_counter() - started) / sum(utterance.waveform.duration_s for utterance in utterances)
        for _, outcome in sorted(outcomes.items()):
            yield replace(outcome, seconds=rate * outcome.duration_s)


def _outcome(
    utterance: Utterance, expected: ReferenceUtterance, logits: Logits, alphabet: Alphabet, name: str
) -> UtteranceOutcome:
    _require_same_shape(utterance, logits, expected.logits, name)
    return UtteranceOutcome(
        utterance.id,
        utterance.waveform.duration_s,
        utterance.text,
        expected.hypothesis,
        greedy_decode(logits, alphabet),
        difference(reference=expected.logits, candidate=logits),
        reference_seconds=expected.seconds,
        notes=utterance.waveform.notes,
    )


def _require_same_shape(utterance: Utterance, logits: Logits, expected: Logits, name: str) -> None:
    (frames, labels), (expected_frames, expected_labels) = logits.shape, expected.shape
    if labels != expected_labels:
        raise SuiteError(
            f"{name} gives {labels} logits per frame, but the reference model gives {expected_labels}; both need the "
            "same vocabulary; compare an IR with the model that it was converted from"
        )
    if frames != expected_frames:
        raise SuiteError(
            f"{name} gives {frames} frames for utterance '{utterance.id}' ({utterance.waveform.duration_s:.2f} s), "
            f"but the reference model gives {expected_frames}; both must give the same number; compare an IR with the "
            "model that it was converted from, and export it without padding and with a dynamic input length"
        )
