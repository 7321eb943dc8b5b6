"""An ONNX network with a log-mel front end, made by hand, whose default INT8 IR loses most of the words.

Letters are tones. The network computes a log-mel spectrogram inside, normalizes it, and reads each frame's letter off
the strongest band. The powers of loud and quiet utterances differ by four orders of magnitude, which no range of 8 bits
holds, so quiet tones vanish in INT8 unless the front end stays in floating point.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save_model

from tests.support.tiny import RATE, Spoken, encoded

LABELS = ("<pad>", "|", *"ETAONIRS")
_WINDOW, _HOP = 320, 160  # 20 ms and 10 ms
_BINS, _BANDS = 64, 20  # the spectrum reaches 3.2 kHz
_HIDDEN, _INNER, _BLOCKS = 256, 1024, 2
_TONE_S, _PAUSE_S, _EDGE_S = 0.08, 0.06, 0.1
_LEVELS_DB = (-3.0, -44.0)
_NOISE_DB = -34.0  # below the tones
_WORDS = ("TEA", "SIT", "ROAST", "NOTE", "IRON", "STAR", "RAIN", "TONES", "ARE", "OTTER", "SEEN", "ART")

Array = npt.NDArray[np.float32]


def _tone_hz(label: int) -> float:
    """Return the frequency of a label: the middle of every second band, from the third on."""
    return _band_middles()[2 + 2 * (label - 1)]


def _band_middles() -> list[float]:
    width = RATE / _WINDOW * _BINS / (_BANDS + 1)
    return [width * (band + 1) for band in range(_BANDS)]


@dataclass
class _Graph:
    """Nodes and initializers of a network under construction; every weight is float16."""

    half: bool
    nodes: list[NodeProto] = field(default_factory=list)
    tensors: list[TensorProto] = field(default_factory=list)

    def weight(self, name: str, values: npt.ArrayLike) -> str:
        """Add a weight of half precision, cast to single precision unless the network computes in half precision."""
        self.tensors.append(numpy_helper.from_array(np.asarray(values, np.float16), name))
        return name if self.half else self.add("Cast", name, to=TensorProto.FLOAT, name=f"{name}/cast")

    def integers(self, name: str, values: Sequence[int]) -> str:
        """Add a tensor of integers."""
        self.tensors.append(numpy_helper.from_array(np.asarray(values, np.int64), name))
        return name

    def split(self, value: str, *, axis: int, name: str) -> tuple[str, str]:
        """Add a split into two halves and return the names of both."""
        halves = (f"{name}:0", f"{name}:1")
        self.nodes.append(helper.make_node("Split", [value], halves, name=name, axis=axis))
        return halves

    def add(self, kind: str, *inputs: str, name: str, **attributes: object) -> str:
        """Add an operation and return the name of its output."""
        self.nodes.append(helper.make_node(kind, list(inputs), [f"{name}:0"], name=name, **attributes))
        return f"{name}:0"


@dataclass(frozen=True)
class LogMel:
    """The network, and recordings that it transcribes without an error.

    Attributes:
        half: True for arithmetic in half precision; by default only the weights are.
        filters_first: True for the mel filters as the left factor of their product.
        seed: seed of the encoder's weights, which do not matter for the transcripts.
    """

    half: bool = False
    filters_first: bool = False
    seed: int = 3

    def write(self, folder: Path) -> Path:
        """Write the network and its labels."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
        save_model(self._network(), folder / "log-mel.onnx")
        return folder / "log-mel.onnx"

    def _network(self) -> ModelProto:
        graph = _Graph(self.half)
        wave = graph.add("Cast", "wave", to=TensorProto.FLOAT16, name="cast") if self.half else "wave"
        logits = self._head(graph, self._encoder(graph, self._front_end(graph, wave)))
        if self.half:
            logits = graph.add("Cast", logits, to=TensorProto.FLOAT, name="uncast")
        graph.nodes.append(helper.make_node("Identity", [logits], ["logits"], name="logits"))
        waves = helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["batch", "samples"])
        output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frames", len(LABELS)])
        made = helper.make_graph(graph.nodes, "log-mel", [waves], [output], graph.tensors)
        return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _front_end(self, graph: _Graph, wave: str) -> str:
        """Add the spectrogram, as (batch, frames, bands), with the mean and the deviation of each utterance removed."""
        channel = graph.add("Unsqueeze", wave, graph.integers("axes", [1]), name="mel/channel")
        angle = 2 * np.pi * np.outer(np.arange(_BINS), np.arange(_WINDOW)) / _WINDOW
        basis = np.concatenate([np.cos(angle), np.sin(angle)]) * np.hanning(_WINDOW)
        spectrum = graph.add(
            "Conv", channel, graph.weight("mel/basis", basis[:, None]), strides=[_HOP], name="mel/stft"
        )
        real, imaginary = graph.split(spectrum, axis=1, name="mel/parts")
        powers = (
            graph.add("Mul", real, real, name="mel/real_power"),
            graph.add("Mul", imaginary, imaginary, name="mel/imaginary_power"),
        )
        power = graph.add("Add", *powers, name="mel/power")
        bands = self._bands(graph, power)
        floored = graph.add("Add", bands, graph.weight("mel/epsilon", 1e-5), name="mel/floor")
        level = graph.add("Log", floored, name="mel/log")
        decibels = graph.add("Mul", level, graph.weight("mel/per_bel", 10 / np.log(10)), name="mel/decibels")
        mean = graph.add("ReduceMean", decibels, axes=[1, 2], keepdims=1, name="mel/mean")
        centred = graph.add("Sub", decibels, mean, name="mel/centred")
        square = graph.add("Mul", centred, centred, name="mel/square")
        variance = graph.add("ReduceMean", square, axes=[1, 2], keepdims=1, name="mel/variance")
        unbiased = graph.add("Mul", variance, graph.weight("mel/bessel", 1.001), name="mel/unbiased")
        deviation = graph.add("Sqrt", unbiased, name="mel/deviation")
        safe = graph.add("Add", deviation, graph.weight("mel/least", 1e-3), name="mel/safe")
        normalized = graph.add("Div", centred, safe, name="mel/normalized")
        if self.filters_first:
            return graph.add("Transpose", normalized, perm=[0, 2, 1], name="mel/frames")
        return normalized

    def _bands(self, graph: _Graph, power: str) -> str:
        """Add triangular filters, which overlap by half; bands are the last axis unless they are the left factor."""
        middles, width = np.array(_band_middles()), _band_middles()[0]
        hertz = np.arange(_BINS) * RATE / _WINDOW
        filters = np.maximum(0, 1 - np.abs(hertz[:, None] - middles[None]) / width)
        if self.filters_first:
            return graph.add("MatMul", graph.weight("mel/filters", filters.T), power, name="mel/bands")
        frames = graph.add("Transpose", power, perm=[0, 2, 1], name="mel/frames")
        return graph.add("MatMul", frames, graph.weight("mel/filters", filters), name="mel/bands")

    def _encoder(self, graph: _Graph, bands: str) -> str:
        """Add residual blocks of random weights, small enough not to change a letter."""
        rng = np.random.default_rng(self.seed)
        hidden = graph.add("MatMul", bands, graph.weight("encoder/in", _orthonormal(rng).T), name="encoder/projection")
        for number in range(_BLOCKS):
            name = f"encoder/{number}"
            up = rng.normal(0, _HIDDEN**-0.5, (_HIDDEN, _INNER))
            down = rng.normal(0, 0.2 * _INNER**-0.5, (_INNER, _HIDDEN))
            inner = graph.add("MatMul", hidden, graph.weight(f"{name}/up", up), name=f"{name}/up_product")
            biased = graph.add("Add", inner, graph.weight(f"{name}/bias", np.zeros(_INNER)), name=f"{name}/biased")
            relu = graph.add("Relu", biased, name=f"{name}/relu")
            outer = graph.add("MatMul", relu, graph.weight(f"{name}/down", down), name=f"{name}/down_product")
            hidden = graph.add("Add", hidden, outer, name=f"{name}/sum")
        return hidden

    def _head(self, graph: _Graph, hidden: str) -> str:
        """Add the logits: a letter's band above its neighbours, and a constant for the blank."""
        rng = np.random.default_rng(self.seed)
        matched = np.zeros((_BANDS, len(LABELS)))
        for label in range(1, len(LABELS)):
            band = 2 + 2 * (label - 1)
            matched[[band - 1, band, band + 1], label] = (-0.5, 2.0, -0.5)
        logits = graph.add(
            "MatMul", hidden, graph.weight("head/weights", _orthonormal(rng) @ matched), name="head/product"
        )
        bias = np.zeros(len(LABELS))
        bias[0] = 2.5
        return graph.add("Add", logits, graph.weight("head/bias", bias), name="head/logits")

    def spoken(self, numbers: Sequence[int], *, words: int = 6) -> list[Spoken]:
        """Return one utterance for each number; every other one is quiet."""
        return [self._utterance(number, words) for number in numbers]

    def _utterance(self, number: int, words: int) -> Spoken:
        rng = np.random.default_rng(number)
        text = " ".join(rng.choice(_WORDS, words))
        loud, quiet = _LEVELS_DB
        level = 10 ** ((quiet + (loud - quiet) * rng.uniform(0.0, 0.35) if number % 3 else loud) / 20)
        wave = np.concatenate(list(_tones(text)))
        noise = rng.normal(0, 10 ** (_NOISE_DB / 20), len(wave))
        samples = (level * (wave + noise) * 0.9).astype(np.float32)
        return Spoken(f"u{number:03d}", text, encoded(samples, container="WAV", subtype="FLOAT"))


def _tones(text: str) -> Iterator[Array]:
    """Yield the tone of each character, with a pause around each."""
    pause, edge = np.zeros(int(_PAUSE_S * RATE), np.float32), np.zeros(int(_EDGE_S * RATE), np.float32)
    time_s = np.arange(int(_TONE_S * RATE)) / RATE
    envelope = np.hanning(len(time_s)) ** 0.25
    yield edge
    for character in text.replace(" ", "|"):
        yield (envelope * np.sin(2 * np.pi * _tone_hz(LABELS.index(character)) * time_s)).astype(np.float32)
        yield pause
    yield edge


def _orthonormal(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a matrix of (hidden, bands) with orthonormal columns; the same generator gives the same."""
    return np.linalg.qr(rng.normal(size=(_HIDDEN, _BANDS)))[0]
