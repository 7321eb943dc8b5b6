"""Rows of the results with word errors, logits and intervals."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from wergate.evaluation.wer import WordErrors
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval


class ResultRow(BaseModel):
    """Base class of all rows of the results: frozen, without undeclared keys."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


class WordErrorRow(ResultRow):
    """Word errors of one recognizer; `wer` is a fraction, or null without reference words."""

    wer: float | None
    words: int
    substitutions: int
    deletions: int
    insertions: int


class LogitsRow(ResultRow):
    """Difference of logits from those of the reference model; `sqnr_db` is null if they are identical."""

    frames: int
    max_abs_delta: float
    mean_abs_delta: float
    sqnr_db: float | None
    argmax_agreement: float


class IntervalRow(ResultRow):
    """Confidence interval of a value; a bound is null if it is not finite."""

    low: float | None
    high: float | None
    confidence: float


def word_error_row(errors: WordErrors) -> WordErrorRow:
    """Return the row of one recognizer's word errors."""
    return WordErrorRow(
        wer=finite(errors.wer),
        words=errors.words,
        substitutions=errors.substitutions,
        deletions=errors.deletions,
        insertions=errors.insertions,
    )


def logits_row(logits: LogitsDifference) -> LogitsRow:
    """Return the row of a logits difference."""
    return LogitsRow(
        frames=logits.frames,
        max_abs_delta=logits.max_abs,
        mean_abs_delta=logits.mean_abs,
        sqnr_db=finite(logits.sqnr_db),
        argmax_agreement=logits.argmax_agreement,
    )


def interval_row(interval: Interval) -> IntervalRow:
    """Return the row of an interval."""
    return IntervalRow(low=finite(interval.low), high=finite(interval.high), confidence=interval.confidence)


def finite(value: float) -> float | None:
    """Return a finite number as it is, and None for any other, which JSON cannot represent."""
    return value if math.isfinite(value) else None
