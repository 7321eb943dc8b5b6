"""Halves of a real corpus by speaker: the interval of one half against the drop of the other half."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from wergate.corpora.corpus import Corpus
from wergate.disk.files import replace_content
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.significance.drop import wer_drop
from wergate.evaluation.significance.few_changes import count_changes, exact_interval
from wergate.evaluation.significance.speakers import correlation, sums_by_speaker, t_interval
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.evaluation.wer import count_word_errors

_MOST = 1_000  # halves of a corpus; with more speakers, a seeded sample of all
_ENGINE = "pytorch"


@dataclass(frozen=True)
class Counts:
    """Word errors of a variant on a real corpus, by utterance.

    Attributes:
        corpus: name of the corpus.
        speakers: speaker of each utterance.
        words, rises: reference words, and additional errors of the variant.
    """

    corpus: str
    speakers: tuple[str, ...]
    words: tuple[int, ...]
    rises: tuple[int, ...]


@dataclass(frozen=True)
class Halves:
    """Results over the halves of a corpus.

    Attributes:
        halves: number of halves.
        inside: share in which the other half's drop is in the interval.
        predicted: share in which it is in the interval for another sample of this size, which is wider by a factor of
            the square root of 2.
    """

    halves: int
    inside: float
    predicted: float


def counts_of(corpus: Corpus, transcripts: Path, variant: str = "int8") -> Counts:
    """Return the word errors of a corpus from a file of `--transcripts`."""
    lines = [line for line in TranscriptFile(transcripts).lines() if line is not None and line.corpus == corpus.name]
    sides = [{line.id: line for line in lines if line.recognizer == recognizer} for recognizer in (_ENGINE, variant)]
    ids = [id_ for id_ in corpus.ids if all(id_ in side for side in sides)]
    texts = [sides[0][id_].reference for id_ in ids]
    errors = [
        count_word_errors(
            references=texts, hypotheses=[side[id_].hypothesis for id_ in ids], normalizer=NORMALIZERS["upper"]
        )
        for side in sides
    ]
    return Counts(
        corpus.name,
        tuple(corpus.speaker_of[id_] for id_ in ids),
        tuple(found.words for found in errors[0]),
        tuple(after.errors - before.errors for before, after in zip(*errors, strict=True)),
    )


def halves(counts: Counts, seed: int = 0) -> Halves:
    """Return how often the interval of one half of the speakers contains the drop of the others."""
    names = [*dict.fromkeys(counts.speakers)]
    found = [_compare(counts, half) for half in _drawn(names, seed)]
    inside, predicted = np.mean(found, axis=0)
    return Halves(len(found), float(inside), float(predicted))


def _drawn(names: list[str], seed: int) -> Iterator[tuple[str, ...]]:
    size = len(names) // 2
    if math.comb(len(names), size) <= _MOST:
        yield from combinations(names, size)
        return
    generator = np.random.default_rng(seed)
    yield from (tuple(generator.choice(names, size, replace=False).tolist()) for _ in range(_MOST))


def _compare(counts: Counts, half: tuple[str, ...]) -> tuple[bool, bool]:
    chosen = [speaker in half for speaker in counts.speakers]
    low, high, value = _interval(counts, chosen)
    other = _interval(counts, [not taken for taken in chosen])[2]
    wide = math.sqrt(2)
    return low <= other <= high, value - wide * (value - low) <= other <= value + wide * (high - value)


def _interval(counts: Counts, chosen: list[bool]) -> tuple[float, float, float]:
    """Return the gate's interval of some utterances, and their drop."""
    pick = np.flatnonzero(chosen)
    words, rises = ([values[number] for number in pick] for values in (counts.words, counts.rises))
    speakers = [counts.speakers[number] for number in pick]
    sums = [np.asarray(sums_by_speaker(values, speakers), float) for values in (words, rises)]
    low, high = (float(bound) for bound in t_interval(*sums))
    changes = count_changes(words, rises)
    if changes.are_few:
        exact = exact_interval(changes)
        low, high = min(low, float(exact[0])), max(high, float(exact[1]))
    return low, high, sum(rises) / sum(words)


def whole_interval(counts: Counts) -> tuple[float, float, float, float]:
    """Return drop, lower and upper bound, and correlation within a speaker of the whole corpus."""
    drop = wer_drop(
        words=counts.words, reference=[0] * len(counts.words), candidate=counts.rises, names=counts.speakers
    )
    within = correlation(counts.words, counts.rises, counts.speakers)
    return drop.value, drop.interval.low, drop.interval.high, within


def read_counts(path: Path) -> list[Counts]:
    """Return the stored counts of real corpora; none without a file."""
    if not path.exists():
        return []
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    keys = ("speakers", "words", "rises")
    return [Counts(line["corpus"], *(tuple(line[key]) for key in keys)) for line in found]


def write_counts(path: Path, found: list[Counts]) -> None:
    """Store the counts of real corpora, one corpus a line."""
    replace_content(path, "".join(json.dumps(asdict(counts)) + "\n" for counts in found))
