"""Receptive field and hop of a network that nobody describes, measured on counted frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.errors import SuiteError
from wergate.geometry import Geometry, measure_geometry

RATE = 16_000


@given(receptive_field=st.integers(1, 4000), hop=st.integers(1, 4000))
def test_every_stack_of_convolutions_is_measured(receptive_field: int, hop: int) -> None:
    """Whatever its two numbers are."""
    geometry = Geometry(receptive_field, hop)
    assert geometry == measure_geometry(geometry.frame_count, sampling_rate=RATE, source="net")


def test_few_lengths_are_run() -> None:
    """A network of real size is measured in a minute: some forty inferences of a second or two."""
    lengths: list[int] = []

    def count(samples: int) -> int:
        lengths.append(samples)
        return Geometry(400, 320).frame_count(samples)

    measure_geometry(count, sampling_rate=RATE, source="net")
    assert 60 >= len(lengths)
    assert 3 * RATE >= max(lengths)


@dataclass(frozen=True)
class Odd:
    """A way of counting frames that is no stack of unpadded convolutions."""

    id: str
    count: Callable[[int], int]
    message: str


ODDS = (
    Odd("never a frame", lambda _: 0, "net gives no frame for one second of audio at 16000 Hz"),
    Odd("frames that do not grow", lambda _: 49, "net gives no more frames for 65535 samples|gives no more frames for"),
    Odd("two at a time", lambda n: n // 640 * 2, "net adds several frames at once at 16640 samples"),
    Odd(
        "padded at the end, to 100 frames at most",
        lambda n: min(100, max(0, (n - 400) // 320 + 1)),
        r"net gives 100 frames for \d+ samples, not 1\d\d as its frames of 400 samples every 320 samples would",
    ),
    Odd(
        "longer inputs for a first frame",
        lambda n: 0 if n < 2000 else (n - 400) // 320 + 1,
        r"net gives 0 frames for 400 samples, not 1 as .*\(samples - receptive field\) // hop \+ 1 is accepted",
    ),
)


@pytest.mark.parametrize("odd", ODDS, ids=lambda odd: odd.id)
def test_other_frames_are_refused(odd: Odd) -> None:
    """With the length that shows it, and both numbers of frames."""
    with pytest.raises(SuiteError, match=odd.message):
        measure_geometry(odd.count, sampling_rate=RATE, source="net")
