"""The evaluations of a session: reference runs, variants on corpora, and reference logits of probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from wergate.config.suite import SuiteConfig
from wergate.corpora.audio import Samples
from wergate.corpora.sampling import draw_utterances
from wergate.corpora.spec import CorpusSpec
from wergate.corpora.waveforms import Probe, excerpt
from wergate.environment.digest import source_digest
from wergate.evaluation.evaluate import Candidate, Elsewhere, evaluate
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.journal import Journal, JournalKey, runs
from wergate.evaluation.reference_run import ReferenceUtterance, read_reference, reference_logits, reference_run
from wergate.evaluation.repetition import Repetition, repeat
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.models.variant import Variant
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.recognizers.base import Recognizer, RepeatingRecognizer
from wergate.recognizers.stored_logits import read_logits
from wergate.session.corpora import Corpora
from wergate.session.executor import Executor, Job
from wergate.session.matrix import Cell
from wergate.session.memo import Resources
from wergate.session.models import Models
from wergate.session.recognizers import Recognizers
from wergate.steps import step
from wergate.store import content_key, file_digest

_DECIDING = ("device", "inference_precision", "shapes")
_NOT_DECIDING = {"probe_sqnr_db_min", "compared_utterances"}  # of the buckets: they judge logits and change none
_SEED = 0


@dataclass(frozen=True)
class SpotCheck:
    """A few utterances, compared with the stored reference run.

    Attributes:
        utterances: their number.
        reference: differences of the reference model's logits, computed again.
        fp16: differences of the FP16 IR's logits.
    """

    utterances: int
    reference: LogitsDifference
    fp16: LogitsDifference


class Evaluations:
    """Evaluates each variant on each corpus once."""

    def __init__(
        self,
        config: SuiteConfig,
        resources: Resources,
        *,
        corpora: Corpora,
        models: Models,
        recognizers: Recognizers,
        transcripts: TranscriptFile | None,
        executor: Executor | None,
    ) -> None:
        """Take the other parts of the session.

        Args:
            transcripts: file for finished transcripts, from which a later run resumes; None for no file.
            executor: evaluates corpora on other machines; None to do so in this process.
        """
        self._config = config
        self._store, self._progress, self._memo = resources.store, resources.progress, resources.memo
        self._corpora = corpora
        self._models = models
        self._recognizers = recognizers
        self._transcripts = transcripts
        self._executor = executor

    def reference(self, model: str, spec: CorpusSpec) -> Mapping[str, ReferenceUtterance]:
        """Return the reference run on a corpus: transcripts and logits by utterance id."""

        def make() -> Mapping[str, ReferenceUtterance]:
            corpus, recognizer = self._corpora.corpus(model, spec), self._models.reference_recognizer(model)
            reference = self._models.reference(model)
            with step(f"reference run of '{model}' on '{corpus.name}'"):
                artifacts = reference_run(self._store, reference, corpus, recognizer, self._progress)
                used = [self._memo.used(model, corpus.name, artifact) for artifact in artifacts]
                if any(artifact.built for artifact in artifacts):
                    self._models.release()
                return read_reference(used, corpus)

        return self._memo.get(("reference", model, spec), make)

    def evaluation(self, cell: Cell) -> Evaluation:
        """Return the evaluation of one variant on one corpus."""

        def make() -> Evaluation:
            corpus = self._corpora.corpus(cell.model, cell.corpus)  # first: its errors must appear before any build
            variant = self._models.variant(cell.model, cell.variant)
            recognizer = partial(self._recognizers.for_corpus, variant, corpus)
            elsewhere = self._elsewhere(variant, cell.corpus, padded=self._recognizers.runs_in_buckets(variant))
            found = self.evaluate(variant, cell.corpus, recognizer, self._journal(variant), elsewhere)
            if found.inferred:
                self._repeat(cell, found, recognizer())
            return found

        return self._memo.get(("evaluation", cell), make)

    def _repeat(self, cell: Cell, found: Evaluation, recognizer: Recognizer) -> None:
        """Try the streams of a recognizer again at once, before its compiled models make room for others."""
        if self._config.device != "CPU" or not isinstance(recognizer, RepeatingRecognizer):
            return
        corpus = self._corpora.corpus(cell.model, cell.corpus)
        with step(f"repetition of {found.variant.subject} of '{cell.model}' on '{corpus.name}'"):
            repetition = repeat(found, corpus, recognizer, self.reference(cell.model, cell.corpus))
        self._memo.get(("repetition", cell), lambda: repetition)

    def repetition(self, cell: Cell) -> Repetition | None:
        """Return what the streams gave again after a corpus; None if nothing was inferred, or not on a CPU."""
        self.evaluation(cell)
        return self._memo.get(("repetition", cell), lambda: None)

    def of(self, variant: Variant, spec: CorpusSpec) -> Evaluation:
        """Return the evaluation of an IR that is not a configured variant, with dynamic shapes and without padding."""

        def make() -> Evaluation:
            elsewhere = self._elsewhere(variant, spec, padded=False)
            return self.evaluate(variant, spec, lambda: self._recognizers.dynamic(variant), elsewhere=elsewhere)

        return self._memo.get(("evaluation", variant.model, spec, variant.path), make)

    def _elsewhere(self, variant: Variant, spec: CorpusSpec, *, padded: bool) -> Elsewhere | None:
        """Return a function that evaluates utterances on other machines; None if the run uses none.

        Args:
            padded: whether utterances are padded to the corpus's buckets.
        """
        if self._executor is None:
            return None
        corpus = self._corpora.corpus(variant.model, spec)
        buckets = self._recognizers.buckets(variant.path, variant.frontend, corpus.durations.values())
        lengths = buckets.lengths if padded else None
        keys = [key.key for key in self.runs(variant)]
        job = Job(
            config=self._config,
            store=self._store,
            variant=variant,
            corpus=corpus,
            reference=lambda: self.reference(variant.model, spec),
            run=content_key({"keys": keys, "lengths": lengths, "corpus": corpus.fingerprint}),
            source=source_digest(__name__),
            lengths=lengths,
        )
        return partial(self._executor.inferred, job)

    def spot_check(self, model: str, spec: CorpusSpec, count: int) -> SpotCheck:
        """Run a few utterances of a corpus on the reference model and on the FP16 IR, and compare with the stored run.

        Args:
            count: number of utterances, spread over the durations of the corpus.
        """
        corpus, recognizer = self._corpora.corpus(model, spec), self._models.reference_recognizer(model)
        fp16 = self._recognizers.single(self._models.variant(model, "fp16"))
        drawn = draw_utterances(corpus.durations, count, _SEED)
        stored, again, exported = self.reference(model, spec), [], []
        with step(f"spot check of '{model}' on '{corpus.name}'"):
            for utterance in corpus.utterances(recognizer.frontend.sampling_rate, only=drawn):
                kept, waveforms = stored[utterance.id].logits, utterance.waveform.samples[None]
                again.append(difference(reference=kept, candidate=recognizer.logits(waveforms)[0]))
                exported.append(difference(reference=kept, candidate=fp16.logits(waveforms)[0]))
        return SpotCheck(len(again), total(again), total(exported))

    def evaluate(
        self,
        variant: Variant,
        spec: CorpusSpec,
        recognizer: Callable[[], Recognizer],
        journal: Journal | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> Evaluation:
        """Transcribe a corpus and compare it with the reference run; every call repeats the work.

        Args:
            recognizer: returns the recognizer of the variant; called when the first utterance needs inference.
            journal: stores finished utterances; those that it already holds are not computed again.
            elsewhere: evaluates utterances on other machines; None to do so in this process.
        """
        model = variant.model
        corpus = self._corpora.corpus(model, spec)
        with step(f"evaluation of {variant.subject} of '{model}' on '{corpus.name}'"):
            return evaluate(
                Candidate(variant, recognizer, elsewhere),
                corpus,
                lambda: self.reference(model, spec),
                engine=self._models.reference(model).engine,
                normalizer=self._corpora.normalizer(model, spec),
                progress=self._progress,
                journal=journal,
            )

    def _journal(self, variant: Variant) -> Journal | None:
        """Return the journal of a variant's transcripts, or None if the run keeps none."""
        if self._transcripts is None:
            return None
        reference, candidate = self.runs(variant)
        return Journal(self._transcripts, reference=reference, candidate=candidate)

    def runs(self, variant: Variant) -> tuple[JournalKey, JournalKey]:
        """Return the journal keys of a variant's reference model and of the variant."""
        settings = {key: getattr(self._config, key) for key in _DECIDING}
        settings["buckets"] = self._config.buckets.model_dump(exclude=_NOT_DECIDING)
        ir = content_key({suffix: file_digest(variant.path.with_suffix(suffix)) for suffix in (".xml", ".bin")})
        reference, source = self._models.reference(variant.model), source_digest(__name__)
        return runs(reference, variant.frontend, variant.name, ir=ir, source=source, settings=settings)

    def probe_logits(self, model: str, probe: Probe, *, keep: bool = True) -> Logits:
        """Return the reference model's logits for a synthetic input: shape (batch, frames, vocabulary).

        Args:
            keep: whether to store them as an artifact; False for inputs that no later run needs.
        """
        recognizer = self._models.reference_recognizer(model)
        waveforms = probe.waveforms(recognizer.frontend.sampling_rate)
        return self._reference_logits(model, None, waveforms) if keep else recognizer.logits(waveforms)

    def excerpt(self, model: str, spec: CorpusSpec, duration_s: float) -> Samples:
        """Return the first `duration_s` seconds of a corpus: float32, shape (samples,)."""
        rate = self._models.frontend(model).sampling_rate
        key = "excerpt", model, spec, duration_s, rate

        def make() -> Samples:
            corpus = self._corpora.corpus(model, spec)
            with step(f"reading {duration_s:g} s of corpus '{corpus.name}'"):
                return excerpt(corpus, duration_s, rate)

        return self._memo.get(key, make)

    def excerpt_logits(self, model: str, spec: CorpusSpec, duration_s: float) -> Logits:
        """Return the reference model's logits for an excerpt: shape (frames, vocabulary)."""

        def make() -> Logits:
            return np.asarray(self._reference_logits(model, spec.name, self.excerpt(model, spec, duration_s)[None])[0])

        return self._memo.get(("excerpt-logits", model, spec, duration_s), make)

    def excerpt_transcript(self, variant: Variant, spec: CorpusSpec, duration_s: float, *, fixed_length: bool) -> str:
        """Return the transcript of an excerpt by a variant, without padding.

        Args:
            fixed_length: whether to compile a separate recognizer for that length; otherwise shapes are dynamic.
        """
        fixed = fixed_length and self._config.shapes == "buckets"

        def make() -> str:
            samples = self.excerpt(variant.model, spec, duration_s)
            compiled, recognizers = len(samples) if fixed else None, self._recognizers
            recognizer = (
                recognizers.dynamic(variant) if compiled is None else recognizers.compile(variant, samples=compiled)
            )
            return greedy_decode(recognizer.logits(samples[None])[0], variant.frontend.alphabet)

        return self._memo.get(("excerpt-transcript", variant.model, variant.path, spec, duration_s, fixed), make)

    def _reference_logits(self, model: str, corpus: str | None, waveforms: Samples) -> Logits:
        recognizer = self._models.reference_recognizer(model)
        with step(f"inference of reference model '{model}' on {waveforms.shape[1]} samples"):
            artifact = reference_logits(self._store, self._models.reference(model), recognizer, waveforms)
            return read_logits(self._memo.used(model, corpus, artifact))
