"""ONNX files of a checkpoint: exported, and quantized dynamically and statically with ONNX Runtime's own tools."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wergate.corpora.corpus import Corpus
from wergate.environment.digest import source_digest
from wergate.environment.machine import cpu, versions
from wergate.models.checkpoint import Checkpoint, load_model
from wergate.networks.frontend import Frontend
from wergate.networks.ir.onnx_export import export_onnx
from wergate.store import Store

_FILE = "model.onnx"
_INPUT = "inputs"
_OPSET = 17  # the first opset with a layer normalization operator
_PACKAGES = ("onnx", "onnxruntime", "torch", "transformers")


def onnx_file(store: Store, name: str, checkpoint: Checkpoint, calibration: Corpus, frontend: Frontend) -> Path:
    """Return an ONNX file of a checkpoint, built if the store does not have it.

    Args:
        store: the store.
        name: "onnx", "onnx-dynamic" or "onnx-static".
        checkpoint: the checkpoint to export.
        calibration: utterances to calibrate the static file's ranges on.
        frontend: turns the calibration audio into the network's input.
    """
    exported = store.get("peer-onnx", _parts(checkpoint.digest), lambda folder: _export(checkpoint, folder / _FILE))
    source = exported.file(_FILE)
    # without 8-bit dot products the CPU sums two products in 16 bit,
    # and 8-bit weights overflow that sum
    options = {"per_channel": True, "reduce_range": not cpu().has_dot_products}
    if name == "onnx-dynamic":
        parts = _parts(exported.key, **options)
        dynamic = store.get("peer-onnx-dynamic", parts, lambda f: _quantize_dynamically(source, f / _FILE, options))
        return dynamic.file(_FILE)
    if name == "onnx-static":
        parts = _parts(exported.key, calibration=dict(calibration.digests), **options)

        def build(folder: Path) -> None:
            _quantize_statically(source, folder / _FILE, _features(calibration, frontend), options)

        return store.get("peer-onnx-static", parts, build).file(_FILE)
    return source


def _parts(made_from: str, **options: Any) -> dict[str, Any]:
    source = source_digest(__name__)
    return {"from": made_from, "options": options, "versions": versions(_PACKAGES), "source": source}


def _export(checkpoint: Checkpoint, path: Path) -> None:
    with _quiet():
        export_onnx(load_model(checkpoint), path, opset=_OPSET)


def _quantize_dynamically(source: Path, target: Path, options: dict[str, bool]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        prepared = _prepared(source, target)
        # convolutions stay in floating point, because their dynamic
        # kernel, ConvInteger, is slower than the floating-point one
        quantize_dynamic(
            prepared, target, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"], **options
        )
        prepared.unlink()


def _quantize_statically(source: Path, target: Path, inputs: Iterable[Any], options: dict[str, bool]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc] # the library is untyped
        """Iterator over the calibration inputs, in ONNX Runtime's protocol."""

        def __init__(self) -> None:
            self._inputs = iter(inputs)

        def get_next(self) -> dict[str, Any] | None:
            """Return the next input; None after the last."""
            features = next(self._inputs, None)
            return None if features is None else {_INPUT: features}

    with _quiet():
        prepared = _prepared(source, target)
        quantize_static(
            prepared,
            target,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            **options,
        )
        prepared.unlink()


def _prepared(source: Path, target: Path) -> Path:
    """Write the graph with inferred shapes and folded constants next to the target, and return its path."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    path = target.with_name("prepared.onnx")
    # symbolic shape inference fails on a traced model that takes raw waveforms
    quant_pre_process(source, path, skip_symbolic_shape=True)
    return path


def _features(calibration: Corpus, frontend: Frontend) -> Iterator[Any]:
    for utterance in calibration.utterances(frontend.sampling_rate):
        yield frontend.features(utterance.waveform.samples)[None]


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the log messages about single nodes; errors are still raised."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
