"""Receptive field and hop of a network without a description, measured from its frame counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.errors import SuiteError
from wergate.networks.geometry import Geometry, measure_geometry

RATE = 16_000


@given(receptive_field=st.integers(-4000, 4000), hop=st.integers(1, 4000), more=st.integers(0, 4000))
def test_every_stack_of_convolutions_is_measured(receptive_field: int, hop: int, more: int) -> None:
    """Padded or not, and with any shortest input."""
    geometry = Geometry(receptive_field, hop, max(1, receptive_field) + more)
    assert geometry == measure_geometry(geometry.frame_count, sampling_rate=RATE, source="net")


def test_few_lengths_are_run() -> None:
    """A full-size network is measured in a minute: about sixty inferences, most on at most one second of audio."""
    lengths: list[int] = []

    def count(samples: int) -> int:
        lengths.append(samples)
        return Geometry(400, 320, 400).frame_count(samples)

    measure_geometry(count, sampling_rate=RATE, source="net")
    assert 70 >= len(lengths)
    assert 3 * RATE >= max(lengths)


@dataclass(frozen=True)
class Odd:
    """Frame counts that no stack of unpadded convolutions gives."""

    id: str
    count: Callable[[int], int]
    message: str


ODDS = (
    Odd("never a frame", lambda _: 0, "net gives no frame for one second of audio at 16000 Hz"),
    Odd(
        "frames that do not grow",
        lambda _: 49,
        r"net gives no more frames for \d+ samples than for 16000; .* dynamic axes",
    ),
    Odd("two at a time", lambda n: n // 640 * 2, "net adds several frames at once at 16640 samples"),
    Odd(
        "100 frames at most",
        lambda n: min(100, max(0, (n - 400) // 320 + 1)),
        r"net gives 100 frames for \d+ samples, but \(samples - 400\) // 320 \+ 1 is 1\d\d; .* is accepted",
    ),
    Odd(
        "fewer frames for few samples",
        lambda n: 1 if 100 < n < 2000 else max(0, (n - 400) // 320 + 1),
        r"net gives 1 frames for \d+ samples, but \(samples - \d+\) // \d+ \+ 1 is \d+",
    ),
)


@pytest.mark.parametrize("odd", ODDS, ids=lambda odd: odd.id)
def test_other_frame_counts_are_rejected(odd: Odd) -> None:
    """The message has the length and, if they differ there, both numbers of frames."""
    with pytest.raises(SuiteError, match=odd.message):
        measure_geometry(odd.count, sampling_rate=RATE, source="net")
