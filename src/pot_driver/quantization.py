"""FP16 IR to INT8 IR with POT, step by step as the tutorial did it."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pot_driver.reversion import reverted
from pot_driver.transcript import Speller


class UnknownOperationError(Exception):
    """An ignored scope names an operation that the IR does not have."""


def quantize(job: Mapping[str, Any]) -> dict[str, Any]:
    """Quantize `ir` with `algorithm` and its `params`, calibrated on `utterances`, and write an IR to `folder`."""
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
    found = {"seconds": seconds, "utterances": len(loader)}
    if not FULLY_QUANTIZED.exists():
        return found | {"reverted": [], "wers": []}
    final = pipeline.evaluate(compressed)[NAME]
    return found | {"reverted": reverted(str(FULLY_QUANTIZED), saved[0]["model"]), "wers": [*engine.wers[:2], final]}


def _require_known(ir: str, names: Iterable[str]) -> str:
    """Refuse names that the IR does not have, and return its input's."""
    from openvino.runtime import Core

    model = Core().read_model(ir)
    known = [operation.get_friendly_name() for operation in model.get_ops()]
    for name in names:
        if name not in known:
            nearest = ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.3)) or "none is near"
            raise UnknownOperationError(f"'{name}' is no operation of the IR; the nearest are: {nearest}")
    return str(model.inputs[0].get_node().get_friendly_name())


def _rescale_weights(model: Any) -> None:
    """Have all constant weights kept within seven bits.

    POT's own `saturation_fix: all` means the same, but fails on a product of two activations, as attention has.
    """
    from openvino.tools.pot.graph.model_utils import get_nodes_by_type
    from openvino.tools.pot.graph.node_utils import get_node_input

    for node in get_nodes_by_type(model, ["Convolution", "GroupConvolution", "MatMul"]):
        weights = get_node_input(node, 1)
        if weights.type == "Convert":  # of FP16 constants
            weights = get_node_input(weights, 0)
        node["need_rescale"] = weights.type == "Const"
