"""Reference recognizer of an ONNX file: ONNX Runtime on the CPU, in the precision of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.corpora.audio import Samples
from wergate.environment.machine import cpu
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.signature import Feed, Port, Ports, Signature, match_signature
from wergate.recognizers.base import features
from wergate.steps import lacks_memory

_FATAL = 4  # ONNX Runtime's log level; measuring the frame geometry tries lengths that fail, and each would be logged
_DTYPES = {"float": "float32", "double": "float64"}


class OnnxRecognizer:
    """Runs an ONNX file, which is loaded at the first inference."""

    def __init__(self, path: Path, frontend: Frontend, *, threads: int | None = None, spinning: bool = False) -> None:
        """Set the file and its frontend.

        Args:
            path: the `.onnx` file, with its external data in the same folder.
            frontend: features, frame geometry and alphabet of the network.
            threads: threads of one inference; by default one per core.
            spinning: let threads spin while they wait for one another during an inference.
        """
        self.frontend = frontend
        self._path = path
        self._threads = threads
        self._spinning = spinning

    @cached_property
    def _loaded(self) -> tuple[Ports, Signature]:
        ports = onnx_ports(self._path, threads=self._threads, spinning=self._spinning)
        return ports, match_signature(ports, len(self.frontend.alphabet.labels))

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        batch = features(self.frontend, waveforms)
        ports, signature = self._loaded
        rows = [row[None] for row in batch] if signature.row_by_row else [batch]
        outputs = (ports.run(signature.feed(row))[signature.output] for row in rows)
        return np.concatenate([signature.logits(output) for output in outputs])

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return [self.logits(samples[None])[0] for samples in utterances]


def onnx_signature(path: Path, vocabulary: int) -> Signature:
    """Match the inputs and outputs of an ONNX file by name, type and rank.

    Args:
        vocabulary: number of labels.

    Raises:
        SuiteError: the file cannot be loaded, takes no waveform, requires unknown inputs, or returns no logits over
            these labels.
    """
    return match_signature(onnx_ports(path), vocabulary)


def onnx_ports(path: Path, *, threads: int | None = None, spinning: bool = False) -> Ports:
    """Load an ONNX file for the CPU and return its inputs, its outputs and the function that runs it.

    Args:
        path: the `.onnx` file, with its external data in the same folder.
        threads, spinning: see `OnnxRecognizer`.

    Raises:
        SuiteError: the file or its external data cannot be loaded.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(
            path, _session_options(threads, spinning=spinning), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime has a separate exception class for each of its status codes
        if lacks_memory(error):
            raise
        raise SuiteError(
            f"model '{path.name}' cannot be loaded by ONNX Runtime: {_reason(error)}; {_loadable(error)}; check --model"
        ) from error

    def run(feed: Feed) -> Sequence[npt.NDArray[Any]]:
        try:
            outputs: Sequence[npt.NDArray[Any]] = session.run(None, feed)
        except Exception as error:  # as above
            if lacks_memory(error):
                raise
            shapes = ", ".join(f"'{key}' {list(value.shape)}" for key, value in feed.items())
            raise SuiteError(
                f"model '{path.name}' fails in ONNX Runtime on {shapes}: {_reason(error)}; the network must take "
                "waveforms of any length; check its export"
            ) from error
        return outputs

    inputs, outputs = session.get_inputs(), session.get_outputs()
    return Ports(f"model '{path.name}'", tuple(map(_port, inputs)), tuple(map(_port, outputs)), run)


def _session_options(threads: int | None, *, spinning: bool) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cpu().cores
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    options.enable_mem_pattern = False  # ONNX Runtime keeps a pattern for every length, and a corpus has thousands
    # Threads that spin after an inference would take the cores from a recognizer whose timing is interleaved with
    # this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


def _loadable(error: Exception) -> str:
    """Return what is accepted in place of a file that cannot be loaded."""
    if "tensor(bfloat16)" in str(error):
        return "on a CPU it computes nothing in bfloat16: weights in bfloat16 that are cast to float32 are accepted"
    return "a complete ONNX file, with its external data in the same folder, is accepted"


def _reason(error: Exception) -> str:
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", str(error).strip())


def _port(argument: Any) -> Port:
    """Describe an input or output; ONNX Runtime writes types as "tensor(float)" and dynamic dimensions as names."""
    element = re.sub(r"tensor\((.*)\)", r"\1", argument.type)
    # A scalar and a tensor of unknown rank look the same here. No input and no logits can be scalars.
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in argument.shape or ())
    return Port(argument.name, argument.name, _DTYPES.get(element, element), shape or None)
