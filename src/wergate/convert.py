"""Checkpoint to FP16 IR: weights stored in half precision, both input dimensions dynamic."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wergate import alphabet
from wergate import checkpoint as checkpoints
from wergate import frontend as frontends
from wergate.checkpoint import Checkpoint, load_frontend
from wergate.errors import SuiteError
from wergate.frontend import write_frontend
from wergate.progress import Progress
from wergate.store import Artifact, Store
from wergate.toolchain import source_digest, versions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODEL_FILE = "model.xml"
FRONTEND_FILE = "frontend.json"
INPUT_NAME = "input_values"
OUTPUT_NAME = "logits"
_EXAMPLE_SAMPLES = 16_000


def fp16_parts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what an FP16 IR depends on."""
    return {
        "checkpoint": checkpoint.digest,
        "versions": versions(("openvino", "torch", "transformers")),
        "source": source_digest(sys.modules[__name__], checkpoints, frontends, alphabet),
    }


def fp16_ir(store: Store, checkpoint: Checkpoint, load: Callable[[], PreTrainedModel], progress: Progress) -> Artifact:
    """Return the FP16 IR of a checkpoint: `model.xml`, `model.bin` and `frontend.json`.

    Args:
        load: gives the PyTorch model; called only where the IR has to be built.
    """

    def build(folder: Path) -> None:
        for target in progress([folder / MODEL_FILE], f"converting {checkpoint.name}", 1):
            model = load()
            export(model, target)
            write_frontend(load_frontend(checkpoint, model), folder / FRONTEND_FILE)

    return store.get("fp16-ir", fp16_parts(checkpoint), build)


def export(model: PreTrainedModel, path: Path) -> None:
    """Convert a CTC model and save its IR with compressed weights.

    The IR takes `input_values`, float32 (batch, samples), and gives `logits`, float32 (batch, frames, vocabulary).
    """
    import openvino as ov
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing warns of every shape check that it bakes in
        ir = ov.convert_model(
            model,
            example_input={INPUT_NAME: torch.zeros(1, _EXAMPLE_SAMPLES)},
            input=[(INPUT_NAME, ov.PartialShape([-1, -1]))],
        )
    ir.inputs[0].get_tensor().set_names({INPUT_NAME})
    ir.outputs[0].get_tensor().set_names({OUTPUT_NAME})
    save_ir(ir, path)


def save_ir(ir: Any, path: Path) -> None:
    """Save an IR with FP16 weights and make sure that the whole of it reached the disk.

    Raises:
        SuiteError: the saved file cannot be read back, as on a full disk.
    """
    import openvino as ov

    try:
        ov.save_model(ir, path, compress_to_fp16=True)
        ov.Core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise SuiteError(
            f"IR '{path.name}' could not be saved whole in '{path.parent}': {reason}; "
            "free some space or name another directory with --cache-dir DIR"
        ) from error
