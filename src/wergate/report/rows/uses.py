"""Rows of the results about the models, corpora and artifacts of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from wergate.evaluation.rows import ResultRow
from wergate.session.memo import ArtifactUse, CorpusUse, ModelUse, Rejection, Uses


class ModelRow(ResultRow):
    """A reference model: spec, runtime, digest, hub commit (null if it is local) and quantizer of its INT8 IR.

    `notes` state how it is read, such as how an ONNX file's audio is prepared.
    """

    model: str
    spec: str
    engine: str
    digest: str
    revision: str | None
    quantizer: str
    notes: list[str]


class SkippedRow(ResultRow):
    """An utterance that was skipped, and the reason."""

    id: str
    reason: str


class CorpusRow(ResultRow):
    """A corpus of a model: `utterances` of `available` ones were evaluated; `skipped` ones could not be read.

    `revision` is the hub commit (null if it is local); `notes` are remarks on its origin and on its durations.
    """

    model: str
    corpus: str
    fingerprint: str
    utterances: int
    available: int
    skipped: list[SkippedRow]
    revision: str | None
    notes: list[str]


class CalibrationRow(ResultRow):
    """The calibration set of a model: utterance ids, seconds of audio, and the shortest and longest duration."""

    model: str
    corpus: str
    utterances: list[str]
    audio_s: float
    shortest_s: float | None = None
    longest_s: float | None = None


class ArtifactRow(ResultRow):
    """An artifact that was built or found in `seconds`; `build_s` is the time of its build, also if it was earlier.

    `key` is over everything that it depends on, and `digest` over its files.
    """

    kind: str
    model: str
    corpus: str | None
    key: str
    status: Literal["built", "found"]
    seconds: float
    build_s: float
    digest: str = ""


class RejectionRow(ResultRow):
    """A compilation that gave wrong logits on one of its streams and was not used.

    `samples` is its fixed length (null for any length). `tried` and `rejected` count compilations for several streams
    over all runs that share the store, on this instruction set with this version of OpenVINO.
    """

    model: str
    variant: str
    samples: int | None
    streams: int
    isa: str
    openvino: str
    tried: int
    rejected: int


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
        notes=list(found.notes),
    )


def corpus_row(use: CorpusUse) -> CorpusRow:
    """Return the row of an evaluated corpus."""
    corpus = use.corpus
    return CorpusRow(
        model=use.model,
        corpus=corpus.name,
        fingerprint=corpus.fingerprint,
        utterances=len(corpus),
        available=len(corpus.whole),
        skipped=[SkippedRow(id=error.utterance, reason=error.reason) for error in corpus.skipped],
        revision=corpus.revision,
        notes=[*corpus.notes, *use.notes],
    )


def calibration_row(use: CorpusUse) -> CalibrationRow:
    """Return the row of a calibration corpus."""
    corpus = use.corpus
    durations_s = corpus.durations.values()
    return CalibrationRow(
        model=use.model,
        corpus=corpus.name,
        utterances=list(corpus.ids),
        audio_s=sum(durations_s),
        shortest_s=min(durations_s),
        longest_s=max(durations_s),
    )


def use_rows(uses: Uses) -> Mapping[str, Sequence[BaseModel]]:
    """Return the rows of everything that a session used, by kind of the results."""
    return {
        "models": [model_row(use) for use in uses.models],
        "corpora": [corpus_row(use) for use in uses.corpora],
        "calibrations": [calibration_row(use) for use in uses.calibrations],
        "artifacts": [artifact_row(use) for use in uses.artifacts],
        "rejections": [rejection_row(found) for found in uses.rejections],
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
        digest=artifact.digest,
    )


def rejection_row(rejection: Rejection) -> RejectionRow:
    """Return the row of a rejected compilation."""
    compilation, counts = rejection.compilation, rejection.counts
    return RejectionRow(
        model=rejection.model,
        variant=rejection.variant,
        samples=compilation.samples,
        streams=compilation.streams,
        isa=counts.isa,
        openvino=counts.openvino,
        tried=counts.tried,
        rejected=counts.rejected,
    )
