"""Faults of kinds that no gate was made for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import openvino as ov
import torch

from tests.mutations.fault import Fault, Scratch
from tests.mutations.ir_edits import Layer, edit_model
from tests.mutations.ir_faults import Layers, in_graph, in_int8
from wergate.corpora.audio import Samples
from wergate.evaluation import inference as comparison
from wergate.evaluation import wer
from wergate.networks.frontend import Frontend
from wergate.networks.signature import Feed
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.pytorch import PyTorchRecognizer
from wergate.session import evaluations

_HOP = 320


def hears(change: Callable[[Samples], Samples]) -> Callable[[Scratch], None]:
    """Return a function that changes what the recognizers under test hear; the reference run is stored."""
    return partial(_change_features, change)


def _change_features(change: Callable[[Samples], Samples], _: Scratch) -> None:
    features = Frontend.features
    Frontend.features = lambda self, samples: features(self, change(samples))


def in_eight_bits(samples: Samples) -> Samples:
    return np.asarray(np.round(samples * 127) / 127, np.float32)


def one_hop_late(samples: Samples) -> Samples:
    return np.concatenate([np.zeros(_HOP, np.float32), samples])[: len(samples)]


def normalize_by_the_first_second(_: Scratch) -> None:
    def features(self: Frontend, samples: Samples) -> Samples:
        first = samples[: self.sampling_rate]
        return np.asarray((samples - first.mean()) / np.sqrt(first.var() + 1e-7), np.float32)

    Frontend.features = features


def collapse_double_letters(_: Scratch) -> None:
    decode: Callable[..., str] = comparison.greedy_decode
    comparison.greedy_decode = lambda *given: re.sub(r"(.)\1", r"\1", decode(*given))


def forget_biases(scratch: Scratch) -> None:
    edit_model(scratch.artifact("int8-ir") / "model.xml", _zero_biases)
    scratch.resign("int8-ir")


def _zero_biases(model: ov.Model) -> None:
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Add" and op.get_friendly_name().endswith("aten::linear/Add"):
            zeros = np.zeros(list(op.input_value(1).get_shape()), np.float32)
            op.input(1).replace_source_output(ov.opset13.constant(zeros).output(0))


def share_one_scale(layers: Layers) -> None:
    """Give all channels of a layer the scale of the one that needs the largest."""
    for layer in layers.values():
        _share(layer)


def _share(layer: Layer) -> None:
    values, largest = layer.weights * layer.scale, np.full_like(layer.scale, layer.scale.max())
    layer.weights = np.round(values / largest)
    layer.scale = largest


def mask_a_frame_less(scratch: Scratch) -> None:
    """Hide the last frame from FP16, which holds its buckets to 80 dB; INT8's own noise covers it."""
    scratch.options[-1] = "--precisions=fp16"
    feed = BucketedRecognizer._feed

    def short(self: BucketedRecognizer, samples: Samples, length: int) -> Feed:
        return feed(self, samples[:-_HOP], length)

    BucketedRecognizer._feed = short


def leave_out_long_utterances(_: Scratch) -> None:
    """Leave out what lasts ten seconds and more, silently."""
    evaluate = evaluations.evaluate

    def shorter(*given: Any, **named: Any) -> Any:
        found = evaluate(*given, **named)
        return replace(found, outcomes=tuple(o for o in found.outcomes if o.duration_s < 10))

    evaluations.evaluate = shorter


def write_the_references(_: Scratch) -> None:
    """Make INT8 write the transcript of the corpus wherever it would be wrong."""
    evaluate = evaluations.evaluate

    def perfect(*given: Any, **named: Any) -> Any:
        found = evaluate(*given, **named)
        return replace(found, outcomes=tuple(replace(o, hypothesis=o.text) for o in found.outcomes))

    evaluations.evaluate = perfect


def count_no_insertions(_: Scratch) -> None:
    count = wer._count
    wer._count = lambda **texts: replace(count(**texts), insertions=0)


def run_the_reference_in_bf16(scratch: Scratch) -> None:
    for kind in ("reference-run", "reference-logits"):
        shutil.rmtree(scratch.cache / kind, ignore_errors=True)

    def logits(self: PyTorchRecognizer, waveforms: Samples) -> Any:
        batch = np.stack([self.frontend.features(samples) for samples in waveforms])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return self._load()(torch.from_numpy(batch)).logits.float().numpy()

    PyTorchRecognizer.logits = logits


FAULTS = (
    Fault("samples rounded to eight bits", "sqnr_db", hears(in_eight_bits)),
    Fault("audio one frame late", "sqnr_db", hears(one_hop_late)),
    Fault("audio normalized by its first second", "reference_sqnr_db", normalize_by_the_first_second),
    Fault("double letters written once", "worse_rate", collapse_double_letters),
    Fault("biases of all layers left out", "sqnr_db", forget_biases),
    Fault("activations in 64 levels", "int8_work", in_graph(r'\blevels="25[0-9]"', 'levels="64"')),
    Fault("one scale for all channels of a layer", "weight_error", in_int8(share_one_scale)),
    Fault("the mask one frame short", "bucket_sqnr_db", mask_a_frame_less),
    Fault("long utterances left out", "utterances_left_out", leave_out_long_utterances),
    Fault("transcripts of the corpus in place of INT8's", "decoding_differs", write_the_references),
    Fault("insertions not counted", "wer_headline_difference", count_no_insertions),
    Fault("a reference model in bf16", "fp16_sqnr_db", run_the_reference_in_bf16),
)
