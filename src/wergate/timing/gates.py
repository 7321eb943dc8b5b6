"""The speed gates: ratios measured in turns, and the proof that what was timed gave the right answer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from wergate.networks.ctc import Logits
from wergate.networks.logits import difference
from wergate.timing.paired import Paired
from wergate.verdict import Verdict

_WRONG_ANSWER = "a wrong answer has no speed: run `pytest accuracy/` on this model before looking at its latency"


def is_open(minimum: float | None) -> Callable[[Paired], bool]:
    """Return what tells whether more rounds are needed: the interval of the ratio still holds the minimum.

    Without a minimum the first look is the last.
    """
    return lambda found: minimum is not None and found.interval.low < minimum <= found.interval.high


def speedup_verdict(found: Paired, minimum: float, *, fast: str, slow: str, scope: str) -> Verdict:
    """Gate how many times as fast one side is as the other, by the whole interval of the ratio."""
    undecided = (
        f"the interval still holds {minimum:g} after {found.rounds} rounds of each in {found.elapsed_s:.0f} s: run it "
        "again when the machine is quiet, or raise budget_s in [benchmarks.paired]"
    )
    return Verdict(
        gate=f"speedup_over_{slow}",
        subject=fast.upper(),
        value=found.ratio,
        relation=">=",
        threshold=minimum,
        scope=f"{scope}, {found.rounds} rounds of each in turns",
        remedy="see in the graph gate whether the work runs in 8 bit, and what changed in the model or the toolchain",
        kind="latency",
        interval=found.interval,
        undecided=undecided if is_open(minimum)(found) else "",
    )


def output_verdict(
    *, reference: Logits, candidate: Logits, sqnr_db_min: float, subject: str, scope: str, engine: str
) -> Verdict:
    """Gate the logits that a timed inference gave, both of shape (frames, vocabulary)."""
    found = difference(reference=reference, candidate=candidate)
    return Verdict("sqnr_db", subject, found.sqnr_db, ">=", sqnr_db_min, scope, _WRONG_ANSWER, f"against {engine}")


def transcript_verdict(*, reference: str, hypothesis: str, subject: str, scope: str, engine: str) -> Verdict:
    """Gate the transcript of a timed inference: it is the reference model's, character by character."""
    differs = int(reference != hypothesis)
    return Verdict("transcript_differs", subject, differs, "==", 0, scope, _WRONG_ANSWER, f"from {engine}'s")


def same_work_verdict(
    *, accuracy_run: Mapping[str, str], timed: Mapping[str, tuple[str, ...]], subject: str, scope: str
) -> Verdict:
    """Gate what timed rounds transcribed: every one what the accuracy run's recognizer makes of the same audio.

    Args:
        accuracy_run: its transcript of each utterance, by id.
        timed: the transcripts that the timed rounds gave of each.
    """
    wrong = [id_ for id_, heard in timed.items() for text in heard if text != accuracy_run[id_]]
    named = f": {', '.join(dict.fromkeys(wrong[:3]))}" if wrong else ""
    return Verdict(
        gate="other_work",
        subject=subject,
        value=len(wrong),
        relation="==",
        threshold=0,
        scope=scope,
        remedy=_WRONG_ANSWER,
        basis=f"transcripts that are not the accuracy run's{named}",
    )


class Outputs:
    """Logits of timed calls, kept by their digest; rounds that answer alike, bit by bit, take no further memory."""

    def __init__(self) -> None:
        self._rounds: Counter[str] = Counter()
        self._logits: dict[str, Logits] = {}

    def keep(self, answer: object) -> None:
        """Take a call's answer: float32, shape (batch, frames, vocabulary)."""
        logits = np.asarray(answer, np.float32)
        digest = hashlib.sha256(logits.tobytes()).hexdigest()
        self._rounds[digest] += 1
        self._logits.setdefault(digest, logits)

    @property
    def distinct(self) -> list[tuple[Logits, int]]:
        """Each distinct answer, and how many rounds gave it."""
        return [(self._logits[digest], count) for digest, count in self._rounds.items()]
