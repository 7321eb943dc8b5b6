"""Compare forms of one INT8 graph that give the same or nearly the same logits, all interleaved.

    python docs/studies/graph_forms.py IR.xml [--seconds 12] [--rounds 12]

Each form is a rewrite of the IR at a fixed length. The table has the time relative to the IR as it is, with Student's t
over the rounds, the SQNR of the logits compared with it, and the share of the time in layers that only move data.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
from interleaved import by_lot, noise_feed, run_s, times_as_fast
from openvino import opset13 as opset

STREAMS = 2
CALLS = 6  # of each form in each round
MOVING = frozenset({"Transpose", "Reorder", "Reshape", "Concatenation", "Split"})


def as_it_is(_: openvino.Model) -> int:
    """Change nothing."""
    return 1


def one_product(model: openvino.Model) -> int:
    """Compute queries, keys and values as one product, and split it."""
    readers: dict[str, list[openvino.Node]] = {}
    for op in model.get_ordered_ops():
        if op.get_type_name() == "MatMul" and _weights(op) is not None:
            readers.setdefault(op.input_value(0).get_node().get_friendly_name(), []).append(op)
    found = [group for group in readers.values() if len(group) == 3]
    for group in found:
        stored, scales = zip(*(_weights(op) for op in group), strict=True)
        weights = opset.multiply(
            opset.convert(opset.constant(np.concatenate(stored)), "f32"), opset.constant(np.concatenate(scales))
        )
        product = opset.matmul(group[0].input_value(0), weights, False, True)
        parts = opset.variadic_split(product, opset.constant(2), opset.constant([len(each) for each in stored]))
        for op, part in zip(group, parts.outputs(), strict=True):
            op.output(0).replace(part)
    return len(found)


def products_for_short_kernels(model: openvino.Model) -> int:
    """Compute convolutions with kernel 2 and stride 2 as products of pairs of frames."""
    return _unfolded(model, kernels=(2,))


def products_for_kernels_2_and_3(model: openvino.Model) -> int:
    """Compute convolutions with kernel 2 or 3 and stride 2 as products: of pairs, and of every other frame."""
    return _unfolded(model, kernels=(2, 3))


def residuals_read_quantized(model: openvino.Model) -> int:
    """Let sums read what products read: the norm after its quantizer, divided by the factor of SmoothQuant."""
    moved = 0
    for op in model.get_ordered_ops():
        scaled = op.input_value(0).get_node() if op.get_type_name() == "FakeQuantize" else None
        if scaled is None or scaled.get_type_name() != "Multiply":
            continue
        for reader in list(scaled.input_value(0).get_target_inputs()):
            if reader.get_node().get_type_name() == "Add":
                factor = scaled.input_value(1).get_node().get_data()
                reader.replace_source_output(opset.multiply(op, opset.constant(1 / factor)).output(0))
                moved += 1
    return moved


FORMS: dict[str, Callable[[openvino.Model], int]] = {
    "as it is": as_it_is,
    "as it is, again": as_it_is,
    "one product for queries, keys and values": one_product,
    "kernel 2 as a product": products_for_short_kernels,
    "kernels 2 and 3 as products": products_for_kernels_2_and_3,
    "residuals read the quantized norm": residuals_read_quantized,
}


def _weights(op: openvino.Node) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the integer weights of a product or convolution and their scales; None if they are not in 8 bits."""
    scaled = op.input_value(1).get_node()
    if scaled.get_type_name() != "Multiply" or scaled.input_value(0).get_node().get_type_name() != "Convert":
        return None
    stored = scaled.input_value(0).get_node().input_value(0).get_node()
    return stored.get_data(), scaled.input_value(1).get_node().get_data()


def _unfolded(model: openvino.Model, *, kernels: tuple[int, ...]) -> int:
    found = 0
    for op in model.get_ordered_ops():
        weights = _weights(op) if op.get_type_name() == "Convolution" else None
        if weights is None or weights[0].shape[2] not in kernels or op.get_attributes()["strides"] != [2]:
            continue
        stored, scales = weights
        frames = op.output(0).get_shape()[2]
        by_frame = opset.transpose(op.input_value(0), opset.constant([0, 2, 1]))
        channels, kernel = stored.shape[1], stored.shape[2]
        pairs = opset.reshape(_frames(by_frame, 0, 2 * frames), opset.constant([1, frames, 2 * channels]), False)
        product = _product(pairs, stored[:, :, :2].transpose(0, 2, 1).reshape(len(stored), -1), scales)
        if kernel > 2:
            every_other = _frames(by_frame, 2, 2 * frames + 1, step=2)
            product = opset.add(product, _product(every_other, stored[:, :, 2], scales))
        op.output(0).replace(opset.transpose(product, opset.constant([0, 2, 1])).output(0))
        found += 1
    return found


def _frames(node: openvino.Node, start: int, stop: int, step: int = 1) -> openvino.Node:
    ends = (opset.constant([value]) for value in (start, stop, step))
    return opset.slice(node, *ends, opset.constant([1]))


def _product(node: openvino.Node, stored: np.ndarray, scales: np.ndarray) -> openvino.Node:
    weights = opset.convert(opset.constant(np.ascontiguousarray(stored)), "f32")
    return opset.matmul(node, opset.multiply(weights, opset.constant(scales.reshape(-1, 1))), False, True)


class Form:
    """A rewritten IR, compiled for one length.

    Attributes:
        places: number of places that were rewritten.
    """

    def __init__(self, path: Path, seconds: float, rewrite: Callable[[openvino.Model], int]) -> None:
        core = openvino.Core()
        model = core.read_model(path)
        self._feed = noise_feed(model, seconds)
        self.places = rewrite(model)
        model.validate_nodes_and_infer_types()
        options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": str(STREAMS)}
        self._compiled = core.compile_model(model, "CPU", options)
        self._profiled = core.compile_model(model, "CPU", options | {"NUM_STREAMS": "1", "PERF_COUNT": "YES"})
        self._queue = openvino.AsyncInferQueue(self._compiled)
        self.round_s()

    def logits(self) -> np.ndarray:
        """Return the logits of the noise."""
        return np.array(self._compiled.create_infer_request().infer(self._feed)[0])

    def round_s(self) -> float:
        """Return the seconds of a round."""
        return run_s(self._queue, self._feed, CALLS)

    def moving_share(self) -> float:
        """Return the share of the time in layers that only move data."""
        request = self._profiled.create_infer_request()
        for _ in range(3):
            request.infer(self._feed)
        found = [(info.node_type, info.real_time.total_seconds()) for info in request.profiling_info]
        return sum(seconds for kind, seconds in found if kind in MOVING) / sum(seconds for _, seconds in found)


def main() -> None:
    """Give all forms turns in random order, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ir", type=Path)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=12)
    asked = parser.parse_args()
    forms = {name: Form(asked.ir, asked.seconds, rewrite) for name, rewrite in FORMS.items()}
    times: dict[str, list[float]] = {name: [] for name in forms}
    for name in by_lot(forms, asked.rounds):
        times[name].append(forms[name].round_s())
    print("| form | places | times as fast (95 % interval) | SQNR dB | moves data |\n| --- | --- | --- | --- | --- |")
    expected = forms["as it is"].logits()
    for name, form in forms.items():
        ratio = times_as_fast(times["as it is"], times[name])
        noise = float(np.square(expected - form.logits()).sum())
        sqnr = f"{10 * math.log10(float(np.square(expected).sum()) / noise):.0f}" if noise else "equal"
        share = f"{100 * form.moving_share():.1f} %"
        print(f"| {name} | {form.places} | {ratio} | {sqnr} | {share} |", flush=True)


if __name__ == "__main__":
    main()
