"""Quantization of an FP16 IR to an INT8 IR with POT, in the same steps as the tutorial."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pot_driver.reversion import reverted
from pot_driver.transcript import Speller


class UnknownOperationError(Exception):
    """An ignored scope names an operation that is not in the IR."""


def quantize(job: Mapping[str, Any]) -> dict[str, Any]:
    """Quantize the job's `ir` with `algorithm` and its `params`, and write the INT8 IR to `folder`.

    Returns:
        `seconds` of the quantization, number of calibration `utterances`, names of `reverted` operations, and the
        `wers` of the FP16 model, of the fully quantized model and of the result. The last two are empty unless the
        quantization is accuracy-aware.

    Raises:
        UnknownOperationError: the ignored scope names an operation that is not in the IR.
    """
    from openvino.tools.pot import compress_model_weights, create_pipeline, load_model, save_model

    from pot_driver.engine import FULLY_QUANTIZED, MeasuringEngine
    from pot_driver.loader import LibriSpeechDataLoader
    from pot_driver.metric import NAME, WERMetric

    input_name = _require_known(job["ir"], job["params"]["ignored"]["scope"])
    paths = {"model": job["ir"], "weights": str(Path(job["ir"]).with_suffix(".bin"))}
    model = load_model(model_config={"model_name": job["name"]} | paths)
    if job["rescale_all"]:
        _rescale_weights(model)
    loader = LibriSpeechDataLoader(job["utterances"], input_name, job["sample_limit"])
    engine = MeasuringEngine(loader, WERMetric(Speller(**job["speller"])))
    params = job["params"] | {"exec_log_dir": str(Path.cwd())}
    pipeline = create_pipeline(algo_config=[{"name": job["algorithm"], "params": params}], engine=engine)
    print(f"Quantizing model with {params['preset']} preset and {job['algorithm']}", flush=True)
    started = time.perf_counter()
    compressed = pipeline.run(model=model)
    seconds = time.perf_counter() - started
    print(f"Quantization finished in {seconds:.2f} seconds", flush=True)
    compress_model_weights(compressed)
    saved = save_model(model=compressed, save_path=job["folder"], model_name=job["name"])
    Path(saved[0]["model"]).with_suffix(".mapping").unlink(missing_ok=True)
    report = {"seconds": seconds, "utterances": len(loader)}
    if not FULLY_QUANTIZED.exists():
        return report | {"reverted": [], "wers": []}
    final = pipeline.evaluate(compressed)[NAME]
    return report | {"reverted": reverted(str(FULLY_QUANTIZED), saved[0]["model"]), "wers": [*engine.wers[:2], final]}


def _require_known(ir: str, names: Iterable[str]) -> str:
    """Raise an error if the IR lacks one of these operations; return the name of its input."""
    from openvino.runtime import Core

    model = Core().read_model(ir)
    known = [operation.get_friendly_name() for operation in model.get_ops()]
    for name in names:
        if name not in known:
            nearest = ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.3)) or "none"
            raise UnknownOperationError(f"'{name}' is not an operation of the IR; the nearest are: {nearest}")
    return str(model.inputs[0].get_node().get_friendly_name())


def _rescale_weights(model: Any) -> None:
    """Mark all constant weights to be limited to seven bits."""
    # POT's own option `saturation_fix: all` does the same, but fails on products of two activations, as in attention.
    from openvino.tools.pot.graph.model_utils import get_nodes_by_type
    from openvino.tools.pot.graph.node_utils import get_node_input

    for node in get_nodes_by_type(model, ["Convolution", "GroupConvolution", "MatMul"]):
        weights = get_node_input(node, 1)
        if weights.type == "Convert":  # FP16 constants are behind a Convert
            weights = get_node_input(weights, 0)
        node["need_rescale"] = weights.type == "Const"
