"""Rows of the results about words and logits."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from wergate.evaluation.wer import WordErrors
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval


class ResultRow(BaseModel):
    """A row of the results: frozen, with the keys that it names and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WordErrorRow(ResultRow):
    """Word errors of one recognizer; `wer` is a fraction, null without reference words."""

    wer: float | None
    words: int
    substitutions: int
    deletions: int
    insertions: int


class LogitsRow(ResultRow):
    """Logits against the reference model's; `sqnr_db` is null where they are identical."""

    frames: int
    max_abs_delta: float
    mean_abs_delta: float
    sqnr_db: float | None
    argmax_agreement: float


class IntervalRow(ResultRow):
    """Where the true value lies, with that confidence; a bound is null where it is not finite."""

    low: float | None
    high: float | None
    confidence: float


def word_error_row(errors: WordErrors) -> WordErrorRow:
    """Return the row of a recognizer's word errors."""
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
    """Return a number that JSON can hold; None for any other."""
    return value if math.isfinite(value) else None
