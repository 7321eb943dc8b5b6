"""Sensitivity of INT8 to its calibration utterances: one model, several draws, the spread of WER and SQNR."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from wergate.config.studies import CalibrationStudySettings
from wergate.corpora.corpus import Corpus, require_disjoint
from wergate.corpora.sampling import draw_utterances
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.wer import require_words
from wergate.quantization.nncf import int8_ir
from wergate.session.session import Session
from wergate.steps import step
from wergate.store import Artifact


@dataclass(frozen=True)
class Spread:
    """Distribution of a figure over several subsets.

    Attributes:
        sd: sample standard deviation (n - 1); NaN if a value is not finite.
    """

    mean: float
    sd: float
    low: float
    high: float

    @property
    def range(self) -> float:
        """Largest minus smallest value; 0 if all values are equal, also if they are infinite."""
        return 0.0 if self.low == self.high else self.high - self.low


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least two values; every field is NaN if one of the values is."""
    if any(math.isnan(value) for value in values):
        return Spread(math.nan, math.nan, math.nan, math.nan)
    finite = all(math.isfinite(value) for value in values)
    sd = statistics.stdev(values) if finite else math.nan
    return Spread(statistics.fmean(values), sd, min(values), max(values))


@dataclass(frozen=True)
class CalibratedModel:
    """An INT8 IR calibrated on one subset, and its evaluation."""

    calibration: Corpus
    ir: Artifact
    evaluation: Evaluation


@dataclass(frozen=True)
class CalibrationSpread:
    """INT8 of one model on one corpus, calibrated several times.

    Attributes:
        pool: the corpus that the subsets were drawn from.
        models: one model per subset, in the order of the draw.
    """

    pool: Corpus
    models: tuple[CalibratedModel, ...]

    @property
    def wer(self) -> Spread:
        """Spread of the WER, a fraction."""
        return spread([model.evaluation.candidate.total.wer for model in self.models])

    @property
    def sqnr_db(self) -> Spread:
        """Spread of the signal-to-quantization-noise ratio, in dB."""
        return spread([model.evaluation.logits.sqnr_db for model in self.models])

    @property
    def most_shared(self) -> int:
        """Largest number of recordings that two subsets share; 0 if all are disjoint."""
        return most_shared(tuple(model.calibration for model in self.models))


def calibration_spread(session: Session, model: str, spec: CorpusSpec) -> CalibrationSpread:
    """Quantize a model once per calibration subset and evaluate each result on a corpus.

    Raises:
        SuiteError: a subset would be the whole calibration corpus, or it overlaps the evaluation corpus.
    """
    evaluated, pool = session.corpora.corpus(model, spec), session.corpora.calibration(model)
    subsets = draw_subsets(pool, session.config.settings_of(model).calibration_study)
    for subset in subsets:
        require_disjoint(evaluated, subset)
    counted = session.progress(subsets, f"calibration subsets of {model}", len(subsets))
    return CalibrationSpread(pool, tuple(_calibrated(session, model, spec, subset) for subset in counted))


def _calibrated(session: Session, model: str, spec: CorpusSpec, subset: Corpus) -> CalibratedModel:
    fp16 = session.models.ir(model, "fp16")
    with step(f"quantization of '{model}', calibrated on {subset.name}"):
        ir = int8_ir(
            session.store,
            fp16,
            subset,
            settings=session.config.settings_of(model).quantization,
            progress=session.progress,
        )
    session.memo.used(model, None, ir)
    variant = session.models.variant_of(model, ir, subject=f"INT8 of {subset.name}")
    evaluation = session.evaluations.of(variant, spec)
    require_words(evaluation)
    return CalibratedModel(subset, ir, evaluation)


def draw_subsets(pool: Corpus, settings: CalibrationStudySettings) -> tuple[Corpus, ...]:
    """Draw calibration subsets of the same size, each stratified by duration and without repeated recordings.

    The subsets are disjoint if the corpus has enough recordings. Otherwise each is drawn from the whole corpus.

    Args:
        pool: the calibration corpus. Subsets are drawn from all of its utterances (`pool.whole`), not only its entries.

    Raises:
        SuiteError: a subset would be the whole corpus or larger.
    """
    unique = {entry.digest: entry for entry in reversed(pool.whole)}.values()
    durations = {entry.id: entry.duration_s for entry in unique}
    count, size = settings.subsets, settings.subset_size
    if size >= len(durations):
        raise SuiteError(
            f"calibration_study.subset_size = {size} is not accepted: calibration corpus '{pool.name}' has "
            f"{len(durations)} recordings, and a subset must have fewer; lower it in suite.toml, or choose a larger "
            "corpus with --calibration"
        )
    if count * size <= len(durations):
        drawn = deal(durations, count, size, settings.seed)
    else:
        drawn = [draw_utterances(durations, size, settings.seed + number) for number in range(count)]
    return tuple(_subset(pool, ids, f"subset {number} of {count}") for number, ids in enumerate(drawn, start=1))


def deal(durations: Mapping[str, float], hands: int, size: int, seed: int) -> list[set[str]]:
    """Deal utterances into disjoint sets, each with one utterance from each of `size` equal duration strata.

    The result depends on ids, durations and the seed, not on the order of the mapping.

    Args:
        durations: seconds by utterance id, of at least `hands * size` utterances.
        hands: number of sets.
        size: utterances per set.
    """
    ranks = {id_: hashlib.sha256(f"deal\0{seed}\0{id_}".encode()).digest() for id_ in durations}
    sorted_ids = sorted(durations, key=lambda id_: (durations[id_], ranks[id_]))
    bounds = [number * len(sorted_ids) // size for number in range(size + 1)]
    strata = [sorted(sorted_ids[start:stop], key=ranks.__getitem__) for start, stop in pairwise(bounds)]
    return [{stratum[hand] for stratum in strata} for hand in range(hands)]


def most_shared(subsets: tuple[Corpus, ...]) -> int:
    """Return the largest number of recordings that two of the subsets share."""
    known = [set(subset.digests.values()) for subset in subsets]
    return max(len(one & other) for one, other in combinations(known, 2))


def _subset(pool: Corpus, ids: set[str], name: str) -> Corpus:
    entries = tuple(entry for entry in pool.whole if entry.id in ids)
    return replace(pool, spec=replace(pool.spec, name=f"{pool.name}, {name}"), entries=entries)
