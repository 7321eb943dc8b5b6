"""Evaluation of a candidate on a corpus, compared with the reference run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from wergate.corpora.corpus import Corpus, Utterance
from wergate.corpora.prefetch import Prefetched, in_blocks
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.inference import Inferred, infer
from wergate.evaluation.journal import Journal, Resumed
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.models.variant import Variant
from wergate.progress import Progress
from wergate.recognizers.base import Recognizer

Elsewhere = Callable[[frozenset[str]], Iterator[Inferred]]
_JOURNALED_AT_ONCE = 64


@dataclass(frozen=True)
class Candidate:
    """A variant under test.

    Attributes:
        recognizer: returns the recognizer of the variant; called when the first utterance needs inference.
        elsewhere: yields the utterances with the given ids in corpus order, computed by other machines; None to compute
            them in this process.
    """

    variant: Variant
    recognizer: Callable[[], Recognizer]
    elsewhere: Elsewhere | None = None


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
        if self._candidate.elsewhere is None:
            self._candidate.recognizer()
        self._reference()

    def _noted(self, found: Iterable[Inferred]) -> Iterator[UtteranceOutcome]:
        """Yield outcomes, and note what is odd about the labels of the reference model's frames."""
        for inferred in found:
            self._prevalent.add(inferred.prevalent)
            if inferred.with_special is not None:
                self.with_special[inferred.outcome.id] = inferred.with_special
            yield inferred.outcome

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
        with self._synced():
            elsewhere = self._candidate.elsewhere
            yield from self._own(corpus, left) if elsewhere is None else self._others(corpus, elsewhere(left))
        self.elapsed_s = time.perf_counter() - started

    def _own(self, corpus: Corpus, left: frozenset[str]) -> Iterator[UtteranceOutcome]:
        utterances = corpus.utterances(self._candidate.variant.frontend.sampling_rate, only=left)
        with Prefetched(in_blocks(utterances)) as blocks:
            for block in blocks:
                yield from self._journaled(corpus, self._outcomes(block))
        self.audio_wait_s = blocks.waited_s

    def _others(self, corpus: Corpus, found: Iterator[Inferred]) -> Iterator[UtteranceOutcome]:
        outcomes = self._noted(found)
        while block := list(islice(outcomes, _JOURNALED_AT_ONCE)):
            yield from self._journaled(corpus, block)

    def _journaled(self, corpus: Corpus, outcomes: list[UtteranceOutcome]) -> list[UtteranceOutcome]:
        if self._journal:
            self._journal.append(corpus, outcomes)
        return outcomes

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
        variant = self._candidate.variant
        found = infer(
            self._candidate.recognizer(),
            utterances,
            self._reference(),
            alphabet=variant.frontend.alphabet,
            subject=variant.subject,
        )
        return self._noted(found)
