"""How much it matters which utterances INT8 is calibrated on: one model, several draws, the spread of its figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from wergate.calibration_subsets import draw_subsets, most_shared
from wergate.corpora.corpus import Corpus, require_disjoint
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.pipeline import Pipeline
from wergate.quantization.nncf import int8_ir
from wergate.store import Artifact


@dataclass(frozen=True)
class Spread:
    """A figure over several subsets.

    Attributes:
        sd: of the sample (n - 1); NaN where a value is not finite.
    """

    mean: float
    sd: float
    low: float
    high: float

    @property
    def range(self) -> float:
        """Largest minus smallest value; 0 where all are the same, infinite ones included."""
        return 0.0 if self.low == self.high else self.high - self.low


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least two values; a NaN among them makes all of it NaN."""
    if any(math.isnan(value) for value in values):
        return Spread(math.nan, math.nan, math.nan, math.nan)
    finite = all(math.isfinite(value) for value in values)
    sd = statistics.stdev(values) if finite else math.nan
    return Spread(statistics.fmean(values), sd, min(values), max(values))


@dataclass(frozen=True)
class CalibratedModel:
    """What came of one calibration subset."""

    calibration: Corpus
    ir: Artifact
    evaluation: Evaluation


@dataclass(frozen=True)
class CalibrationSpread:
    """INT8 of one model on one corpus, calibrated several times.

    Attributes:
        pool: what the subsets were drawn from.
        models: one for each subset, in the order of the draw.
    """

    pool: Corpus
    models: tuple[CalibratedModel, ...]

    @property
    def wer(self) -> Spread:
        """Of the WER, a fraction."""
        return spread([found.evaluation.candidate.total.wer for found in self.models])

    @property
    def sqnr_db(self) -> Spread:
        """Of the signal-to-quantization-noise ratio."""
        return spread([found.evaluation.logits.sqnr_db for found in self.models])

    @property
    def most_shared(self) -> int:
        """Recordings that two subsets share at most; 0 where they are disjoint."""
        return most_shared(tuple(found.calibration for found in self.models))


def calibration_spread(pipeline: Pipeline, model: str, spec: CorpusSpec) -> CalibrationSpread:
    """Quantize a model once for each calibration subset and evaluate each result on a corpus.

    Raises:
        SuiteError: a subset size that leaves no choice, or a subset that overlaps the evaluation corpus.
    """
    evaluated, pool = pipeline.corpus(model, spec), pipeline.calibration(model)
    subsets = draw_subsets(pool, pipeline.config.settings_of(model).calibration_study)
    for subset in subsets:
        require_disjoint(evaluated, subset)
    counted = pipeline.progress(subsets, f"calibration subsets of {model}", len(subsets))
    return CalibrationSpread(pool, tuple(_calibrated(pipeline, model, spec, subset) for subset in counted))


def _calibrated(pipeline: Pipeline, model: str, spec: CorpusSpec, subset: Corpus) -> CalibratedModel:
    ir = int8_ir(
        pipeline.store,
        pipeline.ir(model, "fp16"),
        subset,
        settings=pipeline.config.settings_of(model).quantization,
        progress=pipeline.progress,
    )
    pipeline.used(model, None, ir)
    return CalibratedModel(subset, ir, pipeline.evaluation_of(model, spec, ir, f"INT8 of {subset.name}"))
