"""What became of one utterance."""

from __future__ import annotations

from dataclasses import dataclass

from wergate.networks.logits import LogitsDifference


@dataclass(frozen=True)
class UtteranceOutcome:
    """One utterance: what was said, what the reference model heard, what the candidate heard.

    Attributes:
        reference_seconds, seconds: of inference, whenever that was; utterances that ran side by side share their time
            by their durations.
        notes: what had to be done to the audio.
    """

    id: str
    duration_s: float
    text: str
    reference_hypothesis: str
    hypothesis: str
    logits: LogitsDifference
    reference_seconds: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the candidate's transcript is the reference model's, character by character."""
        return self.hypothesis == self.reference_hypothesis
