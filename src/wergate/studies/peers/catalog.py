"""Peers: inference engines and modes that run the same model on the same CPU, each with its vendor's settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from wergate.environment.machine import cpu

Kind = Literal["f32", "bf16", "int8"]
Engine = Literal["pytorch", "onnxruntime", "openvino"]
BASE = "pytorch-eager"


@dataclass(frozen=True)
class Peer:
    """One engine and mode that can run a model.

    Attributes:
        key: name in test ids and suite.toml.
        name: name in the table.
        engine: the library that runs the model.
        kind: the arithmetic. It determines how close to the reference the logits must be.
        settings: the vendor's advice for two cores, and the defaults that were kept (sources: docs/studies/peers.md).
        file: the file to load: "fp16", "int8", "onnx", "onnx-dynamic", "onnx-static"; empty for the checkpoint itself.
        bucketed: whether it runs at fixed lengths, with corpora padded to buckets.
    """

    key: str
    name: str
    engine: Engine
    kind: Kind
    settings: str
    file: str = ""
    bucketed: bool = False


_TORCH = "intra-op threads = cores for one utterance; a corpus two utterances at a time, one thread each"
_ORT = "all graph optimizations, threads stop spinning after a run; a corpus two utterances at a time, one thread each"
_OPENVINO = "hint LATENCY for one utterance; a corpus on two streams"
PEERS = (
    Peer("pytorch-eager", "PyTorch eager", "pytorch", "f32", f"inference_mode, SDPA attention; {_TORCH}"),
    Peer(
        "pytorch-compile",
        "torch.compile",
        "pytorch",
        "f32",
        "Inductor, dynamic shapes, freezing; threads = cores throughout, since the code is compiled for a thread count",
    ),
    Peer("pytorch-bf16", "PyTorch bf16 autocast", "pytorch", "bf16", f"autocast to bfloat16; {_TORCH}"),
    Peer(
        "pytorch-int8",
        "PyTorch dynamic INT8",
        "pytorch",
        "int8",
        f"quantize_dynamic on all linear layers, engine x86; {_TORCH}",
    ),
    Peer("onnxruntime-f32", "ONNX Runtime FP32", "onnxruntime", "f32", _ORT, "onnx"),
    Peer(
        "onnxruntime-dynamic",
        "ONNX Runtime dynamic INT8",
        "onnxruntime",
        "int8",
        f"pre-processed, matrix products only, per-channel weights, 7-bit without VNNI; {_ORT}",
        "onnx-dynamic",
    ),
    Peer(
        "onnxruntime-static",
        "ONNX Runtime static INT8",
        "onnxruntime",
        "int8",
        f"pre-processed, QDQ, U8 activations (min-max), per-channel weights, 7-bit without VNNI; {_ORT}",
        "onnx-static",
    ),
    Peer("openvino-f32", "OpenVINO f32", "openvino", "f32", f"FP16 IR, inference precision f32; {_OPENVINO}", "fp16"),
    Peer(
        "openvino-bf16", "OpenVINO bf16", "openvino", "bf16", f"FP16 IR, inference precision bf16; {_OPENVINO}", "fp16"
    ),
    Peer("openvino-int8", "OpenVINO INT8 dynamic", "openvino", "int8", f"INT8 IR, dynamic shapes; {_OPENVINO}", "int8"),
    Peer(
        "openvino-int8-bucketed",
        "OpenVINO INT8 bucketed",
        "openvino",
        "int8",
        "INT8 IR, static shapes: one utterance at its own length, a corpus padded to buckets on two streams",
        "int8",
        bucketed=True,
    ),
)
_BF16_ISAS = ("bf16", "amx")


def why_absent(peer: Peer, *, checkpoint: bool, padding_exact: bool) -> str | None:
    """Return why a peer cannot take part on this machine; None if no reason is known before it starts.

    Args:
        peer: the peer.
        checkpoint: whether the model is a checkpoint; PyTorch cannot run an ONNX file.
        padding_exact: whether padding leaves the logits of the model's IR unchanged.
    """
    if peer.engine == "pytorch" and not checkpoint:
        return "the model is an ONNX file"
    if peer.file in {"onnx-dynamic", "onnx-static"} and not checkpoint:
        return "this study quantizes only checkpoints with ONNX Runtime"
    if peer.bucketed and not padding_exact:
        return "padding would change this model's logits"
    if peer.kind == "bf16" and not any(name in cpu().isa for name in _BF16_ISAS):
        return "the CPU has no bf16"
    if peer.key == "pytorch-compile" and shutil.which("g++") is None:
        return "no C++ compiler: install g++"
    return None
