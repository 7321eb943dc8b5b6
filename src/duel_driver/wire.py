"""Messages between a duel and the process of a side: a length, a JSON head, then raw float32 arrays.

The length has eight bytes, little-endian. The head has the key `shapes`, one shape per array. No object is pickled, so
both ends may have other versions of Python and NumPy.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

_LENGTH = struct.Struct("<Q")
_HEAD_MAX = 1 << 24
_ARRAY_MAX = 1 << 31  # bytes
_FLOAT32 = np.dtype("<f4")


class WireError(Exception):
    """Bytes that are not a message: cut off, too long, or without a JSON head."""


def write_message(stream: BinaryIO, head: Mapping[str, Any], arrays: Sequence[Any] = ()) -> None:
    """Write a message and flush it.

    Args:
        head: JSON values by name.
        arrays: arrays of any shape; they are written as float32.
    """
    values = [np.ascontiguousarray(array, _FLOAT32) for array in arrays]
    text = json.dumps({**head, "shapes": [list(array.shape) for array in values]}).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.writelines(array.tobytes() for array in values)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], list[Any]] | None:
    """Return the head and the arrays of the next message; None at the end of the stream.

    Raises:
        WireError: the stream holds something else, or ends within a message.
    """
    start = stream.read(_LENGTH.size)
    if not start:
        return None
    if len(start) < _LENGTH.size:
        raise WireError(f"it answered {start!r}")
    (length,) = _LENGTH.unpack(start)
    if length > _HEAD_MAX:
        raise WireError(f"it answered {start!r}, which is not the length of a message")
    try:
        head = json.loads(_exactly(stream, length))
        shapes = [tuple(map(int, shape)) for shape in head["shapes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"its message has no JSON head: {error}") from error
    return head, [_array(stream, shape) for shape in shapes]


def _array(stream: BinaryIO, shape: tuple[int, ...]) -> Any:
    size = math.prod(shape) * _FLOAT32.itemsize
    if min(shape, default=0) < 0 or size > _ARRAY_MAX:
        raise WireError(f"its message has an array of shape {list(shape)}")
    return np.frombuffer(_exactly(stream, size), _FLOAT32).reshape(shape)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise WireError(f"its message ended after {len(found)} of {count} bytes")
    return found
