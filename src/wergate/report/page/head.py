"""The top of the page: the verdict, what was judged, and which utterances to listen to first."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from wergate.config.variants import subject_of
from wergate.report.exit_code import meaning_of
from wergate.report.page.gates import STATES
from wergate.report.results import Results
from wergate.report.run_folder.utterances import TranscriptRow, UtteranceRow
from wergate.verdict import Status

_FIRST = 3
_WINDOW = 12  # columns of an alignment


@dataclass(frozen=True)
class Head:
    """The facts of the first screen.

    Attributes:
        state: class of colour and shape.
        meaning: what the exit code says; empty if the results have none.
    """

    verdict: str
    state: str
    meaning: str
    exit_code: int | None
    gates: str
    models: Sequence[str]
    corpora: Sequence[str]
    date: str
    commit: str
    recordings: int
    utterances: int


def head(run: Results, utterances: Sequence[UtteranceRow]) -> Head:
    """Return the facts of the first screen."""
    undecided = run.verdict is Status.INCONCLUSIVE
    code = run.ending.exit_code if run.ending else None
    return Head(
        verdict=str(run.verdict),
        state=STATES[run.verdict],
        meaning="" if code is None else meaning_of(code, undecided=undecided),
        exit_code=code,
        gates=_gates(run),
        models=list(dict.fromkeys(f"{row.model} ({row.engine})" for row in run.models)),
        corpora=list(dict.fromkeys(row.corpus for row in run.corpora)),
        date=run.created.replace("T", " ").replace("+00:00", " UTC"),
        commit=(run.ending.commit or "") if run.ending else "",
        recordings=len({row.audio for row in utterances if row.audio}),
        utterances=len({row.key for row in utterances}),
    )


def _gates(run: Results) -> str:
    if not run.verdicts:
        return "no gate ran"
    words = ((Status.FAIL, "failed"), (Status.INCONCLUSIVE, "undecided"), (Status.PASS, "passed"))
    counts = [(sum(row.status is status for row in run.verdicts), word) for status, word in words]
    return ", ".join(f"{count} {word}" for count, word in counts if count) + f" of {len(run.verdicts)} gates"


@dataclass(frozen=True)
class First:
    """An utterance to listen to first, and the part in which the variant errs most.

    Attributes:
        said: the words of the part.
        reference: what the reference recognizer wrote there: words, each with the letter of its kind.
        wrote: what the variant wrote there.
    """

    row: UtteranceRow
    variant: str
    subject: str
    added: int
    said: str
    reference: list[tuple[str, str]]
    wrote: list[tuple[str, str]]


def first_to_hear(utterances: Iterable[UtteranceRow], shown: Mapping[tuple[str, str, str], str]) -> list[First]:
    """Return the three utterances in which a variant has most errors more than the reference recognizer.

    Args:
        shown: ids as the page shows them, by the keys of the rows.
    """
    found = [(row, name) for row in utterances for name in row.variants if row.added(name) > 0]
    found.sort(key=lambda one: (-one[0].added(one[1]), -_share(*one), shown[one[0].key], one[1]))
    return [
        First(row, name, subject_of(name), row.added(name), *_where_errors_are(row, name))
        for row, name in islice(_one_each(found), _FIRST)
    ]


@dataclass(frozen=True)
class _Column:
    """A column of an alignment; `place` is the number of words that were said before it."""

    place: int
    said: str
    wrote: str
    letter: str


def _where_errors_are(row: UtteranceRow, variant: str) -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the words where a variant errs most: as they were said, and as both recognizers wrote them."""
    columns = _columns(row, row.transcript(variant))
    start = _densest(row.transcript(variant).alignment)
    shown = columns[start : start + _WINDOW]
    places = {column.place for column in shown}
    lead, tail = "... " if start else "", " ..." if start + _WINDOW < len(columns) else ""
    text = " ".join(column.said for column in shown if column.said)
    reference = [column for column in _columns(row, row.reference) if column.place in places]
    return f"{lead}{text}{tail}", _written(reference), _written(shown)


def _columns(row: UtteranceRow, transcript: TranscriptRow) -> list[_Column]:
    said, written = iter(_words(row)), iter(_words(transcript))
    columns, place = [], 0
    for letter in transcript.alignment:
        expected = "" if letter == "I" else next(said, "")
        columns.append(_Column(place, expected, "" if letter == "D" else next(written, ""), letter))
        place += letter != "I"
    return columns


def _written(columns: Iterable[_Column]) -> list[tuple[str, str]]:
    """Return each word with its letter; a word that was left out is the one that was said."""
    return [(column.wrote or column.said, column.letter) for column in columns]


def _densest(alignment: str) -> int:
    """Return the first column of the part with most errors."""
    counts = [
        sum(letter != "E" for letter in alignment[start : start + _WINDOW])
        for start in range(max(1, len(alignment) - _WINDOW + 1))
    ]
    return counts.index(max(counts))


def _words(row: UtteranceRow | TranscriptRow) -> list[str]:
    return (row.text if row.words is None else row.words).split()


def _one_each(found: Iterable[tuple[UtteranceRow, str]]) -> Iterator[tuple[UtteranceRow, str]]:
    """Yield each utterance once, with the variant that is worst in it."""
    seen: set[tuple[str, str, str]] = set()
    for row, name in found:
        if row.key not in seen:
            seen.add(row.key)
            yield row, name


def _share(row: UtteranceRow, variant: str) -> float:
    """Return the errors added as a share of the words."""
    return row.added(variant) / max(1, row.reference.reference_words)


def command_line(run: Results) -> str:
    """Return the command that repeats the run; empty if the results have none."""
    return shlex.join(run.ending.command) if run.ending else ""


def variants_of(run: Results, utterances: Iterable[UtteranceRow]) -> dict[tuple[str, str], str]:
    """Return the names of all variants, by model and subject."""
    names = [(row.model, row.variant) for row in run.evaluations]
    names += [(row.model, row.variant) for row in run.executions]
    names += [(row.model, row.fast) for row in run.ratios]
    names += [(row.model, name) for row in utterances for name in row.variants]
    return {(model, subject_of(name)): name for model, name in names}
