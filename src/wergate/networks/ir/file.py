"""Reading an IR file, matching its inputs and outputs, compiling it, fixing its length."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from wergate.environment.machine import thread_options
from wergate.errors import SuiteError
from wergate.networks.ir.padding import is_marked_padding_exact
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.networks.signature import Feed, Inputs, Port, Ports, Run, Signature, match_inputs, match_signature
from wergate.steps import lacks_memory, said

_NUMBERS_MAX = 1 << 48  # of a constant
_DTYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "boolean": "bool"}


def ir_signature(path: Path, vocabulary: int) -> Signature:
    """Match the inputs and outputs of an IR by position, which both NNCF and the runtime accept.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
        vocabulary: number of labels.

    Raises:
        SuiteError: the IR takes no waveform, requires unknown inputs, or returns no logits over these labels.
    """

    @cache
    def network() -> ov.CompiledModel:
        return compile_ir(path, "CPU", {INFERENCE_PRECISION: "f32"})

    return match_signature(ports_of(path, read_ir(path), lambda feed: run_network(network(), feed)), vocabulary)


def read_ir(path: Path) -> ov.Model:
    """Read an IR.

    Raises:
        SuiteError: the file is damaged or not an IR.
    """
    try:
        model = ov.Core().read_model(path)
    except RuntimeError as error:
        raise SuiteError(
            f"{named(path)} cannot be read: {said(error)}; a complete .xml and the .bin that was written with "
            "it are needed; copy both files again, or run again if the suite built them"
        ) from error
    _require_possible_sizes(path, model)
    return model


def _require_possible_sizes(path: Path, model: ov.Model) -> None:
    """Refuse a constant whose size overflows in OpenVINO, which compares the wrapped number with the weights."""
    for operation in model.get_ops():
        if operation.get_type_name() == "Constant" and math.prod(operation.get_output_shape(0)) > _NUMBERS_MAX:
            shape = "x".join(map(str, operation.get_output_shape(0)))
            raise SuiteError(
                f"{named(path)} cannot be read: constant '{operation.get_friendly_name()}' has the shape {shape}, but "
                f"at most {_NUMBERS_MAX} numbers are accepted; copy the file again"
            )


def written_by(path: Path) -> str:
    """Return the release of OpenVINO that wrote an IR, as "2026.4.1"; "unknown" if the file does not say it."""
    match = re.search(r'<Runtime_version value="([0-9.]+)', path.read_text(encoding="utf-8", errors="replace"))
    return match[1] if match else "unknown"


def may_be_padded(path: Path, *, exact: bool = False) -> bool:
    """Return whether an IR takes a mask and gives padded utterances the same logits as unpadded ones.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
        exact: assume that padding does not change the logits; by default the mark in the IR decides.
    """
    model = read_ir(path)
    return (exact or is_marked_padding_exact(model)) and ir_inputs(path, model).mask is not None


def ir_inputs(path: Path, model: ov.Model) -> Inputs:
    """Match the inputs of an IR that is already read.

    Args:
        path: the `.xml`, for messages.
        model: the IR.

    Raises:
        SuiteError: the IR takes no waveform, or requires unknown inputs.
    """
    return match_inputs(ports_of(path, model, lambda _: []))


def run_network(compiled: ov.CompiledModel, feed: Feed) -> list[npt.NDArray[Any]]:
    """Return the outputs of one inference."""
    return list(compiled.create_infer_request().infer(feed).values())


def ports_of(path: Path, model: ov.Model, run: Run) -> Ports:
    """Return the inputs and outputs of a network, with the function that runs it."""
    return Ports(named(path), _ports(model.inputs), _ports(model.outputs), run, is_marked_padding_exact(model))


def named(path: Path) -> str:
    """Return the name of an IR in messages: its folder and its file."""
    return f"IR '{path.parent.name}/{path.name}'"


def _ports(outputs: Sequence[Any]) -> tuple[Port, ...]:
    return tuple(_port(position, output) for position, output in enumerate(outputs))


def _port(position: int, output: Any) -> Port:
    """Describe an input or output, which may have several names or none."""
    name = "/".join(sorted(output.get_names())) or str(position)
    dtype = output.get_element_type().get_type_name()
    partial = output.get_partial_shape()
    shape = None
    if partial.rank.is_static:
        shape = tuple(size.get_length() if size.is_static else None for size in partial)
    return Port(name, position, _DTYPES.get(dtype, dtype), shape)


def compile_ir(path: Path, device: str, options: Mapping[str, str], *, samples: int | None = None) -> ov.CompiledModel:
    """Compile an IR for inputs of any length or for one fixed length.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
        device: OpenVINO device, such as "CPU".
        options: properties of the device.
        samples: the fixed length in samples; by default any length.

    Raises:
        SuiteError: the file is damaged, or the device does not exist or cannot run the model.
    """
    if samples is not None:
        model = read_ir(path)
        fix_length(path, model, samples)
        return compile_model(path, model, device, options)
    return compile_model(path, path, device, options)


def compile_model(path: Path, model: ov.Model | Path, device: str, options: Mapping[str, str]) -> ov.CompiledModel:
    """Compile an IR that is already read, and may have been changed since.

    Args:
        path: the `.xml`, for messages.
        model: the IR, or its `.xml`.
        device: OpenVINO device, such as "CPU".
        options: properties of the device.

    Raises:
        SuiteError: as in `compile_ir`.
    """
    core = ov.Core()
    options = (thread_options() if device == "CPU" else {}) | dict(options)
    try:
        return core.compile_model(model, device, options)
    except RuntimeError as error:
        if lacks_memory(error):
            raise
        read_ir(path)  # if the file is damaged, its own error says so instead of blaming the device
        raise SuiteError(
            f"device '{device}' cannot run the model: {said(error)} ({named(path)}); "
            f"available devices: {', '.join(core.available_devices)}; check --device"
        ) from error


def fix_length(path: Path, model: ov.Model, samples: int) -> Feed:
    """Reshape a model to one utterance of `samples` samples and return a feed of silence for it.

    Args:
        path: the `.xml`, for messages.
        model: the IR, already read; it is changed in place.
        samples: the fixed length.

    Raises:
        SuiteError: the IR takes no waveform, or requires unknown inputs.
    """
    feed = ir_inputs(path, model).feed(np.zeros((1, samples), np.float32))
    model.reshape({position: list(array.shape) for position, array in feed.items()})
    return feed
