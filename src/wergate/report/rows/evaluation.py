"""Rows of the results about evaluations: word errors, logits, mismatches and the paired comparison."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from wergate.config.variants import label_of
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.rows import (
    IntervalRow,
    LogitsRow,
    ResultRow,
    WordErrorRow,
    finite,
    interval_row,
    logits_row,
    word_error_row,
)
from wergate.evaluation.significance.drop import Method, WerDrop
from wergate.evaluation.significance.power import Unit, needed_units, visible_drop
from wergate.gates.accuracy import near_tie
from wergate.gates.error_shape.rows import ShapeRow, shape_row
from wergate.gates.error_shape.shape import error_shape
from wergate.verdict import Status


class MismatchRow(ResultRow):
    """An utterance whose transcript differs from that of the reference model."""

    id: str
    reference_hypothesis: str
    hypothesis: str
    flipped_frames: int
    widest_flip: float
    near_tie: bool


class TokenRow(ResultRow):
    """Errors in tokens, for models whose labels are not letters; `wer` is the token error rate."""

    units: str
    reference: WordErrorRow
    candidate: WordErrorRow


class PairedRow(ResultRow):
    """The WER drop, variant minus reference model on the same utterances, and its statistical significance.

    The gate uses `interval`. Its unit of chance is `unit`, of which there are `units`; `method` is Student's t over
    speakers or the bootstrap. `exact` says that there are few changed words (`lost` and `gained`), so that `interval`
    is at least as wide as the exact one. `by_utterance` is the interval of the bootstrap over utterances, spoken by
    `speakers` (null if the corpus names none). `correlation` is that of the drop within a speaker. `improvement` is the
    share of resampled utterances in which the variant is better. `visible` is the smallest drop that this corpus sees
    with 80 % power; `needed` is the number of units (speakers, or words) with which it sees `tolerance`. `p_within` and
    `p_beyond` are one-sided p-values of a drop below and above `tolerance`. `segments`, `mean`, `z` and the two-sided
    `p` are those of MAPSSWE. A value that cannot be computed is null. `status` is the verdict on the drop.
    """

    drop: float | None
    interval: IntervalRow
    unit: Unit
    units: int
    method: Method
    exact: bool
    lost: int
    gained: int
    by_utterance: IntervalRow
    correlation: float | None
    improvement: float | None
    resamples: int
    speakers: int | None
    tolerance: float
    visible: float | None
    needed: int | None
    p_within: float | None
    p_beyond: float | None
    segments: int
    mean: float
    z: float | None
    p: float | None
    status: Status


class ExpectedRow(ResultRow):
    """Published WERs from `expected_wer` in suite.toml, of the reference model and of the variant."""

    reference: float | None
    candidate: float | None


class UnknownRow(ResultRow):
    """Characters of the normalized transcripts without a label, and transcripts that are empty after normalization."""

    characters: dict[str, int]
    utterances: int
    emptied_references: int


class EvaluationRow(ResultRow):
    """One variant of one model on one corpus, compared with the reference model.

    `engine` is the runtime of the reference model; `variant` is fp16, int8 or the name of a candidate; `quantizer`
    builds the INT8 IR of the model. `inference_s` is the time of inference alone, also if an earlier run spent it;
    `audio_wait_s` is the part of `elapsed_s` spent waiting for audio. `resumed` utterances were read from transcripts
    of an earlier run; `ignored_lines` of that file belonged to other weights, versions or audio.
    `blank_note` doubts the blank if the reference model gives most frames of every utterance another label.
    `special_note` counts its transcripts with special labels, such as <unk>, which are left out.
    """

    model: str
    corpus: str
    variant: str
    quantizer: str
    engine: str
    normalizer: str
    utterances: int
    audio_s: float
    inference_s: float
    elapsed_s: float
    audio_wait_s: float
    resumed: int
    ignored_lines: int
    resume_note: str | None
    blank_note: str | None
    special_note: str | None
    reference: WordErrorRow
    candidate: WordErrorRow
    paired: PairedRow
    tokens: TokenRow | None
    expected: ExpectedRow
    logits: LogitsRow
    shape: ShapeRow
    unknown: UnknownRow
    mismatches: list[MismatchRow]
    audio_notes: dict[str, int]

    @property
    def label(self) -> str:
        """Name of the variant in tables."""
        return label_of(self.variant, self.quantizer)

    @property
    def wer_drop(self) -> float:
        """WER of the variant minus WER of the reference model, as a fraction."""
        return (self.candidate.wer or 0.0) - (self.reference.wer or 0.0)

    @property
    def same_text(self) -> str:
        """Transcripts that equal the reference model's, as "148/160"."""
        return f"{self.utterances - len(self.mismatches)}/{self.utterances}"


def by_cell(evaluations: Iterable[EvaluationRow]) -> Iterator[list[EvaluationRow]]:
    """Yield the rows of each model and corpus, sorted by model, corpus and variant."""
    for _, rows in groupby(sorted(evaluations, key=attrgetter("model", "corpus")), attrgetter("model", "corpus")):
        yield sorted(rows, key=attrgetter("variant"))


def evaluation_row(
    evaluation: Evaluation,
    *,
    quantizer: str,
    expected_wer: Mapping[str, float],
    status: Status,
) -> EvaluationRow:
    """Return the row of an evaluation.

    Args:
        quantizer: name of the quantizer that builds the INT8 IR of the model.
        expected_wer: published WERs by variant, and that of the "reference" model.
        status: the verdict on the WER.
    """
    variant = evaluation.variant
    mismatches = [
        MismatchRow(
            id=outcome.id,
            reference_hypothesis=outcome.reference_hypothesis,
            hypothesis=outcome.hypothesis,
            flipped_frames=outcome.logits.flipped_frames,
            widest_flip=outcome.logits.widest_flip,
            near_tie=near_tie(outcome, variant.thresholds.near_tie_margin),
        )
        for outcome in evaluation.mismatches
    ]
    return EvaluationRow(
        model=variant.model,
        corpus=evaluation.corpus,
        variant=variant.name,
        quantizer=quantizer,
        engine=evaluation.engine,
        normalizer=evaluation.normalizer,
        utterances=len(evaluation.outcomes),
        audio_s=evaluation.audio_s,
        inference_s=evaluation.seconds,
        elapsed_s=evaluation.elapsed_s,
        audio_wait_s=evaluation.audio_wait_s,
        resumed=evaluation.resumed,
        ignored_lines=evaluation.ignored_lines,
        resume_note=evaluation.resume_note,
        blank_note=evaluation.blank_note,
        special_note=evaluation.special_note,
        reference=word_error_row(evaluation.reference.total),
        candidate=word_error_row(evaluation.candidate.total),
        paired=paired_row(evaluation, status),
        tokens=_token_row(evaluation),
        expected=ExpectedRow(reference=expected_wer.get("reference"), candidate=expected_wer.get(variant.name)),
        logits=logits_row(evaluation.logits),
        shape=shape_row(error_shape(evaluation)),
        unknown=UnknownRow(
            characters=dict(evaluation.unknown_characters.most_common()),
            utterances=evaluation.utterances_with_unknown,
            emptied_references=evaluation.emptied_references,
        ),
        mismatches=mismatches,
        audio_notes=dict(evaluation.notes),
    )


def paired_row(evaluation: Evaluation, status: Status) -> PairedRow:
    """Return the row of an evaluation's paired statistics."""
    drop, test = evaluation.wer_drop, evaluation.matched_pairs
    tolerance = evaluation.variant.thresholds.wer_drop_max
    return PairedRow(
        drop=finite(drop.value),
        interval=interval_row(drop.interval),
        unit=drop.unit,
        units=drop.units,
        method=drop.method,
        exact=drop.exact,
        lost=drop.lost,
        gained=drop.gained,
        by_utterance=interval_row(drop.by_utterance),
        correlation=finite(drop.correlation),
        improvement=finite(drop.improvement),
        resamples=drop.resamples,
        speakers=len(set(evaluation.speaker_names)) or None,
        tolerance=tolerance,
        visible=finite(visible_drop(drop.reach, drop.unit, drop.units)),
        needed=_needed(drop, tolerance),
        p_within=finite(drop.p_within),
        p_beyond=finite(drop.p_beyond),
        segments=test.segments,
        mean=test.mean,
        z=finite(test.z),
        p=finite(test.p),
        status=status,
    )


def _needed(drop: WerDrop, tolerance: float) -> int | None:
    """Return the number of speakers or words with which the corpus sees the tolerance; no number suffices for 0."""
    if not tolerance or not math.isfinite(drop.reach):
        return None
    units = drop.units if drop.unit == "speaker" else drop.words
    return math.ceil(needed_units(drop.reach, drop.unit, units, tolerance))


def _token_row(evaluation: Evaluation) -> TokenRow | None:
    reference, candidate = evaluation.reference.token_total, evaluation.candidate.token_total
    if reference is None or candidate is None:
        return None
    sides = {"reference": word_error_row(reference), "candidate": word_error_row(candidate)}
    return TokenRow(units=evaluation.variant.frontend.alphabet.units, **sides)
