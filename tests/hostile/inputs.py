"""The hostile inputs, what each is, and what the suite answers. docs/security.md has a table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import audio


@dataclass(frozen=True)
class Hostile:
    """One hostile input.

    Attributes:
        kind: what kind of input it is, such as "audio".
        what: what it holds, in words.
        give: writes the input to an empty folder, and lets the suite read it.
        answer: words of the line that refuses it; empty if the suite accepts it safely.
        instead: what the suite does with an input that it accepts.
    """

    kind: str
    what: str
    give: Callable[[Path], object]
    answer: str
    instead: str = ""

    @property
    def id(self) -> str:
        """The id of its test."""
        return self.give.__name__


INPUTS = (
    Hostile("audio", "FLAC whose header says 2^31 samples", audio.flac_of_two_billion_samples, "lasts 134217.7 s"),
    Hostile(
        "audio",
        "FLAC whose header says 3 * 10^8 samples at 655,350 Hz",
        audio.flac_of_a_high_rate,
        "states 300000000 samples",
    ),
    Hostile("audio", "WAV whose header says 2^31 bytes", audio.wav_of_two_billion_samples, "cut short"),
    Hostile(
        "audio",
        "WAV whose header says 1,000 channels at 2^31 Hz",
        audio.wav_of_many_channels,
        "",
        "reads the few frames that are there",
    ),
    Hostile("audio", "chain of Ogg streams in one file", audio.chained_ogg, "chain of 2 Ogg streams"),
)
