"""Export of a checkpoint to ONNX, as the tutorial exports it for the Model Optimizer."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wergate.errors import SuiteError
from wergate.networks.ir.tracing import traceable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_MAX_SEQ_LENGTH = 30_480  # value of the tutorial
_OPSET = 14  # the tutorial uses 11, which today's exporter no longer writes
_AXES = {0: "batch_size", 1: "sequence_len"}


def export_onnx(model: PreTrainedModel, path: Path, *, opset: int = _OPSET) -> None:
    """Export a CTC model to ONNX.

    Input of the file: `inputs`, float32 (batch, samples). Output: `logits`, float32 (batch, frames, vocabulary).

    Args:
        model: the PyTorch model.
        path: the `.onnx` file to write.
        opset: ONNX operator set.

    Raises:
        SuiteError: PyTorch cannot export the model.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad(), traceable(model), _eager(model):
        warnings.simplefilter("ignore")  # tracing warns about every shape check that becomes a constant
        try:
            torch.onnx.export(
                model,
                (torch.zeros(1, _MAX_SEQ_LENGTH),),
                path,
                dynamo=False,
                opset_version=opset,
                input_names=["inputs"],
                output_names=["logits"],
                dynamic_axes={"inputs": _AXES, "logits": _AXES},
            )
        except Exception as error:  # the exporter raises many types of exception
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SuiteError(
                f"{type(model).__name__} cannot be exported to ONNX: {reason}; quantizers of the legacy toolchain "
                "need a model that torch.onnx can export; choose another quantizer with --quantizer"
            ) from error


@contextlib.contextmanager
def _eager(model: PreTrainedModel) -> Iterator[None]:
    """Make attention use plain products and a softmax while the context lasts; the Model Optimizer knows only those."""
    before = model.config._attn_implementation  # noqa: SLF001 - transformers has no public name for it
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
