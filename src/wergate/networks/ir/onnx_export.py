"""Checkpoint to ONNX, as the tutorial exported it for the Model Optimizer."""

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

_MAX_SEQ_LENGTH = 30_480  # the tutorial's
_OPSET = 14  # the tutorial's 11 is older than what today's exporter writes
_AXES = {0: "batch_size", 1: "sequence_len"}


def export_onnx(model: PreTrainedModel, path: Path, *, opset: int = _OPSET) -> None:
    """Write a CTC model that takes `inputs`, float32 (batch, samples), and gives `logits` (batch, frames, vocabulary).

    Raises:
        SuiteError: PyTorch cannot export the model.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad(), traceable(model), _eager(model):
        warnings.simplefilter("ignore")  # tracing warns of every shape check that it bakes in
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
        except Exception as error:  # the exporter raises whatever it finds
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SuiteError(
                f"{type(model).__name__} cannot be exported to ONNX: {reason}; quantizers of the legacy toolchain take "
                "what torch.onnx exports; choose another with --quantizer"
            ) from error


@contextlib.contextmanager
def _eager(model: PreTrainedModel) -> Iterator[None]:
    """Have attention written out in products and a softmax, which the Model Optimizer knows."""
    before = model.config._attn_implementation  # noqa: SLF001 - transformers has no public name for it
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
