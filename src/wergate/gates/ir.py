"""Verdicts on an IR: its size, its graph against the stored counts, its weights, and what runs in 8 bit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from wergate.errors import SuiteError
from wergate.models.variant import Variant
from wergate.networks.ir.execution import ExecutedWork
from wergate.networks.ir.weights import LayerWeights
from wergate.verdict import Verdict

GRAPH_BASELINE = "graph.json"
Counts = Mapping[str, int]


def executed_verdict(work: ExecutedWork, variant: Variant) -> Verdict:
    """Gate the share of multiply-accumulates that run in 8 bit, those of an attention among them."""
    fallbacks = ", ".join(f"{layer.name} ({layer.precision}: {layer.reason})" for layer in work.fallbacks[:3])
    return Verdict(
        gate="int8_work",
        subject=variant.subject,
        value=work.int8_share,
        relation=">=",
        threshold=variant.thresholds.int8_work_min,
        basis=f"{len(work.layers) - len(work.fallbacks)} of {len(work.layers)} layers in 8 bit",
        scope=variant.model,
        remedy=f"heaviest layers in another precision: {fallbacks}; see whether the ignored scope is too wide",
    )


def weights_verdict(layers: Sequence[LayerWeights], threshold: float, variant: Variant) -> Verdict:
    """Gate the 8-bit weights that are furthest from the FP16 IR's; a layer that it does not know is infinitely far."""
    errors = [layer.error if layer.known else math.inf for layer in layers] or [math.inf]
    worst = int(np.argmax(errors))
    return Verdict(
        gate="weight_error",
        subject=variant.subject,
        value=errors[worst],
        relation="<=",
        threshold=threshold,
        basis=layers[worst].name if layers else "no layer has 8-bit weights",
        scope=f"{variant.model}, {len(layers)} layers",
        remedy="that is no rounding: the IR was made of other weights, or a layer of it is spoilt; build it again",
    )


def precision_verdict(asked: str, runs: str, *, wanted: str, variant: Variant) -> Verdict:
    """Gate the inference precision: what the runtime was asked for, and what it says it took, are what is wanted."""
    return Verdict(
        gate="inference_precision_differs",
        subject=variant.subject,
        value=int(asked != wanted) + int(runs != wanted),
        relation="==",
        threshold=0,
        basis=f"{wanted} wanted, {asked} asked for, {runs} taken",
        scope=variant.model,
        remedy="logits in another precision are another model's; a device without it cannot be gated with it",
    )


def size_verdict(variant: Variant, *, ir_bytes: int, weight_bytes: int) -> Verdict:
    """Gate the IR's size against the checkpoint's."""
    return Verdict(
        gate="size_ratio",
        subject=variant.subject,
        value=ir_bytes / weight_bytes,
        relation="<=",
        threshold=variant.thresholds.size_ratio_max,
        basis=f"{ir_bytes / 1e6:.2f} MB of the checkpoint's {weight_bytes / 1e6:.2f} MB",
        scope=variant.model,
        remedy="see whether weights were compressed: FP16 constants, i8 weights",
    )


def count_verdicts(counts: Counts, baseline: Counts, variant: Variant) -> tuple[Verdict, ...]:
    """Gate each count against the stored one; a count that only one side knows is zero on the other."""
    return tuple(
        Verdict(
            gate=name,
            subject=variant.subject,
            value=counts.get(name, 0),
            relation="==",
            threshold=baseline.get(name, 0),
            basis="stored baseline",
            scope=variant.model,
            remedy="see what changed in the toolchain or the ignored scope; if it is meant, --update-baselines",
        )
        for name in sorted({*counts, *baseline})
    )


def read_baseline(path: Path, key: str) -> Counts | None:
    """Return the counts stored under a key, or None where there are none yet.

    Raises:
        SuiteError: the file is not what `write_baseline` writes.
    """
    return _read(path).get(key)


def write_baseline(path: Path, key: str, counts: Counts) -> None:
    """Store counts under a key, the file sorted so that a review sees a small difference."""
    stored = {**_read(path), key: dict(counts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Counts]:
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): {str(name): int(count) for name, count in counts.items()} for key, counts in stored.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise SuiteError(
            f"baseline '{path}' cannot be read ({error}); counts by name are expected; "
            "restore it from the repository or write it anew with --update-baselines"
        ) from error
