"""Utterances through one model in several ways, side by side: one by one, on several streams, in buckets."""

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

Way = Literal["one by one", "streams", "buckets"]
WAYS: tuple[Way, ...] = ("one by one", "streams", "buckets")
PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
Side = tuple[Precision, Way]


@dataclass(frozen=True)
class Workload:
    """A model, and the utterances that every side transcribes: float32 arrays of shape (samples,).

    Attributes:
        bucketed_s: the durations that buckets are chosen for; by default those of the utterances.
    """

    session: Session
    model: str
    utterances: Sequence[Samples]
    bucketed_s: Sequence[float] | None = None

    @property
    def durations_s(self) -> list[float]:
        """Of each utterance, in seconds."""
        rate = self.session.frontend(self.model).sampling_rate
        return [len(samples) / rate for samples in self.utterances]

    @property
    def audio_s(self) -> float:
        """Of all utterances, in seconds."""
        return sum(self.durations_s)

    def path(self, variant: str) -> Path:
        """Return the IR of a variant."""
        return self.session.variant(self.model, variant).path

    def recognizer(self, variant: str, way: Way) -> Recognizer:
        """Return a variant compiled anew for any length, or compiled or found for the buckets of these durations."""
        streams = 1 if way == "one by one" else self.session.recognizers.corpus_streams

        recognizers, found = self.session.recognizers, self.session.variant(self.model, variant)

        def dynamic() -> OpenVinoRecognizer:
            return recognizers.compile(found, streams=streams)

        if way != "buckets":
            return dynamic()
        bucketed = recognizers.in_buckets(found.path, found.frontend, self.bucketed_s or self.durations_s, dynamic)
        bucketed.try_all()
        return bucketed


@dataclass
class SideResult:
    """What a side has transcribed so far: logits by utterance, and the seconds that they and their decoding took."""

    logits: dict[int, Logits] = field(default_factory=dict)
    seconds: float = 0.0

    def run(self, recognizer: Recognizer, workload: Workload, numbers: Sequence[int]) -> None:
        """Transcribe some of the utterances."""
        started = time.perf_counter()
        for place, logits in completed(recognizer, [workload.utterances[number] for number in numbers]):
            self.logits[numbers[place]] = logits
            greedy_decode(logits, recognizer.frontend.alphabet)
        self.seconds += time.perf_counter() - started

    def beside(self, other: SideResult) -> LogitsDifference:
        """Return how far another side's logits are from these."""
        return total(difference(reference=self.logits[n], candidate=other.logits[n]) for n in self.logits)


@dataclass(frozen=True)
class ThroughputResult:
    """What came of all sides.

    Attributes:
        gemm_gmacs: by precision, thousand millions of multiply-accumulates a second of plain matrix products, at their
            best between the blocks: the clock of a shared machine is not the same all the time.
    """

    results: dict[Side, SideResult]
    gemm_gmacs: dict[Precision, float]


def side_by_side(workload: Workload, *, blocks: int) -> ThroughputResult:
    """Transcribe all utterances in every precision and way, which take turns on every block of them."""
    sides = {side: workload.recognizer(*side) for side in product(PRECISIONS, WAYS)}
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
    """How near a side is to what the cores can do, and where its time goes.

    Attributes:
        reached_gmacs: thousand millions of multiply-accumulates a second, padding not counted.
        layers: share of an inference's time by kind of layer, the largest first.
    """

    reached_gmacs: float
    layers: dict[str, float]


def hardware_share(workload: Workload, variant: Precision, seconds: float) -> HardwareShare:
    """Return what a variant that took so many seconds reached; the layers are those of the median utterance."""
    lengths = [len(samples) for samples in workload.utterances]
    path = workload.path(variant)
    layers = layer_seconds(path, round(statistics.median(lengths)), workload.session.recognizers.static_options(1))
    total_s = sum(layers.values())
    return HardwareShare(_gmacs(path, lengths) / seconds, {kind: layer_s / total_s for kind, layer_s in layers.items()})


def _gmacs(path: Path, lengths: Sequence[int]) -> float:
    """Return the work of utterances, by a parabola through three lengths: attention grows with the square."""
    at = [min(lengths), int(statistics.median(lengths)), max(lengths)]
    curve = np.polyfit(at, [utterance_gmacs(path, length) for length in at], 2)
    return float(np.polyval(curve, lengths).sum())
