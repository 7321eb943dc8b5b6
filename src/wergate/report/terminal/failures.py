"""The gates that failed a run, worst first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status

# Causes before consequences: a network that was not quantized or not compiled as it should be gives wrong logits, wrong
# logits give wrong transcripts, and wrong transcripts give word errors.
_STAGES: tuple[tuple[str, ...], ...] = (
    ("reference_wer", "wer_headline_difference", "calibration_"),
    ("inference_precision_differs", "rejected_compilations", "fake_quantize", "int8_weights", "weight_error"),
    ("int8_work", "size_ratio"),
    ("max_abs_delta", "mean_abs_delta", "sqnr_db", "argmax_agreement", "length_max_abs_delta", "bucket_sqnr_db"),
    ("bucket_mismatch_rate", "transcript_mismatch_rate", "transcript_differs", "other_work"),
    ("wer", "word_errors"),
)
_SHAPE = (
    "deletion_rise",
    "insertion_rise",
    "cer_rise",
    "length_ratio",
    "worse_rate",
    "worst_utterance_rise",
    "wer_rise",
)


def is_about_transcripts(gate: str) -> bool:
    """Return whether aligned utterances explain why the gate failed."""
    return is_about_shape(gate) or gate in {"wer", "word_errors", "transcript_mismatch_rate"}


def is_about_shape(gate: str) -> bool:
    """Return whether the gate judges the shape of the errors; that of a range names it, as in "wer_rise[2-10s]"."""
    return gate.partition("[")[0] in _SHAPE


def worst_first(verdicts: Sequence[VerdictRow], accepts: Callable[[VerdictRow], bool]) -> list[VerdictRow]:
    """Return the verdicts that fail a run: accuracy before latency, FAIL before INCONCLUSIVE, causes first.

    Gates of one stage come in the order of how far their value is beyond its threshold.

    Args:
        accepts: whether a verdict lets its test pass.
    """
    failed = {row.line: row for row in verdicts if not accepts(row)}  # two tests may give the same verdict
    return sorted(failed.values(), key=_rank)


def _rank(row: VerdictRow) -> tuple[bool, bool, int, float]:
    gate = row.gate.removeprefix("portable_")
    stage = next((n for n, gates in enumerate(_STAGES) if _named(gate, gates)), len(_STAGES))
    return row.kind == "latency", row.status is Status.INCONCLUSIVE, stage, -_excess(row)


def _named(gate: str, names: Sequence[str]) -> bool:
    return any(gate == name or (name.endswith("_") and gate.startswith(name)) for name in names)


def _excess(row: VerdictRow) -> float:
    """Return how far the value is beyond its threshold, as a share of the threshold."""
    if row.value is None:
        return math.inf
    return abs(row.value - row.threshold) / (abs(row.threshold) or 1.0)


def claim_and_remedy(row: VerdictRow) -> tuple[str, str]:
    """Return the two parts of a verdict's line: what was measured, and what to do; the second may be empty."""
    claim, bracket, remedy = row.line.partition("]; ")
    return (f"{claim}]", remedy) if bracket else (row.line, "")


def undecided(verdicts: Sequence[VerdictRow], accepts: Callable[[VerdictRow], bool]) -> Iterator[VerdictRow]:
    """Yield the INCONCLUSIVE verdicts that fail nothing."""
    yield from (row for row in verdicts if row.status is Status.INCONCLUSIVE and accepts(row))
