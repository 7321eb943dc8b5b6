"""The whole way from a spec to an evaluation, each step done once per session.

checkpoint -> FP16 IR -> INT8 IR -> recognizers -> reference run and evaluations
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from wergate.config.base import Precision, QuantizerName
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.config.thresholds import Gates
from wergate.config.variants import REFERENCE, label_of, subject_of
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, open_corpus, require_disjoint
from wergate.corpora.spec import CorpusSpec
from wergate.corpora.waveforms import Probe, excerpt
from wergate.environment import cpu
from wergate.evaluation.evaluate import Candidate, evaluate
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.journal import Journal, runs
from wergate.evaluation.reference_run import ReferenceUtterance, read_reference, reference_logits, reference_run
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.models.base import ReferenceModel
from wergate.models.candidates import require_same_frames, require_sampling_rate
from wergate.models.resolve import resolve_model
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.execution import ExecutedWork, GraphCounts, executed_work, graph_counts
from wergate.networks.ir.file import may_be_padded
from wergate.networks.ir.weights import LayerWeights, weight_errors
from wergate.progress import Progress, silent
from wergate.quantization.legacy import Legacy, find_legacy
from wergate.quantization.registry import ConversionTask, QuantizationTask, converted_ir, quantized_ir
from wergate.recognizers.base import Recognizer
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.buckets import Buckets, CompiledMemory, compiled_memory, corpus_buckets
from wergate.recognizers.compiled_store import compilable, static_options
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.stored_logits import read_logits
from wergate.session.matrix import calibration_spec, candidates, corpus_specs
from wergate.session.memo import ArtifactUse, CorpusUse, ModelUse, Uses
from wergate.session.recognizers import Budget
from wergate.store import Artifact, Store, content_key, file_digest

Made = TypeVar("Made")
_MAX_STREAMS = 8


class Pipeline:
    """Everything that one session makes, remembered until its end.

    A model is called by its name or spec in the configuration. A variant is what is gated against the reference model:
    "fp16" and "int8" for the IRs that are built here, or the name of a candidate.
    """

    def __init__(
        self,
        config: SuiteConfig,
        *,
        embedded: Path,
        store: Store,
        progress: Progress = silent,
        transcripts: TranscriptFile | None = None,
    ) -> None:
        """Take the configuration; nothing is loaded or built before it is asked for.

        Args:
            embedded: the folder of the embedded checkpoint and corpus.
            transcripts: where transcripts are kept as they come, and taken up again.
        """
        self.config = config
        self.store = store
        self.uses = Uses()
        self._embedded = embedded
        self.progress = progress
        self._transcripts = transcripts
        self._made: dict[Hashable, Any] = {}
        self._bucketed: Budget[BucketedRecognizer] = Budget(config.buckets.memory_gb * 1e9)

    def reference_model(self, model: str) -> ReferenceModel:
        """Return the model that everything is compared with."""

        def make() -> ReferenceModel:
            settings = self.config.settings_of(model)
            found = resolve_model(settings, self.config, self._embedded)
            self.uses.models.append(ModelUse(model, settings.spec, settings.quantizer, found))
            return found

        return self._once(("reference-model", model), make)

    def corpus(self, model: str, spec: CorpusSpec) -> Corpus:
        """Return an evaluation corpus, disjoint from what the model is calibrated on."""

        def make() -> Corpus:
            held_out = self._calibration_spec(model) is None and spec == self.first_corpus(model)
            corpus = self._split(model)[0] if held_out else self._opened(spec)
            require_disjoint(corpus, self.calibration(model))
            self.uses.corpora.append(CorpusUse(model, corpus))
            return corpus

        return self._once(("corpus", model, spec), make)

    def calibration(self, model: str) -> Corpus:
        """Return the corpus that a model is calibrated on: the one that was named, or a part of its first corpus."""

        def make() -> Corpus:
            spec = self._calibration_spec(model)
            corpus = self._split(model)[1] if spec is None else self._opened(spec)
            if len(corpus) and self._calibrates:
                self.uses.calibrations.append(CorpusUse(model, corpus))
            return corpus

        return self._once(("calibration", model), make)

    @property
    def _calibrates(self) -> bool:
        return "int8" in self.config.precisions

    def _calibration_spec(self, model: str) -> CorpusSpec | None:
        return calibration_spec(self.config, model, self._embedded)

    def first_corpus(self, model: str) -> CorpusSpec:
        """Return the corpus that a model is first evaluated on."""
        return corpus_specs(self.config, self.config.settings_of(model).corpora[0], self._embedded)[0]

    def _split(self, model: str) -> tuple[Corpus, Corpus]:
        """Return the evaluation and the calibration part of a model's first corpus; all of it where none is needed."""
        whole = self._opened(self.first_corpus(model))
        if not self._calibrates:
            return whole, replace(whole, entries=())
        count = self.config.settings_of(model).quantization.subset_size
        return self._once(("split", whole.spec, count), lambda: whole.hold_out(count))

    def _opened(self, spec: CorpusSpec) -> Corpus:
        return self._once(("opened", spec), lambda: open_corpus(spec, progress=self.progress, store=self.store))

    def ir(self, model: str, variant: str) -> Artifact:
        """Return a model's IR that is built here, building what it needs."""
        return self._once(("ir", model, variant), lambda: self._ir(model, variant))

    def _ir(self, model: str, variant: str) -> Artifact:
        settings = self.config.settings_of(model)
        if variant == "fp16":
            artifact = converted_ir(
                ConversionTask(self.store, self.reference_model(model), settings, self.progress, self.legacy)
            )
            return self.used(model, None, artifact)
        return self.quantized(model, settings)

    def quantized(self, model: str, settings: ModelSettings) -> Artifact:
        """Return the INT8 IR of a model's FP16 IR with settings that may be others than its own."""
        task = QuantizationTask(
            self.store, self.ir(model, "fp16"), self.calibration(model), settings, self.progress, self.legacy
        )
        return self.used(model, None, quantized_ir(task))

    def legacy(self) -> Legacy:
        """Return the legacy environment.

        Raises:
            SuiteError: there is none.
        """
        return self._once("legacy", lambda: find_legacy(self.config.legacy_python))

    def beside(self, quantizer: QuantizerName) -> Pipeline:
        """Return a pipeline that differs in the quantizer alone."""

        def make() -> Pipeline:
            change = {"quantizer": quantizer}
            models = {name: settings.model_copy(update=change) for name, settings in self.config.model.items()}
            config = self.config.model_copy(update={**change, "model": models})
            return Pipeline(config, embedded=self._embedded, store=self.store, progress=self.progress)

        return self._once(("beside", quantizer), make)

    def label(self, model: str, variant: str) -> str:
        """Return how tables and baselines call a variant."""
        return label_of(variant, self.config.settings_of(model).quantizer)

    def ir_path(self, model: str, variant: str) -> Path:
        """Return the `.xml` of a variant."""
        candidate = candidates(self.config, model).get(variant)
        return self.ir(model, variant).file(MODEL_FILE) if candidate is None else candidate

    def frontend(self, model: str) -> Frontend:
        """Return a model's features, frame geometry and alphabet."""
        return self._once(("frontend", model), lambda: read_frontend(self.ir(model, "fp16").file(FRONTEND_FILE)))

    def recognizer(self, model: str, name: str) -> Recognizer:
        """Return a recognizer: the reference model's, named REFERENCE, or a variant's."""
        return self._once(("recognizer", model, name), lambda: self._recognizer(model, name))

    def _recognizer(self, model: str, name: str) -> Recognizer:
        if name == REFERENCE:
            return self.reference_model(model).recognizer(self.frontend(model))
        return self.compiled(model, name)

    def at_length(self, model: str, name: str, samples: int) -> Recognizer:
        """Return a recognizer for utterances of that length alone: a variant's is compiled for it."""
        if name == REFERENCE or self.config.shapes == "dynamic":
            return self.recognizer(model, name)
        return self._once(("at-length", model, name, samples), lambda: self.compiled(model, name, samples=samples))

    def loop(self, model: str, variant: str) -> OpenVinoRecognizer:
        """Return the recognizer that runs each utterance at its own length: a stream per core, on the CPU."""
        return self._once(("loop", model, variant), lambda: self.compiled(model, variant, streams=self.corpus_streams))

    def evaluator(self, model: str, spec: CorpusSpec, variant: str) -> Recognizer:
        """Return the recognizer that transcribes a whole corpus: in buckets, where that changes nothing."""
        if not self.runs_in_buckets(model, variant):
            return self.loop(model, variant)
        return self.bucketed(model, spec, variant)

    def runs_in_buckets(self, model: str, variant: str) -> bool:
        """Tell whether a variant's corpora are padded, where that changes nothing."""
        asked = self.config.shapes == "buckets" and self.config.device == "CPU"
        return asked and self.may_be_padded(model, variant)

    def may_be_padded(self, model: str, variant: str) -> bool:
        """Tell whether a variant's IR takes a mask, and padding behind it changes nothing."""
        ours = not self._from_elsewhere(model, variant)
        if ours and not self.frontend(model).padding_exact:
            return False
        return self._once(("padded", model, variant), lambda: may_be_padded(self.ir_path(model, variant), exact=ours))

    def bucketed(self, model: str, spec: CorpusSpec, variant: str) -> BucketedRecognizer:
        """Return the recognizer that pads a corpus to the buckets of its durations."""
        corpus, path = self.corpus(model, spec), self.ir_path(model, variant)
        if self._from_elsewhere(model, variant):
            self.recognizer(model, variant)  # refuses one that does not go with the reference model
        return self._bucketed.get(
            (model, spec, variant),
            lambda: self.in_buckets(model, path, corpus.durations.values(), lambda: self.loop(model, variant)),
            lambda made: self._compiled_memory(path).of(made.buckets.lengths),
        )

    def in_buckets(
        self, model: str, path: Path, durations_s: Iterable[float], loop: Callable[[], OpenVinoRecognizer]
    ) -> BucketedRecognizer:
        """Return an IR compiled anew, or found compiled, for the buckets of durations.

        Args:
            loop: compiles the same IR with dynamic shapes.
        """
        options = self.static_options(self.corpus_streams)
        return BucketedRecognizer(
            compilable(self.store, path, loop, self.frontend(model), options),
            self.buckets(model, path, durations_s),
            streams=self.corpus_streams,
            probe_sqnr_db_min=self.config.buckets.probe_sqnr_db_min,
        )

    def buckets(self, model: str, path: Path, durations_s: Iterable[float]) -> Buckets:
        """Return the lengths that suit durations, as many as pay and as there is memory for."""
        return corpus_buckets(durations_s, self.frontend(model), self.config.buckets, self._compiled_memory(path))

    def _compiled_memory(self, path: Path) -> CompiledMemory:
        return self._once(("memory", path), lambda: compiled_memory(path, streams=self.corpus_streams))

    def static_options(self, streams: int) -> dict[str, str]:
        """Return what the CPU plugin is told for fixed lengths."""
        return static_options(self.config.inference_precision, streams, fused=self.config.buckets.fused)

    @property
    def corpus_streams(self) -> int:
        """Inferences that run side by side on a corpus."""
        return min(cpu().cores, _MAX_STREAMS) if self.config.device == "CPU" else 1

    def compiled(self, model: str, variant: str, *, streams: int = 1, samples: int | None = None) -> OpenVinoRecognizer:
        """Return an IR compiled anew, every time it is asked for.

        Args:
            samples: the only length that it will run; by default any.

        Raises:
            SuiteError: a candidate of another vocabulary size, sampling rate or number of frames.
        """
        path, frontend = self.ir_path(model, variant), self.frontend(model)
        from_elsewhere = self._from_elsewhere(model, variant)
        if from_elsewhere:
            require_sampling_rate(variant, path, frontend)
        recognizer = self._compiled(path, model, streams, samples)
        if from_elsewhere:
            require_same_frames(variant, recognizer if samples is None else self.recognizer(model, variant))
        return recognizer

    def compiled_ir(self, model: str, ir: Artifact) -> Recognizer:
        """Return an IR of the store that may be no variant of today's, compiled anew, for single utterances."""
        return self.compiled_path(model, ir.file(MODEL_FILE))

    def compiled_path(self, model: str, path: Path) -> Recognizer:
        """Return any IR of a model, compiled anew, for single utterances."""
        return self._compiled(path, model, 1)

    def _from_elsewhere(self, model: str, variant: str) -> bool:
        return variant in candidates(self.config, model)

    def _compiled(self, path: Path, model: str, streams: int, samples: int | None = None) -> OpenVinoRecognizer:
        return OpenVinoRecognizer(
            path,
            self.frontend(model),
            device=self.config.device,
            inference_precision=self.config.inference_precision,
            streams=streams,
            samples=samples,
        )

    def reference(self, model: str, spec: CorpusSpec) -> Mapping[str, ReferenceUtterance]:
        """Return the reference model's run on a corpus."""

        def make() -> Mapping[str, ReferenceUtterance]:
            corpus, recognizer = self.corpus(model, spec), self.recognizer(model, REFERENCE)
            artifacts = reference_run(self.store, self.reference_model(model), corpus, recognizer, self.progress)
            return read_reference([self.used(model, corpus.name, artifact) for artifact in artifacts], corpus)

        return self._once(("reference", model, spec), make)

    def evaluation(self, model: str, spec: CorpusSpec, variant: str) -> Evaluation:
        """Return a variant's evaluation on a corpus."""

        def make() -> Evaluation:
            corpus = self.corpus(model, spec)  # a mistake in the corpus is told before anything is compiled
            return evaluate(
                Candidate(
                    subject_of(variant),
                    self.frontend(model),
                    lambda: self.evaluator(model, spec, variant),
                ),
                corpus,
                lambda: self.reference(model, spec),
                engine=self.reference_model(model).engine,
                normalizer=self.normalizer(model, spec),
                progress=self.progress,
                journal=self._journal(model, variant),
            )

        return self._once(("evaluation", model, spec, variant), make)

    def evaluation_of(self, model: str, spec: CorpusSpec, ir: Artifact, name: str) -> Evaluation:
        """Return the evaluation of an IR of the store that is no variant, under the name that messages show."""

        def make() -> Evaluation:
            recognizer = cache(lambda: self._compiled(ir.file(MODEL_FILE), model, self.corpus_streams))
            return evaluate(
                Candidate(name, self.frontend(model), recognizer),
                self.corpus(model, spec),
                lambda: self.reference(model, spec),
                engine=self.reference_model(model).engine,
                normalizer=self.normalizer(model, spec),
                progress=self.progress,
            )

        return self._once(("evaluation", model, spec, ir.kind, ir.key), make)

    def normalizer(self, model: str, spec: CorpusSpec) -> str:
        """Return the normalizer of a model's transcripts on a corpus: the corpus's own, else the model's."""
        return self.config.corpus_of(spec.name).normalizer or self.config.settings_of(model).normalizer

    def _journal(self, model: str, variant: str) -> Journal | None:
        """Return where a variant's transcripts are kept, if anywhere."""
        if self._transcripts is None:
            return None
        keys = ("device", "inference_precision", "shapes")
        settings = {key: getattr(self.config, key) for key in keys} | {"fused": str(self.config.buckets.fused)}
        path = self.ir_path(model, variant)
        ir = content_key({suffix: file_digest(path.with_suffix(suffix)) for suffix in (".xml", ".bin")})
        reference, candidate = runs(self.reference_model(model), self.frontend(model), variant, ir, **settings)
        return Journal(self._transcripts, reference=reference, candidate=candidate)

    def held_as(self, model: str, variant: str) -> Precision:
        """Return whose thresholds a variant is held to; the reference model, run again, to those of FP16."""
        if variant in {"fp16", REFERENCE}:
            return "fp16"
        graph = self.graph(model, variant)
        return "int8" if variant == "int8" or graph.fake_quantize or graph.int8_weights else "fp16"

    def gates(self, model: str, variant: str) -> Gates:
        """Return the thresholds of a variant."""
        return self.config.settings_of(model).thresholds.of(self.held_as(model, variant))

    def probe_logits(self, model: str, probe: Probe, *, keep: bool = True) -> Logits:
        """Return the reference model's logits of a made-up input: (batch, frames, vocabulary).

        Args:
            keep: as an artifact; not for inputs that no later run will ask for again.
        """
        recognizer = self.recognizer(model, REFERENCE)
        if not keep:
            return recognizer.logits(probe.waveforms(recognizer.frontend.sampling_rate))
        return self._reference_logits(model, None, probe.waveforms(recognizer.frontend.sampling_rate))

    def excerpt(self, model: str, spec: CorpusSpec, duration_s: float) -> Samples:
        """Return the first seconds of a corpus: float32, shape (samples,)."""
        rate = self.frontend(model).sampling_rate
        return self._once(
            ("excerpt", model, spec, duration_s, rate), lambda: excerpt(self.corpus(model, spec), duration_s, rate)
        )

    def excerpt_logits(self, model: str, spec: CorpusSpec, duration_s: float) -> Logits:
        """Return the reference model's logits of an excerpt: shape (frames, vocabulary)."""

        def make() -> Logits:
            return np.asarray(self._reference_logits(model, spec.name, self.excerpt(model, spec, duration_s)[None])[0])

        return self._once(("excerpt-logits", model, spec, duration_s), make)

    def excerpt_transcript(
        self, model: str, spec: CorpusSpec, duration_s: float, variant: str, *, at_length: bool
    ) -> str:
        """Return what a variant makes of an excerpt, at its own length.

        Args:
            at_length: compiled for that length, once more; else with dynamic shapes.
        """

        def make() -> str:
            samples = self.excerpt(model, spec, duration_s)
            recognizer = self.compiled(model, variant, samples=len(samples)) if fixed else self.loop(model, variant)
            return greedy_decode(recognizer.logits(samples[None])[0], self.frontend(model).alphabet)

        fixed = at_length and self.config.shapes == "buckets"
        return self._once(("excerpt-transcript", model, spec, duration_s, variant, fixed), make)

    def _reference_logits(self, model: str, corpus: str | None, waveforms: Samples) -> Logits:
        recognizer = self.recognizer(model, REFERENCE)
        artifact = reference_logits(self.store, self.reference_model(model), recognizer, waveforms)
        return read_logits(self.used(model, corpus, artifact))

    def graph(self, model: str, variant: str) -> GraphCounts:
        """Return what a model's IR states."""
        return self._once(("graph", model, variant), lambda: graph_counts(self.ir_path(model, variant)))

    def weights(self, model: str, variant: str) -> tuple[LayerWeights, ...]:
        """Return how far each layer's 8-bit weights are from the FP16 IR's."""
        return weight_errors(self.ir_path(model, "fp16"), self.ir_path(model, variant))

    def executed(self, model: str, variant: str) -> ExecutedWork:
        """Return what a model's compiled IR really executes."""
        return self.executed_by(model, self.ir_path(model, variant))

    def executed_by(self, model: str, path: Path) -> ExecutedWork:
        """Return what any IR of a model really executes once it is compiled."""
        return executed_work(
            path,
            device=self.config.device,
            inference_precision=self.config.inference_precision,
            sampling_rate=self.frontend(model).sampling_rate,
            ignored_scope=self.config.settings_of(model).quantization.ignored_scope,
        )

    def used(self, model: str, corpus: str | None, artifact: Artifact) -> Artifact:
        """Note that an artifact was made use of, and return it."""
        self.uses.artifacts.append(ArtifactUse(model, corpus, artifact))
        return artifact

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        return cast("Made", self._made[key])
