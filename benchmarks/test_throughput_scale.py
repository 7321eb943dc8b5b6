"""What buckets gain, side by side in one run: 200 durations as LibriSpeech's, RTFx, and the cores' limit.

`pytest benchmarks/test_throughput_scale.py -m scale -s [--model random:data2vec-audio-base] [--limit N]`
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from fixtures.benchmarks import speech_of
from wergate.audio import Samples
from wergate.config import SuiteConfig
from wergate.ctc import greedy_decode
from wergate.durations import librispeech_like
from wergate.excerpt import pieces
from wergate.hardware_limit import gemm_gmacs, layer_seconds, utterance_gmacs
from wergate.pipeline import Pipeline
from wergate.recognizers import Recognizer, completed
from wergate.recognizers.compiled_store import static_options

UTTERANCES, SEED, TURNS = 200, 5, 3
LAYERS = 6


@dataclass(frozen=True)
class Bench:
    """A model, and the utterances that every side transcribes."""

    pipeline: Pipeline
    model: str
    durations_s: Sequence[float]
    utterances: Sequence[Samples]

    @property
    def audio_s(self) -> float:
        """Seconds of audio."""
        return sum(self.durations_s)

    def path(self, variant: str) -> Path:
        """The IR of a variant."""
        return self.pipeline.ir_path(self.model, variant)

    def recognizer(self, variant: str, shapes: str) -> Recognizer:
        """A variant compiled anew for any length, or found compiled for the buckets of these durations."""
        loop = self.pipeline.compiled(self.model, variant, streams=self.pipeline.corpus_streams)
        if shapes == "dynamic":
            return loop
        found = self.pipeline.in_buckets(self.path(variant), self.durations_s, loop)
        found.try_all()
        return found


@pytest.fixture
def bench(pipeline: Pipeline, suite_config: SuiteConfig, timed_model: str) -> Bench:
    """Speech of the model's first corpus, end to end, cut into pieces of these durations."""
    rate = pipeline.frontend(timed_model).sampling_rate
    durations_s = librispeech_like(suite_config.limit or UTTERANCES, SEED)
    corpus = pipeline.corpus(timed_model, speech_of(suite_config, timed_model))
    return Bench(pipeline, timed_model, durations_s, pieces(corpus, durations_s, rate))


@pytest.mark.scale
def test_buckets_beside_the_loop(bench: Bench) -> None:
    """Both precisions, both ways, in turns; each turn's transcripts are the first turn's, and FP16's are all equal."""
    sides = list(product(("fp16", "int8"), ("dynamic", "buckets")))
    seconds: dict[tuple[str, str], list[float]] = {side: [] for side in sides}
    first: dict[tuple[str, str], list[str]] = {}
    for _, side in product(range(TURNS), sides):
        found, elapsed_s = _timed(lambda side=side: _transcripts(bench.recognizer(*side), bench.utterances))  # type: ignore[misc]
        assert found == first.setdefault(side, found), f"{side} gave other transcripts in another turn"
        seconds[side].append(elapsed_s)
    _tell(bench, {side: bench.audio_s / statistics.median(times) for side, times in seconds.items()})
    assert first["fp16", "buckets"] == first["fp16", "dynamic"]


def _transcripts(recognizer: Recognizer, utterances: Sequence[Samples]) -> Callable[[], list[str]]:
    def transcribe() -> list[str]:
        alphabet = recognizer.frontend.alphabet
        found = {number: greedy_decode(logits, alphabet) for number, logits in completed(recognizer, utterances)}
        return [text for _, text in sorted(found.items())]

    return transcribe


def _timed(make: Callable[[], Callable[[], list[str]]]) -> tuple[list[str], float]:
    transcribe = make()
    started = time.perf_counter()
    found = transcribe()
    return found, time.perf_counter() - started


def _tell(bench: Bench, rtfx: dict[tuple[str, str], float]) -> None:
    streams = bench.pipeline.corpus_streams
    rate = bench.pipeline.frontend(bench.model).sampling_rate
    print(f"\n{bench.model}: {len(bench.utterances)} utterances, {bench.audio_s:.0f} s, {streams} streams")
    for variant, product_type in (("fp16", "f32"), ("int8", "i8")):
        loop, buckets = rtfx[variant, "dynamic"], rtfx[variant, "buckets"]
        lengths = [round(duration_s * rate) for duration_s in bench.durations_s]
        gmacs = _gmacs(bench.path(variant), lengths) / bench.audio_s
        peak = gemm_gmacs(product_type, streams=streams)
        print(
            f"{variant}: RTFx {loop:.1f} in the loop, {buckets:.1f} in buckets ({buckets / loop:.2f} times), "
            f"{100 * buckets * gmacs / peak:.0f} % of the {peak:.0f} GMAC/s of plain {product_type} products"
        )
        layers = layer_seconds(bench.path(variant), round(statistics.median(lengths)), static_options("f32", 1))
        total_s = sum(layers.values())
        print("   ", ", ".join(f"{kind} {100 * s / total_s:.0f} %" for kind, s in list(layers.items())[:LAYERS]))
    for shapes in ("dynamic", "buckets"):
        print(f"int8 beside fp16, {shapes}: {rtfx['int8', shapes] / rtfx['fp16', shapes]:.2f} times as fast")


def _gmacs(path: Path, lengths: Sequence[int]) -> float:
    """Return the work of utterances, by a parabola through three lengths: attention grows with the square."""
    at = [min(lengths), int(statistics.median(lengths)), max(lengths)]
    curve = np.polyfit(at, [utterance_gmacs(path, length) for length in at], 2)
    return float(np.polyval(curve, lengths).sum())
