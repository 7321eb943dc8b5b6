"""The one error that a person reads: what was wrong, what is accepted, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class SuiteError(Exception):
    """A mistake in the input or the set-up, told in one line and without a traceback."""

    def __init__(self, message: str) -> None:
        """Keep the message on one line, whatever the library that caused it wrote."""
        super().__init__(" ".join(str(message).split()))


class BadUtteranceError(SuiteError):
    """An utterance that cannot be used; a corpus may go on without it.

    Attributes:
        utterance: its id, or what stands for it.
        reason: in a few words, the same for all utterances with this defect.
    """

    def __init__(self, utterance: str, reason: str, message: str) -> None:
        """Keep what is counted beside what is said."""
        super().__init__(message)
        self.utterance = utterance
        self.reason = reason


class InputTooShortError(SuiteError):
    """A waveform too short to give a single frame of logits."""


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest known value, or an empty string."""
    found = difflib.get_close_matches(value, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{found[0]}'?)" if found else ""


def nearest(value: str, known: Iterable[str], count: int) -> list[str]:
    """Return the known values that are most like a value, the nearest first."""
    return difflib.get_close_matches(value, list(known), n=count, cutoff=0.0)


def did_you_mean_beside(path: Path) -> str:
    """Return " (did you mean 'x'?)" for the nearest name in the folder that a path names."""
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return did_you_mean(path.name, (found.name for found in beside))
