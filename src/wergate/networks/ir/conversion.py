"""Conversion of a checkpoint to an FP16 IR: weights in half precision, both input dimensions dynamic."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wergate.errors import SuiteError
from wergate.networks.ir.padding import blind_to_padding, mark_padding_exact
from wergate.networks.ir.tracing import traceable
from wergate.steps import lacks_memory, said

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

    Inputs of the IR: `input_values`, float32 (batch, samples), and `attention_mask`, int64 (batch, samples), 1 for
    the utterance's samples and 0 for the padding after them. Output: `logits`, float32 (batch, frames, vocabulary).
    Padding does not change the logits of the utterance's frames; a mark in the IR records this.

    Args:
        model: the PyTorch model.
        path: the `.xml` file to write.
        half: store the weights in half precision.

    Raises:
        SuiteError: OpenVINO cannot convert the model, or the IR cannot be saved completely.
    """
    import openvino as ov
    import torch

    noise = torch.randn(1, _EXAMPLE_SAMPLES, generator=torch.Generator().manual_seed(_EXAMPLE_SEED))
    example = {INPUT_NAME: noise, MASK_NAME: torch.ones(noise.shape, dtype=torch.int64)}
    with warnings.catch_warnings(), torch.no_grad(), traceable(model), blind_to_padding(model):
        warnings.simplefilter("ignore")  # tracing warns about every shape check that becomes a constant
        shapes = [(name, ov.PartialShape([-1, -1])) for name in example]
        try:
            ir = ov.convert_model(model, example_input=example, input=shapes)
        except Exception as error:  # the tracer and the converter raise many types of exception
            if lacks_memory(error):
                raise
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
        "the documentation lists the supported architectures; choose another model or another version of OpenVINO"
    )


def convert_onnx(source: Path, path: Path, *, name: str) -> None:
    """Convert an ONNX file and save its IR, with weights in half precision and unchanged inputs and outputs.

    Args:
        source: the ONNX file.
        path: the `.xml` file to write.
        name: name of the model in messages.

    Raises:
        SuiteError: OpenVINO cannot read the file, or the IR cannot be saved completely.
    """
    import openvino as ov

    try:
        ir = ov.convert_model(source)
    except Exception as error:  # OpenVINO's frontends raise many types of exception
        if lacks_memory(error):
            raise
        reason = " ".join(str(error).split())
        raise SuiteError(
            f"model '{name}' cannot be converted by OpenVINO: {reason}; only standard ONNX operations are accepted; "
            "export the model with those"
        ) from error
    save_ir(ir, path)


def save_ir(ir: Any, path: Path, *, half: bool = True) -> None:
    """Save an IR and check that the complete file reached the disk.

    Args:
        ir: the `openvino.Model` to save.
        path: the `.xml` file to write.
        half: store the weights in half precision.

    Raises:
        SuiteError: the saved file cannot be read back, for example because the disk is full.
    """
    import openvino as ov

    try:
        ov.save_model(ir, path, compress_to_fp16=half)
        ov.Core().read_model(path)
    except RuntimeError as error:
        raise SuiteError(
            f"IR '{path.name}' could not be saved completely in '{path.parent}': {said(error)}; "
            "free some space or choose another directory with --cache-dir DIR"
        ) from error
