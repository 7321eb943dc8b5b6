"""Gates on an IR: size, graph counts against the stored baseline, weights, and precision of execution."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from wergate.disk.files import change_file
from wergate.errors import SuiteError
from wergate.evaluation.activations import RangeComparison
from wergate.models.variant import Variant
from wergate.networks.ir.equivalence import GraphComparison
from wergate.networks.ir.execution import ExecutedWork
from wergate.networks.ir.precision import RunPrecision
from wergate.networks.ir.ranges import RangeWidth
from wergate.networks.ir.weights import LayerWeights
from wergate.verdict import Verdict

GRAPH_BASELINE = "graph.json"
Counts = Mapping[str, int]


def executed_verdict(work: ExecutedWork, variant: Variant) -> Verdict:
    """Gate the share of multiply-accumulates that run in 8 bit, including those of attention."""
    fallbacks = ", ".join(f"{layer.name} ({layer.precision}: {layer.reason})" for layer in work.fallbacks[:3])
    return Verdict(
        gate="int8_work",
        subject=variant.subject,
        value=work.int8_share,
        relation=">=",
        threshold=variant.thresholds.int8_work_min,
        basis=f"{len(work.layers) - len(work.fallbacks)} of {len(work.layers)} layers in 8 bit",
        scope=variant.model,
        remedy=f"heaviest layers in another precision: {fallbacks}; "
        "check whether quantization.ignored_scope is too wide",
    )


def weights_verdict(layers: Sequence[LayerWeights], threshold: float, variant: Variant) -> Verdict:
    """Gate the error of 8-bit weights against the FP16 IR, in the layer that exceeds its limit most.

    The limit of a layer is the threshold, or what rounding alone can make of its weights if that is more. An unknown
    layer has an infinite error.
    """
    errors = [layer.error if layer.known else math.inf for layer in layers] or [math.inf]
    limits = [max(threshold, layer.rounding) for layer in layers] or [threshold]
    worst = int(np.argmax([error / limit if limit else error for error, limit in zip(errors, limits, strict=True)]))
    return Verdict(
        gate="weight_error",
        subject=variant.subject,
        value=errors[worst],
        relation="<=",
        threshold=limits[worst],
        basis=_compared(layers[worst]) if layers else "no layer has 8-bit weights",
        scope=f"{variant.model}, {len(layers)} layers",
        remedy="difference exceeds rounding error: the IR was built from other weights, or this layer is corrupt; "
        "rebuild it",
    )


def _compared(layer: LayerWeights) -> str:
    if not layer.known:
        return f"{layer.name}, which the FP16 IR does not have"
    return f"{layer.name} compared with the FP16 IR; rounding alone explains {layer.rounding:.4f}"


def ranges_verdict(comparison: RangeComparison, threshold: float, variant: Variant) -> Verdict:
    """Gate the activation range that differs most from what utterances need, in bits.

    The limit of a range is the threshold, or what the choice of the utterances explains if that is more.
    """
    widths = comparison.widths
    limits = [max(threshold, width.chance) for width in widths]
    excess = [_deviation(width) / limit for width, limit in zip(widths, limits, strict=True)]
    worst = int(np.argmax(excess))
    whose = "calibration utterances" if comparison.calibrated else "utterances; the rule of the ranges is unknown"
    return Verdict(
        gate="activation_range_bits",
        subject=variant.subject,
        value=_deviation(widths[worst]),
        relation="<=",
        threshold=limits[worst],
        basis=f"{widths[worst].name} {_described(widths[worst])} of {comparison.utterances} {whose}",
        scope=f"{variant.model}, {comparison.corpus}, {len(widths)} ranges",
        remedy="the range does not belong to this audio or was changed later: quantize again, or calibrate on speech "
        "that is typical of the model's input",
    )


def _deviation(width: RangeWidth) -> float:
    return math.inf if math.isnan(width.bits) else abs(width.bits)


def _described(width: RangeWidth) -> str:
    if math.isnan(width.bits):
        return "is not finite, whatever the values"
    if math.isinf(width.bits):
        return "is empty or covers none of the values"
    if width.bits >= 0:
        return f"is {2**width.bits:.3g} times as wide as the values"
    return f"covers {2**width.bits:.2g} of the values"


def graph_verdict(comparison: GraphComparison, variant: Variant) -> Verdict:
    """Gate the number of places where an IR without its quantization differs from the FP16 IR."""
    first = comparison.differences[0] if comparison.differences else None
    found = f"; first: {first.name} {first.reason}" if first else ""
    return Verdict(
        gate="graph_differs",
        subject=variant.subject,
        value=len(comparison.differences),
        relation="==",
        threshold=0,
        basis=f"{comparison.matched} of {comparison.operations} operations compared with the FP16 IR{found}",
        scope=variant.model,
        remedy="the network itself changed, not only its precision: build the IR again from the FP16 IR, "
        "and check what else edits it",
    )


def precision_verdict(models: Sequence[RunPrecision], *, wanted: str, variant: Variant, corpus: str) -> Verdict:
    """Gate the inference precision of every compiled model that transcribes a corpus.

    Args:
        models: precision of each compiled model: as it was asked for, as it reports it, and layer by layer.
        wanted: precision that the configuration states.
        corpus: name of the corpus.
    """
    wrong = [model for model in models if not model.is_in(wanted)]
    shown = wrong[0] if wrong else models[0]
    where = "for any length" if shown.samples is None else f"for {shown.samples} samples"
    half = f"{len(shown.half)} of {shown.layers} layers in half precision"
    number = f"{len(models)} compiled model{'s' if len(models) > 1 else ''}"
    return Verdict(
        gate="inference_precision_differs",
        subject=variant.subject,
        value=len(wrong),
        relation="==",
        threshold=0,
        basis=f"{number}, {wanted} expected; the one {where}: requested {shown.asked}, "
        f"runtime reports {shown.reported}, {half}",
        scope=f"{variant.model}, {corpus}",
        remedy="this run says nothing about the expected precision: use a device that supports it, or change "
        "inference_precision",
    )


def size_verdict(
    variant: Variant, *, ir_bytes: int, weight_bytes: int, stored_bytes: int | None = None, graph_bytes: int = 0
) -> Verdict:
    """Gate the size of the IR relative to the checkpoint.

    Args:
        variant: the variant.
        ir_bytes: size of the IR.
        weight_bytes: size of the checkpoint at four bytes a parameter.
        stored_bytes: size of the checkpoint's files, if it is another.
        graph_bytes: part of the IR's size that its graph takes, the `.xml`.
    """
    basis = f"IR {ir_bytes / 1e6:.2f} MB, checkpoint {weight_bytes / 1e6:.2f} MB"
    if stored_bytes is not None and stored_bytes < weight_bytes:
        basis += f" at four bytes a parameter, {stored_bytes / 1e6:.2f} MB as stored in half precision"
    return Verdict(
        gate="size_ratio",
        subject=variant.subject,
        value=ir_bytes / weight_bytes,
        relation="<=",
        threshold=variant.thresholds.size_ratio_max,
        basis=basis,
        scope=variant.model,
        remedy=_size_remedy(variant, ir_bytes, weight_bytes, graph_bytes),
    )


def _size_remedy(variant: Variant, ir_bytes: int, weight_bytes: int, graph_bytes: int) -> str:
    """Return the next step: the graph of a tiny network takes more room than its weights."""
    if (ir_bytes - graph_bytes) / weight_bytes <= variant.thresholds.size_ratio_max:
        return (
            f"the graph alone, the .xml, takes {graph_bytes / 1e6:.2f} MB, and the weights are small enough: raise "
            f"thresholds.{variant.precision}.size_ratio_max for so small a network"
        )
    return "check whether the weights are compressed: FP16 constants, i8 weights"


def count_verdicts(counts: Counts, baseline: Counts, variant: Variant) -> tuple[Verdict, ...]:
    """Gate each count against the stored one; a count that one side lacks is zero there."""
    return tuple(
        Verdict(
            gate=name,
            subject=variant.subject,
            value=counts.get(name, 0),
            relation="==",
            threshold=baseline.get(name, 0),
            basis="stored baseline",
            scope=variant.model,
            remedy="check what changed in the toolchain or in quantization.ignored_scope; "
            "if the change is intended, run with --update-baselines",
        )
        for name in sorted({*counts, *baseline})
    )


def read_baseline(path: Path, key: str) -> Counts | None:
    """Return the counts stored under a key, or None if there are none yet.

    Raises:
        SuiteError: `write_baseline` did not write the file.
    """
    return _read(path).get(key)


def write_baseline(path: Path, key: str, counts: Counts) -> None:
    """Store counts under a key, in a sorted file so that reviews see small diffs.

    Raises:
        SuiteError: the file cannot be read or written.
    """

    def with_counts() -> str:
        return json.dumps({**_read(path), key: dict(counts)}, indent=1, sort_keys=True) + "\n"

    change_file(path, with_counts, what="baselines")


def _read(path: Path) -> dict[str, Counts]:
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): {str(name): int(count) for name, count in counts.items()} for key, counts in stored.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise SuiteError(
            f"baseline '{path}' cannot be read ({error}); counts by name are expected; "
            "restore it from the repository or write a new one with --update-baselines"
        ) from error
