"""ONNX files for tests: a network whose transcript its waveform spells out, and the tutorial's export."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RECEPTIVE_FIELD = 400
HOP = 320
_SHARPNESS = 200.0


@dataclass(frozen=True)
class Spelling:
    """A network whose best label in each frame follows from the mean of the frame's samples.

    Attributes:
        labels: number of labels; samples of value k / labels spell label k.
        names: names of the waveform and of the logits.
        channel: True for a waveform of shape (batch, 1, samples) instead of (batch, samples).
        mask: element type of an input with a mask; None for no such input.
        ones_are_padding: True for a mask that is 1 for padding instead of speech.
        length: element type of an input with the number of samples; None for no such input. With it, the number of
            frames is an additional output, before the logits.
        log_probabilities: True for log probabilities as output instead of logits.
        labels_major: True for logits of shape (batch, vocabulary, frames).
        batch: False to fix the batch size to 1.
        padding: number of samples that the network pads at both ends.
        wanted: smallest number of samples that the network accepts.
        declared: True if the file states the number of labels.
    """

    labels: int
    names: tuple[str, str] = ("x.1", "y")
    channel: bool = False
    mask: str | None = None
    ones_are_padding: bool = False
    length: str | None = None
    log_probabilities: bool = False
    labels_major: bool = False
    batch: bool = True
    padding: int = 0
    wanted: int = 1
    declared: bool = False

    def export(self, path: Path, **options: Any) -> Path:
        """Write the network as an ONNX file."""
        import torch

        inputs = {self.names[0]: torch.zeros(*([1, 1, 16_000] if self.channel else [1, 16_000]))}
        if self.mask:
            speech = torch.zeros if self.ones_are_padding else torch.ones
            inputs["m"] = speech(1, 16_000, dtype=getattr(torch, self.mask))
        if self.length:
            inputs["n"] = torch.full((1,), 16_000, dtype=getattr(torch, self.length))
        outputs = ["frames", self.names[1]] if self.length else [self.names[1]]
        frames = 2 if self.labels_major else 1
        open_axes = (frames,) if self.declared else (1, 2)
        return export(self._module(), path, inputs, outputs, batch=self.batch, open_axes=open_axes, **options)

    def write(self, path: Path) -> Path:
        """Write the network without PyTorch, as a convolution and a transposition; only the field `labels` applies."""
        from onnx import TensorProto, helper, numpy_helper, save_model

        weight, bias = self._levels()
        tensors = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")]
        nodes = [
            helper.make_node("Unsqueeze", ["x", "axes"], ["channel"]),
            helper.make_node("Conv", ["channel", "weight", "bias"], ["major"], strides=[HOP], name="encoder"),
            helper.make_node("Transpose", ["major"], ["y"], perm=[0, 2, 1]),
        ]
        graph = helper.make_graph(
            nodes,
            "spelling",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "samples"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "frames", self.labels])],
            [*tensors, numpy_helper.from_array(np.array([1]), "axes")],
        )
        save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    def _levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight, shape (labels, 1, samples), and the bias, shape (labels,), of the convolution."""
        # The squared distance of the mean to a level is least where 2 * mean * level - level ** 2 is largest.
        levels = np.arange(self.labels, dtype=np.float32) / self.labels
        weight = np.zeros((self.labels, 1, RECEPTIVE_FIELD), np.float32)
        weight[:, 0, :HOP] = _SHARPNESS * 2 * levels[:, None] / HOP
        return weight, -_SHARPNESS * levels**2

    def waveform(self, ids: Sequence[int]) -> np.ndarray:
        """Return a waveform that spells the given labels, one per frame: float32, shape (samples,)."""
        levels = np.repeat(np.asarray(ids) / self.labels, HOP)
        rest = np.full(RECEPTIVE_FIELD - HOP, levels[-1])
        return np.concatenate([levels, rest]).astype(np.float32)

    def _module(self) -> Any:
        import torch

        spelling = self

        class Network(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.encoder = torch.nn.Conv1d(1, spelling.labels, RECEPTIVE_FIELD, HOP, padding=spelling.padding)
                with torch.no_grad():
                    for parameter, values in zip(self.encoder.parameters(), spelling._levels(), strict=True):
                        parameter.copy_(torch.from_numpy(values))

            def forward(self, waveform: Any, *more: Any) -> Any:
                if spelling.mask:
                    speech = more[0] == 0 if spelling.ones_are_padding else more[0]
                    waveform = waveform * speech.to(waveform.dtype)
                waveform = waveform if spelling.channel else waveform[:, None]
                logits = self.encoder(waveform)
                if spelling.wanted > 1:
                    whole = torch.nn.functional.conv1d(waveform, torch.ones(1, 1, spelling.wanted))
                    logits = logits + 0 * whole.mean()
                if spelling.log_probabilities:
                    logits = torch.log_softmax(logits, 1)
                logits = logits if spelling.labels_major else logits.transpose(1, 2)
                if not spelling.length:
                    return logits
                return torch.div(more[-1] - RECEPTIVE_FIELD, HOP, rounding_mode="floor") + 1, logits

        return Network()


def export(
    module: Any,
    path: Path,
    inputs: dict[str, Any],
    outputs: Sequence[str],
    *,
    batch: bool = True,
    open_axes: Sequence[int] = (1, 2),
    **options: Any,
) -> Path:
    """Export a module to ONNX in the same way as the tutorial, with dynamic axes.

    Args:
        module: the network.
        path: file to write.
        inputs: example tensors by input name.
        outputs: names of the outputs.
        batch: True for a dynamic batch size.
        open_axes: dynamic axes of the outputs.
        options: further options of `torch.onnx.export`.
    """
    import torch

    axes = {0: "batch_size"} if batch else {}
    last = {name: {len(value.shape) - 1: f"{name}_len"} if value.ndim > 1 else {} for name, value in inputs.items()}
    dynamic = {name: axes | last[name] for name in inputs}
    dynamic |= {name: axes if name == "frames" else axes | {axis: f"d{axis}" for axis in open_axes} for name in outputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns about every shape check that it turns into a constant
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=dynamic,
            dynamo=False,
            **options,
        )
    return path


def export_tutorial(folder: Path, path: Path, *, half: bool = False, opset: int | None = None) -> Path:
    """Export a Data2Vec checkpoint as in the tutorial: opset 11, `inputs` to `logits`, both axes dynamic.

    Args:
        folder: the checkpoint.
        path: file to write.
        half: True for weights, input and arithmetic in half precision.
        opset: another operator set; half precision needs 14, which is then the default.
    """
    import torch
    from transformers import AutoModelForCTC

    dtype = torch.float16 if half else torch.float32
    model = AutoModelForCTC.from_pretrained(folder, attn_implementation="eager", dtype=dtype)

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: Any) -> Any:
            return self.model(inputs).logits

    example = {"inputs": torch.zeros(1, 30_480, dtype=dtype)}
    return export(Logits(), path, example, ["logits"], opset_version=opset or (14 if half else 11))


def with_weights_in(kind: str, source: Path, path: Path) -> Path:
    """Write a copy of an ONNX file that stores its weights in half precision and casts them to float32.

    Args:
        kind: "FLOAT16" or "BFLOAT16", ONNX's names of the two types.
        source: the file, of opset 13 or later.
        path: file to write.
    """
    import torch
    from onnx import TensorProto, helper, load, numpy_helper, save_model

    proto = load(source)
    stored = [tensor for tensor in proto.graph.initializer if tensor.data_type == TensorProto.FLOAT]
    for tensor in stored:
        name, values = tensor.name, torch.from_numpy(numpy_helper.to_array(tensor).copy())
        bits = values.to(getattr(torch, kind.lower())).view(torch.int16).numpy().tobytes()
        # as raw data: OpenVINO 2026.4.1 takes the bits of a bfloat16 outside of it for an integer
        half = helper.make_tensor(f"{name}.half", getattr(TensorProto, kind), tensor.dims, bits, raw=True)
        proto.graph.initializer.remove(tensor)
        proto.graph.initializer.append(half)
        proto.graph.node.insert(0, helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    save_model(proto, path)
    return path
