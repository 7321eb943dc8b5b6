"""The speed gates: ratios measured side by side, and the proof that what was timed gave the right answer."""

from __future__ import annotations

from wergate.ctc import Logits
from wergate.logits import difference
from wergate.verdict import Verdict

_WRONG_ANSWER = "a wrong answer has no speed: run `pytest accuracy/` on this model before looking at its latency"


def speedup_verdict(ratio: float, minimum: float, *, fast: str, slow: str, scope: str) -> Verdict:
    """Gate how many times faster one recognizer is than the other, timed in turns."""
    return Verdict(
        gate=f"speedup_over_{slow}",
        subject=fast.upper(),
        value=ratio,
        relation=">=",
        threshold=minimum,
        scope=scope,
        remedy="see in the graph gate whether the work runs in 8 bit, and whether the machine was busy",
        kind="latency",
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
