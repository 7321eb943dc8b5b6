"""What buckets gain, side by side in one run: 200 durations as LibriSpeech's, RTFx, and the cores' limit.

`pytest benchmarks/test_throughput_scale.py -m scale -s [--model random:data2vec-audio-base] [--limit N]`
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from fixtures.benchmarks import speech_of, sqnr_db_min
from wergate.audio import Samples
from wergate.config import SuiteConfig
from wergate.ctc import Logits, greedy_decode
from wergate.durations import librispeech_like
from wergate.excerpt import pieces
from wergate.hardware_limit import gemm_gmacs, layer_seconds, utterance_gmacs
from wergate.logits import difference, total
from wergate.pipeline import Pipeline
from wergate.recognizers import Recognizer, completed
from wergate.recognizers.openvino_ir import OpenVinoRecognizer
from wergate.settings import Precision

UTTERANCES, SEED, BLOCKS = 200, 5, 5
PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
WAYS = ("one by one", "loop", "buckets")
LAYERS = 8


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

    def recognizer(self, variant: str, way: str) -> Recognizer:
        """A variant compiled anew for any length, or found compiled for the buckets of these durations."""
        if way == "one by one":
            return self.pipeline.compiled(self.model, variant)

        def loop() -> OpenVinoRecognizer:
            return self.pipeline.compiled(self.model, variant, streams=self.pipeline.corpus_streams)

        if way == "loop":
            return loop()
        found = self.pipeline.in_buckets(self.model, self.path(variant), self.durations_s, loop)
        found.try_all()
        return found


@pytest.fixture
def bench(pipeline: Pipeline, suite_config: SuiteConfig, timed_model: str) -> Bench:
    """Speech of the model's first corpus, end to end, cut into pieces of these durations."""
    rate = pipeline.frontend(timed_model).sampling_rate
    durations_s = librispeech_like(suite_config.limit or UTTERANCES, SEED)
    corpus = pipeline.corpus(timed_model, speech_of(suite_config, timed_model))
    return Bench(pipeline, timed_model, durations_s, pieces(corpus, durations_s, rate))


@dataclass
class Lap:
    """What a side has transcribed so far: logits by utterance, and the seconds that they and their decoding took."""

    logits: dict[int, Logits] = field(default_factory=dict)
    seconds: float = 0.0


@pytest.mark.scale
def test_buckets_beside_the_loop(bench: Bench, suite_config: SuiteConfig) -> None:
    """Both precisions, three ways, taking turns on every block of utterances; buckets give the loop's logits."""
    sides = {side: bench.recognizer(*side) for side in product(PRECISIONS, WAYS)}
    laps = {side: Lap() for side in sides}
    for block in range(BLOCKS):
        for side, recognizer in sides.items():
            _transcribe(recognizer, bench.utterances, range(block, len(bench.utterances), BLOCKS), laps[side])
    _tell(bench, {side: bench.audio_s / lap.seconds for side, lap in laps.items()})
    for variant in PRECISIONS:
        loop, buckets = laps[variant, "loop"].logits, laps[variant, "buckets"].logits
        found = total(difference(reference=loop[n], candidate=buckets[n]) for n in loop)
        print(f"{variant} in buckets is {found.sqnr_db:.0f} dB from the loop")
        assert found.sqnr_db >= sqnr_db_min(suite_config, bench.model, variant)


def _transcribe(recognizer: Recognizer, utterances: Sequence[Samples], numbers: Sequence[int], lap: Lap) -> None:
    started = time.perf_counter()
    for place, logits in completed(recognizer, [utterances[number] for number in numbers]):
        lap.logits[numbers[place]] = logits
        greedy_decode(logits, recognizer.frontend.alphabet)
    lap.seconds += time.perf_counter() - started


def _tell(bench: Bench, rtfx: dict[tuple[str, str], float]) -> None:
    streams = bench.pipeline.corpus_streams
    rate = bench.pipeline.frontend(bench.model).sampling_rate
    print(f"\n{bench.model}: {len(bench.utterances)} utterances, {bench.audio_s:.0f} s, {streams} streams")
    for variant, product_type in (("fp16", "f32"), ("int8", "i8")):
        alone, loop, buckets = (rtfx[variant, way] for way in WAYS)
        lengths = [round(duration_s * rate) for duration_s in bench.durations_s]
        gmacs = _gmacs(bench.path(variant), lengths) / bench.audio_s
        peak = gemm_gmacs(product_type, streams=streams)
        print(
            f"{variant}: RTFx {alone:.1f} one by one, {loop:.1f} on {streams} streams, {buckets:.1f} in buckets "
            f"({buckets / alone:.2f} and {buckets / loop:.2f} times), "
            f"{100 * buckets * gmacs / peak:.0f} % of the {peak:.0f} GMAC/s of plain {product_type} products"
        )
        layers = layer_seconds(bench.path(variant), round(statistics.median(lengths)), bench.pipeline.static_options(1))
        total_s = sum(layers.values())
        print("   ", ", ".join(f"{kind} {100 * s / total_s:.0f} %" for kind, s in list(layers.items())[:LAYERS]))
    for way in WAYS:
        print(f"int8 beside fp16, {way}: {rtfx['int8', way] / rtfx['fp16', way]:.2f} times as fast")


def _gmacs(path: Path, lengths: Sequence[int]) -> float:
    """Return the work of utterances, by a parabola through three lengths: attention grows with the square."""
    at = [min(lengths), int(statistics.median(lengths)), max(lengths)]
    curve = np.polyfit(at, [utterance_gmacs(path, length) for length in at], 2)
    return float(np.polyval(curve, lengths).sum())
