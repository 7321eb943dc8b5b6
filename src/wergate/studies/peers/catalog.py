"""Peers: other ways to run the same model on the same CPU, each with the settings that its makers advise."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from wergate.environment import cpu

Kind = Literal["f32", "bf16", "int8"]
Engine = Literal["pytorch", "onnxruntime", "openvino"]
BASE = "pytorch-eager"


@dataclass(frozen=True)
class Peer:
    """One way to run a model.

    Attributes:
        key: as test ids and suite.toml have it.
        name: as the table has it.
        kind: the arithmetic, which decides how near to the reference its answers must be.
        settings: what its makers advise for two cores, and what was left as it comes; docs/peers.md says where.
        bucketed: whether it runs at fixed lengths, to which a corpus is padded.
        file: what it loads: "fp16", "int8", "onnx", "onnx-dynamic", "onnx-static"; empty for the checkpoint itself.
    """

    key: str
    name: str
    engine: Engine
    kind: Kind
    settings: str
    file: str = ""
    bucketed: bool = False


_TORCH = "intra-op threads = cores for one utterance; a corpus two at a time, a thread each"
_ORT = "all graph optimizations, threads stop spinning behind a run; a corpus two at a time, a thread each"
_OPENVINO = "hint LATENCY for one utterance; a corpus on two streams"
PEERS = (
    Peer("pytorch-eager", "PyTorch eager", "pytorch", "f32", f"inference_mode, SDPA attention; {_TORCH}"),
    Peer(
        "pytorch-compile",
        "torch.compile",
        "pytorch",
        "f32",
        "Inductor, dynamic shapes, freezing; threads = cores throughout: its code is compiled for a number of them",
    ),
    Peer("pytorch-bf16", "PyTorch bf16 autocast", "pytorch", "bf16", f"autocast to bfloat16; {_TORCH}"),
    Peer(
        "pytorch-int8",
        "PyTorch dynamic INT8",
        "pytorch",
        "int8",
        f"quantize_dynamic of all linear layers, engine x86; {_TORCH}",
    ),
    Peer("onnxruntime-f32", "ONNX Runtime FP32", "onnxruntime", "f32", _ORT, "onnx"),
    Peer(
        "onnxruntime-dynamic",
        "ONNX Runtime dynamic INT8",
        "onnxruntime",
        "int8",
        f"pre-processed, matrix products only, weights by channel, seven bits where the CPU has no VNNI; {_ORT}",
        "onnx-dynamic",
    ),
    Peer(
        "onnxruntime-static",
        "ONNX Runtime static INT8",
        "onnxruntime",
        "int8",
        f"pre-processed, QDQ, U8 activations by their extremes, weights by channel, seven bits without VNNI; {_ORT}",
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
        "INT8 IR, fixed shapes: one utterance at its own length, a corpus padded to buckets on two streams",
        "int8",
        bucketed=True,
    ),
)
_BF16_ISAS = ("bf16", "amx")


def why_absent(peer: Peer, *, checkpoint: bool, padding_exact: bool) -> str | None:
    """Return why a peer cannot take part here, as far as that is known before it is started.

    Args:
        checkpoint: whether the model is one; PyTorch cannot run an ONNX file.
        padding_exact: whether its IR can be told what is padding.
    """
    if peer.engine == "pytorch" and not checkpoint:
        return "the model is an ONNX file"
    if peer.file in {"onnx-dynamic", "onnx-static"} and not checkpoint:
        return "only a checkpoint is quantized with ONNX Runtime here"
    if peer.bucketed and not padding_exact:
        return "padding would change what this model hears"
    if peer.kind == "bf16" and not any(name in cpu().isa for name in _BF16_ISAS):
        return "CPU has no bf16"
    if peer.key == "pytorch-compile" and shutil.which("g++") is None:
        return "no C++ compiler: install g++"
    return None
