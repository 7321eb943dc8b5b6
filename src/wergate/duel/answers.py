"""The answer of a side to an utterance, and the errors of a side that gives none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.recognizers.subprocess.child import Child
from wergate.steps import end_of


@dataclass(frozen=True)
class Answer:
    """The answer of a side to one utterance.

    Attributes:
        text: its transcript.
        logits: float32, shape (frames, vocabulary); None if the side gives none.
        seconds: time that it took.
    """

    text: str
    logits: Logits | None = None
    seconds: float = 0.0


class SideError(SuiteError):
    """A side that died, took too long or answered nonsense; the message has the place of its log."""


class IrTooNewError(SuiteError):
    """A runtime that cannot read an IR, because a later release wrote it."""


def silence(child: Child, patience_s: float) -> str:
    """Return why a process gave no answer, for a message: it took too long, or it died."""
    if child.late:
        return f"gave no answer within {patience_s:g} s"
    return f"died: {child.last_words() or end_of(child.code())}"


class Contender(Protocol):
    """A running side.

    Attributes:
        pid: number of its process; None if it has none.
    """

    pid: int | None

    def answer(self, utterance: str, samples: Samples) -> Answer:
        """Transcribe an utterance.

        Args:
            utterance: its id.
            samples: float32, shape (samples,).
        """

    def hold(self, utterance: str, samples: Samples) -> Answer:
        """Transcribe an utterance, which `again` then repeats."""

    def again(self) -> Answer:
        """Transcribe the utterance that it holds."""

    def close(self) -> None:
        """End its process."""
