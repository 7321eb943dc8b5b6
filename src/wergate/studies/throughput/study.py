"""Throughput of one model in three execution modes, timed interleaved: one by one, on several streams, in buckets."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from wergate.config.base import Precision
from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.recognizers.base import Recognizer, completed
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.session.session import Session
from wergate.studies.throughput.hardware import gemm_gmacs, layer_seconds, utterance_gmacs

Mode = Literal["one by one", "streams", "buckets"]
MODES: tuple[Mode, ...] = ("one by one", "streams", "buckets")
PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
Side = tuple[Precision, Mode]


@dataclass(frozen=True)
class Workload:
    """A model, and the utterances that every side transcribes.

    Attributes:
        session: the session.
        model: spec of the model.
        utterances: float32 arrays of shape (samples,).
        bucketed_s: durations to choose buckets for, in seconds; by default those of the utterances.
    """

    session: Session
    model: str
    utterances: Sequence[Samples]
    bucketed_s: Sequence[float] | None = None

    @property
    def durations_s(self) -> list[float]:
        """Duration of each utterance, in seconds."""
        rate = self.session.frontend(self.model).sampling_rate
        return [len(samples) / rate for samples in self.utterances]

    @property
    def audio_s(self) -> float:
        """Total duration of all utterances, in seconds."""
        return sum(self.durations_s)

    def path(self, variant: str) -> Path:
        """Return the IR of a variant."""
        return self.session.variant(self.model, variant).path

    def recognizer(self, variant: str, mode: Mode) -> Recognizer:
        """Return a new recognizer of a variant, for dynamic lengths or for the buckets of these durations."""
        recognizers, compiled = self.session.recognizers, self.session.variant(self.model, variant)
        streams = 1 if mode == "one by one" else recognizers.corpus_streams

        def dynamic() -> OpenVinoRecognizer:
            return recognizers.compile(compiled, streams=streams)

        if mode != "buckets":
            return dynamic()
        durations_s = self.bucketed_s or self.durations_s
        bucketed = recognizers.in_buckets(compiled, durations_s, dynamic)
        # buckets compile in the background, which would disturb the timing of the other sides
        bucketed.try_all()
        return bucketed


@dataclass
class SideResult:
    """Results of a side so far: logits by utterance number, and the seconds of inference and decoding."""

    logits: dict[int, Logits] = field(default_factory=dict)
    seconds: float = 0.0

    def run(self, recognizer: Recognizer, workload: Workload, numbers: Sequence[int]) -> None:
        """Transcribe the utterances with these numbers and add their time."""
        started = time.perf_counter()
        for position, logits in completed(recognizer, [workload.utterances[number] for number in numbers]):
            self.logits[numbers[position]] = logits
            greedy_decode(logits, recognizer.frontend.alphabet)
        self.seconds += time.perf_counter() - started

    def compared_with(self, other: SideResult) -> LogitsDifference:
        """Return the difference of another side's logits to these."""
        return total(difference(reference=self.logits[n], candidate=other.logits[n]) for n in self.logits)


@dataclass(frozen=True)
class ThroughputResult:
    """Results of all sides.

    Attributes:
        results: result by side.
        gemm_gmacs: peak rate of plain matrix products by precision, in 10⁹ multiply-accumulates per second. It is
            measured before every block, because the clock of a shared machine varies.
    """

    results: dict[Side, SideResult]
    gemm_gmacs: dict[Precision, float]


def side_by_side(workload: Workload, *, blocks: int) -> ThroughputResult:
    """Transcribe all utterances in every precision and mode, interleaved block by block.

    Args:
        workload: the model and the utterances.
        blocks: number of blocks to divide the utterances into.
    """
    sides = {side: workload.recognizer(*side) for side in product(PRECISIONS, MODES)}
    results = {side: SideResult() for side in sides}
    peaks = dict.fromkeys(PRECISIONS, 0.0)
    for block in range(blocks):
        peaks = {variant: max(peak, _gemm_gmacs(workload.session, variant)) for variant, peak in peaks.items()}
        for side, recognizer in sides.items():
            results[side].run(recognizer, workload, range(block, len(workload.utterances), blocks))
    return ThroughputResult(results, peaks)


def _gemm_gmacs(session: Session, variant: Precision) -> float:
    products = "i8" if variant == "int8" else session.config.inference_precision
    return gemm_gmacs(products, streams=session.recognizers.corpus_streams)


@dataclass(frozen=True)
class HardwareShare:
    """Work rate of a side, and its time by kind of layer.

    Attributes:
        reached_gmacs: rate in 10⁹ multiply-accumulates per second, without padding.
        layers: share of an inference's time by kind of layer, the largest first.
    """

    reached_gmacs: float
    layers: dict[str, float]


def hardware_share(workload: Workload, variant: Precision, seconds: float) -> HardwareShare:
    """Return the work rate of a variant, and its layers' shares for an utterance of median length.

    Args:
        workload: the model and the utterances.
        variant: the variant that transcribed them.
        seconds: the time that it took.
    """
    lengths = [len(samples) for samples in workload.utterances]
    path = workload.path(variant)
    layers = layer_seconds(path, round(statistics.median(lengths)), workload.session.recognizers.static_options(1))
    total_s = sum(layers.values())
    return HardwareShare(_gmacs(path, lengths) / seconds, {kind: layer_s / total_s for kind, layer_s in layers.items()})


def _gmacs(path: Path, lengths: Sequence[int]) -> float:
    """Return the work of utterances with these lengths, in 10⁹ multiply-accumulates."""
    # attention grows with the square of the length, so a parabola through
    # three lengths gives the work at every length without reading the graph for each
    nodes = [min(lengths), int(statistics.median(lengths)), max(lengths)]
    curve = np.polyfit(nodes, [utterance_gmacs(path, length) for length in nodes], 2)
    return float(np.polyval(curve, lengths).sum())
