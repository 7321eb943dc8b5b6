"""The recognizers of a session: variants compiled for any length, for one length, or for a corpus's buckets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Corpus
from wergate.environment.allocator import give_back
from wergate.environment.machine import cpu
from wergate.models.candidates import require_same_frames, require_sampling_rate
from wergate.models.variant import Variant
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import may_be_padded, named
from wergate.networks.ir.precision import RunPrecision
from wergate.recognizers.base import Recognizer
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.buckets import Buckets, CompiledMemory, compiled_memory, corpus_buckets
from wergate.recognizers.compilations import Compilation, Counter, Report, ignore
from wergate.recognizers.compiled_store import compilable, static_options
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.session.memo import Rejection, Resources
from wergate.steps import step

Made = TypeVar("Made")
_MAX_STREAMS = 8


class Recognizers:
    """Compiles variants according to the configuration."""

    def __init__(self, config: SuiteConfig, resources: Resources) -> None:
        """Take the configuration; variants are compiled on demand."""
        self._config = config
        self._store, self._memo = resources.store, resources.memo
        self._counter = Counter(resources.store)
        self._compiled = VariantCache()

    def compile(self, variant: Variant, *, streams: int = 1, samples: int | None = None) -> OpenVinoRecognizer:
        """Compile a variant; every call compiles again.

        Args:
            streams: number of inferences that run at once.
            samples: the only input length that the recognizer accepts; any length by default.

        Raises:
            SuiteError: vocabulary size, sampling rate or number of frames of a candidate do not match the model.
        """
        if variant.is_candidate:
            require_sampling_rate(variant.name, variant.path, variant.frontend)
        report = self._reporter(variant)
        recognizer = self.compile_ir(variant.path, variant.frontend, streams=streams, samples=samples, report=report)
        if variant.is_candidate:
            require_same_frames(variant.name, recognizer if samples is None else self.single(variant))
        return recognizer

    def compile_ir(
        self,
        path: Path,
        frontend: Frontend,
        *,
        streams: int = 1,
        samples: int | None = None,
        report: Report = ignore,
    ) -> OpenVinoRecognizer:
        """Compile any IR of a model; every call compiles again.

        Args:
            streams: number of inferences that run at once.
            samples: the only input length that the recognizer accepts; any length by default.
            report: receives each compilation for several streams.
        """
        with step(f"compilation of {named(path)}"):
            return OpenVinoRecognizer(
                path,
                frontend,
                device=self._config.device,
                inference_precision=self._config.inference_precision,
                streams=streams,
                samples=samples,
                report=report,
            )

    def _reporter(self, variant: Variant) -> Report:
        """Return a function that counts the compilations of a variant and records the rejected ones."""

        def report(compilation: Compilation) -> None:
            counts = self._counter.add(compilation)
            if not compilation.accepted:
                self._memo.uses.rejections.append(Rejection(variant.model, variant.name, compilation, counts))

        return report

    def single(self, variant: Variant) -> OpenVinoRecognizer:
        """Return the recognizer for single utterances of any length."""
        return self._compiled.get(variant, "single", None, lambda: self.compile(variant))

    def fixed_length(self, variant: Variant, samples: int) -> OpenVinoRecognizer:
        """Return the recognizer for utterances of one length; with `shapes = "dynamic"`, the one for any length."""
        if self._config.shapes == "dynamic":
            return self.single(variant)
        return self._compiled.get(variant, "fixed-length", samples, lambda: self.compile(variant, samples=samples))

    def dynamic(self, variant: Variant) -> OpenVinoRecognizer:
        """Return the recognizer that runs each utterance at its own length, with one stream per core (at most 8)."""
        return self._compiled.get(variant, "dynamic", None, lambda: self.compile(variant, streams=self.corpus_streams))

    def for_corpus(self, variant: Variant, corpus: Corpus) -> Recognizer:
        """Return the recognizer for a whole corpus: in buckets if `runs_in_buckets`, else with dynamic shapes."""
        return self.bucketed(variant, corpus) if self.runs_in_buckets(variant) else self.dynamic(variant)

    def precisions(self, variant: Variant, corpus: Corpus) -> list[RunPrecision]:
        """Return the precision of each compiled model that runs a variant: for a corpus, and for any length."""
        buckets = self.bucketed(variant, corpus).precisions() if self.runs_in_buckets(variant) else ()
        return [*buckets, *self.dynamic(variant).precisions()]

    def runs_in_buckets(self, variant: Variant) -> bool:
        """Return whether a variant runs corpora in buckets: if configured, on a CPU, and if its IR masks padding."""
        configured = self._config.shapes == "buckets" and self._config.device == "CPU"
        return configured and self.may_be_padded(variant)

    def may_be_padded(self, variant: Variant) -> bool:
        """Return whether a variant's IR takes a mask that keeps padding from changing the logits."""
        ours = not variant.is_candidate
        if ours and not variant.frontend.padding_exact:
            return False
        key = "padded", variant.model, variant.path
        return self._memo.get(key, lambda: may_be_padded(variant.path, exact=ours))

    def bucketed(self, variant: Variant, corpus: Corpus) -> BucketedRecognizer:
        """Return the recognizer that pads the utterances of a corpus to its buckets.

        Raises:
            SuiteError: a candidate does not match the reference model.
        """
        if variant.is_candidate:
            self.single(variant)  # checks the candidate against the reference model
        return self._compiled.get(
            variant,
            "bucketed",
            corpus.spec,
            lambda: self.in_buckets(variant, corpus.durations.values(), lambda: self.dynamic(variant)),
        )

    def release(self) -> None:
        """Let all compiled models go; they are compiled again when they are needed."""
        self._compiled.clear()

    def in_buckets(
        self, variant: Variant, durations_s: Iterable[float], dynamic: Callable[[], OpenVinoRecognizer]
    ) -> BucketedRecognizer:
        """Compile a variant for the buckets of the given durations, or load it compiled from the store.

        Args:
            dynamic: compiles the same variant with dynamic shapes.
        """
        return self.in_lengths(variant, self.buckets(variant.path, variant.frontend, durations_s), dynamic)

    def in_lengths(
        self, variant: Variant, buckets: Buckets, dynamic: Callable[[], OpenVinoRecognizer]
    ) -> BucketedRecognizer:
        """Compile a variant for the given buckets, or load it compiled from the store.

        Args:
            dynamic: compiles the same variant with dynamic shapes.
        """
        options = self.static_options(self.corpus_streams)
        with step(f"compilation of {named(variant.path)} for fixed lengths"):
            return BucketedRecognizer(
                compilable(self._store, variant.path, dynamic, variant.frontend, options),
                buckets,
                streams=self.corpus_streams,
                probe_sqnr_db_min=self._config.buckets.probe_sqnr_db_min,
                report=self._reporter(variant),
            )

    def buckets(self, path: Path, frontend: Frontend, durations_s: Iterable[float]) -> Buckets:
        """Return the bucket lengths for the given durations; cost and memory limit their number."""
        return corpus_buckets(durations_s, frontend, self._config.buckets, self._compiled_memory(path))

    def _compiled_memory(self, path: Path) -> CompiledMemory:
        return self._memo.get(("memory", path), lambda: compiled_memory(path, streams=self.corpus_streams))

    def static_options(self, streams: int) -> dict[str, str]:
        """Return the options of the CPU plugin for models of fixed length."""
        return static_options(self._config.inference_precision, streams, fused=self._config.buckets.fused)

    @property
    def corpus_streams(self) -> int:
        """Number of inferences that run at once on a corpus."""
        return min(cpu().cores, _MAX_STREAMS) if self._config.device == "CPU" else 1


class VariantCache:
    """Compiled models of one variant, one of each kind; all go before another variant, corpus or length comes.

    The tests of a variant on a corpus follow each other, so little is compiled twice, and a large network is in memory
    in one form. A model for any length goes with the others, because it keeps what it has compiled for each length.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._variant: Hashable = None
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def get(self, variant: Variant, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the compiled model of a kind and key, and compile it if another one is kept."""
        kept = self._kept[kind][0] if kind in self._kept else key  # no name for the model, or it would stay
        if self._variant != (variant.model, variant.path) or kept != key:
            self.clear()
            self._variant = variant.model, variant.path
        if kind not in self._kept:
            self._kept[kind] = key, make()
        made: Made = self._kept[kind][1]
        return made

    def clear(self) -> None:
        """Let all compiled models go."""
        if self._kept:
            self._kept.clear()
            give_back()
