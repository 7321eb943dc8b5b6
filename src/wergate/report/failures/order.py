"""The gates that failed a run, worst first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status


class Stage(IntEnum):
    """Order of the gates, causes before consequences.

    A network that was not quantized or not compiled as it should be gives wrong logits, wrong logits give wrong
    transcripts, and wrong transcripts give word errors.
    """

    CORPUS = 0
    NETWORK = 1
    WORK = 2
    BUCKETS = 3
    LOGITS = 4
    TRANSCRIPTS = 5
    WORDS = 6
    SHAPE = 7
    OTHER = 8


_GATES: tuple[tuple[Stage, tuple[str, ...]], ...] = (
    (
        Stage.CORPUS,
        (
            "reference_wer",
            "reference_errors",
            "alphabet_differs",
            "letter_recall",
            "wer_headline_difference",
            "calibration_",
        ),
    ),
    (
        Stage.NETWORK,
        (
            "inference_precision_differs",
            "reference_sqnr_db",
            "fp16_sqnr_db",
            "graph_differs",
            "weight_error",
            "activation_range_bits",
            "activation_ranges_differ",
        ),
    ),
    (Stage.WORK, ("int8_work", "size_ratio", "fake_quantize", "int8_weights")),
    (Stage.BUCKETS, ("stream_differs", "bucket_sqnr_db", "bucket_mismatch_rate")),
    (Stage.LOGITS, ("max_abs_delta", "mean_abs_delta", "sqnr_db", "argmax_agreement", "length_max_abs_delta")),
    (Stage.TRANSCRIPTS, ("transcript_mismatch_rate", "transcript_differs", "decoding_differs", "other_work")),
    (Stage.WORDS, ("wer", "word_errors")),
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


def stage_of(gate: str) -> Stage:
    """Return the stage of a gate; "portable_" is the same gate on another instruction set."""
    name = gate.removeprefix("portable_")
    if is_about_shape(name):
        return Stage.SHAPE
    return next((stage for stage, gates in _GATES if _named(name, gates)), Stage.OTHER)


def _rank(row: VerdictRow) -> tuple[bool, bool, int, bool, float]:
    """FP16 comes before INT8, which is built from it."""
    undecided = row.status is Status.INCONCLUSIVE
    return row.kind == "latency", undecided, stage_of(row.gate), row.subject != "FP16", -_excess(row)


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
