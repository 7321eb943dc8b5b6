"""Print what 8-bit attention costs in SQNR on every architecture, on tiny random checkpoints.

Run in the root of the repository: `PYTHONPATH=src:. python docs/studies/attention.py`.
With `ONEDNN_MAX_CPU_ISA=AVX2` the same IRs run without 8-bit dot products.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openvino as ov

from tests.support.architectures import ARCHITECTURES, Architecture
from tests.support.shipped import section
from tests.support.tiny import sound
from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.ir.conversion import export
from wergate.networks.ir.file import ir_signature
from wergate.networks.ir.work import ATTENTION, SOFTMAX
from wergate.networks.signature import Feed
from wergate.quantization.nncf import quantize

_SQNR_DB_MIN = 18.0  # less than the page recommends, so that more attentions take part
_CALIBRATION_S = (0.6, 0.8, 1.0)
_EVALUATION_S = (1.0, 4.0, 20.0)


def main(names: Sequence[str]) -> None:
    """Print a row for each architecture, or for those named."""
    lengths = ", ".join(f"{duration_s:g}" for duration_s in _EVALUATION_S)
    print(f"| architecture | attentions in 8 bits | SQNR dB without, at {lengths} s | with |")
    print("| --- | --- | --- | --- |")
    for architecture in ARCHITECTURES:
        if not names or architecture.id in names:
            with TemporaryDirectory() as folder:
                print(_row(architecture, Path(folder)), flush=True)


def _row(architecture: Architecture, folder: Path) -> str:
    checkpoint = resolve_checkpoint(str(architecture.save(folder / "checkpoint")), folder)
    model = load_model(checkpoint)
    frontend = load_frontend(checkpoint, model)
    fp16, without, product = (folder / f"{name}.xml" for name in ("fp16", "without", "with"))
    export(model, fp16)
    signature = ir_signature(fp16, len(frontend.alphabet.labels))

    def feeds(durations_s: Sequence[float], seed: int) -> list[Feed]:
        waveforms = (sound(duration_s, seed=seed + number) for number, duration_s in enumerate(durations_s))
        return [signature.feed(frontend.features(waveform)[None]) for waveform in waveforms]

    scope = IgnoredScope(types=list(architecture.ignored_types))
    for path, limit in ((without, None), (product, _SQNR_DB_MIN)):
        settings = section(QuantizationSettings, ignored_scope=scope, attention_sqnr_db_min=limit)
        quantize(fp16, feeds(_CALIBRATION_S, 0), settings, path)
    evaluation = feeds(_EVALUATION_S, 100)
    expected, *found = (_logits(path, evaluation) for path in (fp16, without, product))
    figures = (
        ", ".join(f"{_sqnr_db(one, other):.1f}" for one, other in zip(expected, own, strict=True)) for own in found
    )
    return f"| {architecture.id} | {_attentions(product)} | " + " | ".join(figures) + " |"


def _attentions(path: Path) -> str:
    operations = ov.Core().read_model(path).get_ops()
    apart = sum(op.get_friendly_name().endswith(f"{SOFTMAX}/fq_output_0") for op in operations)
    return f"{apart} of {apart + sum(op.get_type_name() == ATTENTION for op in operations)}"


def _logits(path: Path, feeds: Sequence[Feed]) -> list[np.ndarray]:
    request = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    return [np.array(request.infer(feed)[0]) for feed in feeds]


def _sqnr_db(expected: np.ndarray, found: np.ndarray) -> float:
    return 10 * math.log10(float(np.square(expected).sum() / np.square(expected - found).sum()))


if __name__ == "__main__":
    main(sys.argv[1:])
