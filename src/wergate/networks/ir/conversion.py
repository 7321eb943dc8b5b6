"""Checkpoint to FP16 IR: weights stored in half precision, both input dimensions dynamic."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wergate.errors import SuiteError
from wergate.networks.ir.padding import blind_to_padding, mark_padding_exact
from wergate.networks.ir.tracing import traceable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODEL_FILE = "model.xml"
FRONTEND_FILE = "frontend.json"
INPUT_NAME = "input_values"
MASK_NAME = "attention_mask"
OUTPUT_NAME = "logits"
_EXAMPLE_SAMPLES = 16_000
_EXAMPLE_SEED = 0


def export(model: PreTrainedModel, path: Path, *, half: bool = True) -> None:
    """Convert a CTC model and save its IR.

    The IR takes `input_values`, float32 (batch, samples), with `attention_mask`, int64 (batch, samples), 1 for samples
    that count and 0 for the padding behind them. It gives `logits`, float32 (batch, frames, vocabulary); those of the
    utterance's frames are as without padding, which a note in it says.

    Args:
        half: store the weights in half precision.

    Raises:
        SuiteError: OpenVINO cannot take the model, or the file cannot be saved whole.
    """
    import openvino as ov
    import torch

    noise = torch.randn(1, _EXAMPLE_SAMPLES, generator=torch.Generator().manual_seed(_EXAMPLE_SEED))
    example = {INPUT_NAME: noise, MASK_NAME: torch.ones(noise.shape, dtype=torch.int64)}
    with warnings.catch_warnings(), torch.no_grad(), traceable(model), blind_to_padding(model):
        warnings.simplefilter("ignore")  # tracing warns of every shape check that it bakes in
        shapes = [(name, ov.PartialShape([-1, -1])) for name in example]
        try:
            ir = ov.convert_model(model, example_input=example, input=shapes)
        except Exception as error:  # the tracer and the converter raise whatever they find
            raise _cannot_convert(model, error) from error
    for port, name in zip(ir.inputs, example, strict=True):
        port.get_tensor().set_names({name})
    ir.outputs[0].get_tensor().set_names({OUTPUT_NAME})
    mark_padding_exact(ir)
    save_ir(ir, path, half=half)


def _cannot_convert(model: PreTrainedModel, error: Exception) -> SuiteError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = next((line for line in lines if "No conversion rule" in line), lines[0])
    return SuiteError(
        f"{type(model).__name__} cannot be converted by OpenVINO: {reason.lstrip('- ')}; "
        "the README names the architectures that can; choose another, or another version of OpenVINO"
    )


def convert_onnx(source: Path, path: Path, *, name: str) -> None:
    """Convert an ONNX file and save its IR, weights in half precision, with the file's own inputs and outputs.

    Args:
        name: of the model, for messages.

    Raises:
        SuiteError: OpenVINO cannot read the file, or the IR cannot be saved whole.
    """
    import openvino as ov

    try:
        ir = ov.convert_model(source)
    except Exception as error:  # OpenVINO's frontends raise whatever they find
        reason = " ".join(str(error).split())
        raise SuiteError(
            f"model '{name}' cannot be converted by OpenVINO: {reason}; export it with standard operations"
        ) from error
    save_ir(ir, path)


def save_ir(ir: Any, path: Path, *, half: bool = True) -> None:
    """Save an IR, with FP16 weights unless told otherwise, and make sure that the whole of it reached the disk.

    Raises:
        SuiteError: the saved file cannot be read back, as on a full disk.
    """
    import openvino as ov

    try:
        ov.save_model(ir, path, compress_to_fp16=half)
        ov.Core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise SuiteError(
            f"IR '{path.name}' could not be saved whole in '{path.parent}': {reason}; "
            "free some space or name another directory with --cache-dir DIR"
        ) from error
