"""Messages between a duel and the process of a side: what goes in comes out, and all else is refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from duel_driver.wire import WireError, read_message, write_message

ARRAYS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((0, 4), np.float32), np.float32(7.5)]


def written() -> bytes:
    """Return a message as bytes."""
    stream = io.BytesIO()
    write_message(stream, {"do": "infer", "text": "ä"}, ARRAYS)
    return stream.getvalue()


def test_a_message_comes_back() -> None:
    """Head, shapes and values are the same, and nothing follows it at the end of the stream."""
    stream = io.BytesIO(written() * 2)
    for _ in range(2):
        message = read_message(stream)
        assert message is not None
        head, arrays = message
        assert ("infer", "ä") == (head["do"], head["text"])
        for expected, array in zip(ARRAYS, arrays, strict=True):
            np.testing.assert_array_equal(expected, array)
    assert read_message(stream) is None


@pytest.mark.parametrize("length", [3, 12, -1])
def test_a_message_that_is_cut_off_is_refused(length: int) -> None:
    """A process that dies while it answers leaves a part."""
    with pytest.raises(WireError):
        read_message(io.BytesIO(written()[:length]))


@pytest.mark.parametrize(
    "data",
    [
        b"Traceback (most recent call last):",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 16) + b'{"shapes":[[-1]]',
        struct.pack("<Q", 17) + b'{"shapes":[[-1]]}',
        struct.pack("<Q", 29) + b'{"shapes":[[4294967296,4096]]}'[:29],
        struct.pack("<Q", 30) + b'{"shapes":[[4294967296,4096]]}',
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    """A line of text, a head without shapes, and a size that no memory holds."""
    with pytest.raises(WireError):
        read_message(io.BytesIO(data))
