"""What a run found, as the rows of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.rows import (
    finite,
    interval_row,
    logits_row,
    word_error_row,
)
from wergate.gates.accuracy import near_tie
from wergate.gates.error_shape.rows import shape_row
from wergate.gates.error_shape.shape import error_shape
from wergate.results import (
    ArtifactRow,
    CalibrationRow,
    CorpusRow,
    EvaluationRow,
    ExpectedRow,
    MismatchRow,
    ModelRow,
    PairedRow,
    SkippedRow,
    TokenRow,
    UnknownRow,
    VerdictRow,
)
from wergate.uses import ArtifactUse, CorpusUse, ModelUse, Uses
from wergate.verdict import Status, Verdict


def evaluation_row(
    evaluation: Evaluation,
    *,
    model: str,
    variant: str,
    quantizer: str,
    near_tie_margin: float,
    expected_wer: Mapping[str, float],
    status: Status,
) -> EvaluationRow:
    """Return the row of an evaluation.

    Args:
        expected_wer: figures printed elsewhere, by variant, and of the "reference" model.
        status: of the verdict on its WER.
    """
    mismatches = [
        MismatchRow(
            id=outcome.id,
            reference_hypothesis=outcome.reference_hypothesis,
            hypothesis=outcome.hypothesis,
            flipped_frames=outcome.logits.flipped_frames,
            widest_flip=outcome.logits.widest_flip,
            near_tie=near_tie(outcome, near_tie_margin),
        )
        for outcome in evaluation.mismatches
    ]
    return EvaluationRow(
        model=model,
        corpus=evaluation.corpus,
        variant=variant,
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
        reference=word_error_row(evaluation.reference.total),
        candidate=word_error_row(evaluation.candidate.total),
        paired=paired_row(evaluation, status),
        tokens=_token_row(evaluation),
        expected=ExpectedRow(reference=expected_wer.get("reference"), candidate=expected_wer.get(variant)),
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
    return PairedRow(
        drop=finite(drop.value),
        interval=interval_row(drop.interval),
        improvement=finite(drop.improvement),
        resamples=drop.resamples,
        unit="utterance",
        units=drop.utterances,
        speakers=evaluation.speakers or None,
        segments=test.segments,
        mean=test.mean,
        z=finite(test.z),
        p=finite(test.p),
        status=status,
    )


def _token_row(evaluation: Evaluation) -> TokenRow | None:
    reference, candidate = evaluation.reference.token_total, evaluation.candidate.token_total
    if reference is None or candidate is None:
        return None
    sides = {"reference": word_error_row(reference), "candidate": word_error_row(candidate)}
    return TokenRow(units=evaluation.alphabet.units, **sides)


def model_row(use: ModelUse) -> ModelRow:
    """Return the row of a reference model."""
    found = use.reference
    return ModelRow(
        model=use.model,
        spec=use.spec,
        engine=found.engine,
        digest=found.digest,
        revision=found.revision,
        quantizer=use.quantizer,
    )


def corpus_row(use: CorpusUse) -> CorpusRow:
    """Return the row of a corpus that a model is evaluated on."""
    corpus = use.corpus
    return CorpusRow(
        model=use.model,
        corpus=corpus.name,
        fingerprint=corpus.fingerprint,
        utterances=len(corpus),
        available=len(corpus.whole),
        skipped=[SkippedRow(id=error.utterance, reason=error.reason) for error in corpus.skipped],
        revision=corpus.revision,
        notes=list(corpus.notes),
    )


def calibration_row(use: CorpusUse) -> CalibrationRow:
    """Return the row of what a model is calibrated on."""
    corpus = use.corpus
    audio_s = sum(corpus.durations.values())
    return CalibrationRow(model=use.model, corpus=corpus.name, utterances=list(corpus.ids), audio_s=audio_s)


def verdict_row(verdict: Verdict, *, test: str, model: str | None, corpus: str | None) -> VerdictRow:
    """Return the row of a verdict; `test` is the pytest id that gave it."""
    return VerdictRow(
        test=test,
        model=model,
        corpus=corpus,
        gate=verdict.gate,
        subject=verdict.subject,
        status=verdict.status,
        value=finite(verdict.value),
        relation=verdict.relation,
        threshold=verdict.threshold,
        kind=verdict.kind,
        interval=verdict.interval and interval_row(verdict.interval),
        line=verdict.line,
    )


def use_rows(uses: Uses) -> Mapping[str, Sequence[BaseModel]]:
    """Return the rows of what a session made use of, by their kind in the results."""
    return {
        "models": [model_row(use) for use in uses.models],
        "corpora": [corpus_row(use) for use in uses.corpora],
        "calibrations": [calibration_row(use) for use in uses.calibrations],
        "artifacts": [artifact_row(use) for use in uses.artifacts],
    }


def artifact_row(use: ArtifactUse) -> ArtifactRow:
    """Return the row of an artifact."""
    artifact = use.artifact
    return ArtifactRow(
        kind=artifact.kind,
        model=use.model,
        corpus=use.corpus,
        key=artifact.key,
        status="built" if artifact.built else "found",
        seconds=artifact.seconds,
        build_s=artifact.build_seconds,
    )
