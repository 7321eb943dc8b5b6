"""An IR in this process: read, compiled, run, timed, and the primitives that the runtime chose for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openvino as ov

_CORE = ov.Core()


class ReadError(Exception):
    """The runtime cannot read the IR, for example because the IR is newer."""


class Network:
    """A compiled IR, which accepts inputs of any length."""

    def __init__(self, path: str, device: str, options: Mapping[str, str]) -> None:
        """Read and compile.

        Args:
            path: the `.xml`, with its `.bin` in the same folder.
            device: OpenVINO device.
            options: properties of the device.

        Raises:
            ReadError: the IR cannot be read.
        """
        try:
            self._model = _CORE.read_model(path)
        except RuntimeError as error:
            raise ReadError(str(error)) from error
        self._device, self._options = device, dict(options)
        self._compiled = _CORE.compile_model(self._model, device, self._options)
        self._request = self._compiled.create_infer_request()
        self._feed: dict[int, Any] = {}

    @property
    def precision(self) -> str:
        """Inference precision that the compiled model reports."""
        return _type_name(self._compiled.get_property("INFERENCE_PRECISION_HINT"))

    def take(self, inputs: Sequence[Mapping[str, Any]], arrays: Sequence[Any]) -> None:
        """Set the values of all inputs.

        Args:
            inputs: position (`key`) and NumPy type (`dtype`) of each input.
            arrays: their values, float32.
        """
        self._feed = {
            int(one["key"]): np.asarray(array).astype(one["dtype"]) for one, array in zip(inputs, arrays, strict=True)
        }

    def infer(self, output: int) -> Any:
        """Run the network once and return an output."""
        return np.array(list(self._request.infer(self._feed).values())[output], np.float32)

    def timed(self, output: int, added: float) -> tuple[float, Any]:
        """Return the seconds of one inference, and the output.

        Args:
            output: position of the output.
            added: share of its time to compute on, as a known slowdown; 0 except in trials of the duel itself.
        """
        started = time.perf_counter_ns()
        answer = self._request.infer(self._feed)
        until = started + (time.perf_counter_ns() - started) * (1 + added)
        while added and time.perf_counter_ns() < until:
            pass
        seconds = (time.perf_counter_ns() - started) / 1e9
        return seconds, np.array(list(answer.values())[output], np.float32)

    def executed(self) -> list[dict[str, Any]]:
        """Return the primitive of each executed layer, compiled for the shapes of the present inputs."""
        fixed = self._model.clone()
        fixed.reshape({position: list(array.shape) for position, array in self._feed.items()})
        compiled = _CORE.compile_model(fixed, self._device, self._options)
        return [_layer(op) for op in compiled.get_runtime_model().get_ordered_ops()]


def _layer(op: Any) -> dict[str, Any]:
    info = {}
    for key, value in op.get_rt_info().items():
        info[key] = str(getattr(value, "value", value))
    return {
        "names": info.get("originalLayersNames", "").split(","),
        "kind": info.get("layerType", ""),
        "primitive": info.get("primitiveType", ""),
        "types": [_type_name(port.get_element_type()) for port in op.inputs()],
    }


def _type_name(found: Any) -> str:
    """Return the name of an element type: releases print it as `f32` or as `<Type: 'float32'>`."""
    return str(found.get_type_name()) if hasattr(found, "get_type_name") else str(found)
