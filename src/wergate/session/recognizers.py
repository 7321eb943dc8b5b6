"""The recognizers of a session: variants compiled for any length, for one, or for the buckets of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Corpus
from wergate.environment import cpu
from wergate.models.candidates import require_same_frames, require_sampling_rate
from wergate.models.variant import Variant
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import may_be_padded
from wergate.recognizers.base import Recognizer
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.buckets import Buckets, CompiledMemory, compiled_memory, corpus_buckets
from wergate.recognizers.compiled_store import compilable, static_options
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.session.memo import Resources

Made = TypeVar("Made")
_MAX_STREAMS = 8


class Recognizers:
    """Compiles variants, as the configuration says."""

    def __init__(self, config: SuiteConfig, resources: Resources) -> None:
        """Take the configuration; nothing is compiled before it is asked for."""
        self._config = config
        self._store, self._memo = resources.store, resources.memo
        self._bucketed: MemoryBoundedCache[BucketedRecognizer] = MemoryBoundedCache(config.buckets.memory_gb * 1e9)

    def compile(self, variant: Variant, *, streams: int = 1, samples: int | None = None) -> OpenVinoRecognizer:
        """Return a variant compiled anew, every time it is asked for.

        Args:
            samples: the only length that it will run; by default any.

        Raises:
            SuiteError: a candidate of another vocabulary size, sampling rate or number of frames.
        """
        if variant.is_candidate:
            require_sampling_rate(variant.name, variant.path, variant.frontend)
        recognizer = self.compile_ir(variant.path, variant.frontend, streams=streams, samples=samples)
        if variant.is_candidate:
            require_same_frames(variant.name, recognizer if samples is None else self.single(variant))
        return recognizer

    def compile_ir(
        self, path: Path, frontend: Frontend, *, streams: int = 1, samples: int | None = None
    ) -> OpenVinoRecognizer:
        """Return any IR of a model compiled anew.

        Args:
            samples: the only length that it will run; by default any.
        """
        return OpenVinoRecognizer(
            path,
            frontend,
            device=self._config.device,
            inference_precision=self._config.inference_precision,
            streams=streams,
            samples=samples,
        )

    def single(self, variant: Variant) -> OpenVinoRecognizer:
        """Return the recognizer for single utterances of any length."""
        return self._memo.get(("single", variant.model, variant.path), lambda: self.compile(variant))

    def fixed_length(self, variant: Variant, samples: int) -> OpenVinoRecognizer:
        """Return the recognizer for utterances of one length, unless all shapes are to be dynamic."""
        if self._config.shapes == "dynamic":
            return self.single(variant)
        key = "fixed-length", variant.model, variant.path, samples
        return self._memo.get(key, lambda: self.compile(variant, samples=samples))

    def dynamic(self, variant: Variant) -> OpenVinoRecognizer:
        """Return the recognizer that runs each utterance at its own length: a stream per core, on the CPU."""
        key = "dynamic", variant.model, variant.path
        return self._memo.get(key, lambda: self.compile(variant, streams=self.corpus_streams))

    def for_corpus(self, variant: Variant, corpus: Corpus) -> Recognizer:
        """Return the recognizer that transcribes a whole corpus: in buckets, where that changes nothing."""
        return self.bucketed(variant, corpus) if self.runs_in_buckets(variant) else self.dynamic(variant)

    def runs_in_buckets(self, variant: Variant) -> bool:
        """Tell whether a variant's corpora are padded, where that changes nothing."""
        asked = self._config.shapes == "buckets" and self._config.device == "CPU"
        return asked and self.may_be_padded(variant)

    def may_be_padded(self, variant: Variant) -> bool:
        """Tell whether a variant's IR takes a mask, and padding behind it changes nothing."""
        ours = not variant.is_candidate
        if ours and not variant.frontend.padding_exact:
            return False
        key = "padded", variant.model, variant.path
        return self._memo.get(key, lambda: may_be_padded(variant.path, exact=ours))

    def bucketed(self, variant: Variant, corpus: Corpus) -> BucketedRecognizer:
        """Return the recognizer that pads a corpus to the buckets of its durations.

        Raises:
            SuiteError: a candidate that does not match the reference model.
        """
        if variant.is_candidate:
            self.single(variant)
        path, frontend, durations_s = variant.path, variant.frontend, corpus.durations.values()
        return self._bucketed.get(
            (variant.model, corpus.spec, path),
            lambda: self.in_buckets(path, frontend, durations_s, lambda: self.dynamic(variant)),
            lambda made: self._compiled_memory(path).of(made.buckets.lengths),
        )

    def in_buckets(
        self, path: Path, frontend: Frontend, durations_s: Iterable[float], dynamic: Callable[[], OpenVinoRecognizer]
    ) -> BucketedRecognizer:
        """Return an IR compiled anew, or found compiled, for the buckets of durations.

        Args:
            dynamic: compiles the same IR with dynamic shapes.
        """
        options = self.static_options(self.corpus_streams)
        return BucketedRecognizer(
            compilable(self._store, path, dynamic, frontend, options),
            self.buckets(path, frontend, durations_s),
            streams=self.corpus_streams,
            probe_sqnr_db_min=self._config.buckets.probe_sqnr_db_min,
        )

    def buckets(self, path: Path, frontend: Frontend, durations_s: Iterable[float]) -> Buckets:
        """Return the lengths that suit durations, as many as pay and as there is memory for."""
        return corpus_buckets(durations_s, frontend, self._config.buckets, self._compiled_memory(path))

    def _compiled_memory(self, path: Path) -> CompiledMemory:
        return self._memo.get(("memory", path), lambda: compiled_memory(path, streams=self.corpus_streams))

    def static_options(self, streams: int) -> dict[str, str]:
        """Return what the CPU plugin is told for fixed lengths."""
        return static_options(self._config.inference_precision, streams, fused=self._config.buckets.fused)

    @property
    def corpus_streams(self) -> int:
        """Inferences that run at once on a corpus."""
        return min(cpu().cores, _MAX_STREAMS) if self._config.device == "CPU" else 1


class MemoryBoundedCache(Generic[Made]):
    """Keeps what was made, by key, while all of it fits into so many bytes; the newest is kept whatever its size."""

    def __init__(self, limit_bytes: float) -> None:
        """Take the limit."""
        self._limit_bytes = limit_bytes
        self._kept: dict[Hashable, tuple[Made, float]] = {}

    def get(self, key: Hashable, make: Callable[[], Made], size_bytes: Callable[[Made], float]) -> Made:
        """Return what is kept under a key; else make it, letting go of what was asked for longest ago to have room."""
        made, size = self._kept.pop(key) if key in self._kept else self._made(make, size_bytes)
        self._make_room(size)
        self._kept[key] = made, size
        return made

    def _made(self, make: Callable[[], Made], size_bytes: Callable[[Made], float]) -> tuple[Made, float]:
        made = make()
        return made, size_bytes(made)

    def _make_room(self, size_bytes: float) -> None:
        while self._kept and sum(size for _, size in self._kept.values()) + size_bytes > self._limit_bytes:
            del self._kept[next(iter(self._kept))]
