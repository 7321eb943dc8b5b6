"""What models compiled for fixed lengths take: weights each, and activations that grow with the length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.recognizers.openvino_ir import fix_length, read_ir

_COMPILED_TO_STORED = 2  # weights in half precision are unpacked to single; those in 8 bit take less
_ANY_MODEL_BYTES = 50 * 2**20  # generated kernels and the graph itself: seen of a model with 3 MB of weights
_ACTIVATION_BYTES = 4  # in single precision
_TRIAL_SAMPLES = 16_000  # long enough for any receptive field


@dataclass(frozen=True)
class CompiledMemory:
    """Bytes of one compiled model, whatever its length, and of each sample of the length."""

    each: int
    per_sample: float

    def of(self, lengths: Iterable[int]) -> float:
        """Return the bytes of models compiled for so many samples each."""
        return sum(self.each + self.per_sample * length for length in lengths)


def compiled_memory(path: Path, *, streams: int) -> CompiledMemory:
    """Reckon what compiling an IR takes, from its weights and from the operation that holds most activations at a time.

    Args:
        path: the `.xml`, its `.bin` beside it.
        streams: inferences side by side, each with activations of its own.
    """
    stored = path.with_suffix(".bin").stat().st_size
    each = _COMPILED_TO_STORED * stored + _ANY_MODEL_BYTES
    return CompiledMemory(each, streams * _widest_bytes(path) / _TRIAL_SAMPLES)


def _widest_bytes(path: Path) -> int:
    model = read_ir(path)
    operations = model.get_ordered_ops()
    # what does not depend on the length has a shape already: weights on their way to an operation
    growing = {op.get_friendly_name() for op in operations if any(_is_open(output) for output in op.outputs())}
    fix_length(path, model, _TRIAL_SAMPLES)
    return _ACTIVATION_BYTES * max((sum(_elements(op, growing)) for op in operations), default=0)


def _is_open(output: Any) -> bool:
    return bool(output.get_partial_shape().is_dynamic)


def _elements(op: Any, growing: set[str]) -> Iterator[int]:
    """Yield the sizes of an operation's activations, those it reads and those it writes."""
    read = [value for value in op.input_values() if value.get_node().get_friendly_name() in growing]
    written = op.outputs() if op.get_friendly_name() in growing else []
    for value in (*read, *written):
        yield math.prod(value.get_shape())
