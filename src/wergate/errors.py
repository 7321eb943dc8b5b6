"""Errors for users, in one line: which value is wrong, what is accepted, what to do next."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path


class SuiteError(Exception):
    """A mistake in the input or the set-up, reported in one line and without a traceback."""

    def __init__(self, message: str) -> None:
        """Store the message as one line that can be printed, whatever a library or a file put into it."""
        super().__init__(printable(" ".join(str(message).split())))


class BadUtteranceError(SuiteError):
    """An unusable utterance, which `--skip-bad` leaves out of its corpus.

    Attributes:
        utterance: its id, or the row number if it has no id.
        reason: short name of the defect, equal for all utterances with the same defect.
    """

    def __init__(self, utterance: str, reason: str, message: str) -> None:
        """Store the reason, by which bad utterances are counted, along with the full message."""
        super().__init__(message)
        self.utterance = printable(utterance)
        self.reason = reason


_COMMANDS = {"Cc", "Cs", "Zl", "Zp"}  # categories of characters that move the cursor, or that no terminal can show
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # would reorder the rest of the line


def printable(text: str) -> str:
    r"""Return a foreign text with escapes, such as `\x1b`, in place of characters that a terminal would obey."""
    return "".join(_escaped(one) if _is_command(one) else one for one in text)


def _is_command(character: str) -> bool:
    return unicodedata.category(character) in _COMMANDS or bool(_DIRECTIONS.match(character))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


class VocabularySizeError(SuiteError):
    """A network has another number of logits per frame than there are labels.

    Attributes:
        found: number of logits per frame.
    """

    def __init__(self, message: str, found: int) -> None:
        """Set the message and the number of logits."""
        super().__init__(message)
        self.found = found


class OtherLogitsWarning(UserWarning):
    """A model that was compiled for a fixed length gives other logits than the dynamic model."""


class InputTooShortError(SuiteError):
    """A waveform that is too short for a single frame of logits."""


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the most similar known value, or an empty string."""
    matches = nearest(value, known, 1, similarity=0.5)
    return f" (did you mean '{matches[0]}'?)" if matches else ""


def nearest(value: str, known: Iterable[str], count: int, *, similarity: float = 0.0) -> list[str]:
    """Return at most `count` known values, the ones most similar to `value` first.

    Args:
        similarity: smallest accepted similarity, from 0 (nothing in common) to 1 (equal).
    """
    return difflib.get_close_matches(value, list(known), n=count, cutoff=similarity)


def did_you_mean_beside(path: Path) -> str:
    """Return " (did you mean 'x'?)" for the most similar file name in the path's folder, or an empty string."""
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    return did_you_mean(path.name, (sibling.name for sibling in siblings))
