"""Row of the results about a duel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

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
from wergate.studies.duel.verdict import Outcome, duel_line, outcome_of
from wergate.timing.paired import Paired
from wergate.verdict import Verdict

if TYPE_CHECKING:  # every run reads results with these rows, and few hold a duel
    from wergate.duel.duel import Duel, Found
    from wergate.duel.layers import LayerDifference
    from wergate.duel.words import PairedWords


class DuelSideRow(ResultRow):
    """A side of a duel, as it was given.

    `wheels` has the SHA-256 of each installed wheel by its name and version; it is empty for the environment of the
    run. `precision` is what the compiled model reports, and `ir_by` the release of OpenVINO that wrote the IR.
    """

    side: str
    kind: Literal["environment", "ir", "model", "exec", "transcripts"]
    openvino: str | None = None
    numpy: str | None = None
    python: str | None = None
    precision: str | None = None
    ir_by: str | None = None
    wheels: dict[str, str] = Field(default={})


class DuelUtteranceRow(ResultRow):
    """An utterance whose transcripts differ; `added` is the errors of B minus those of A."""

    id: str
    reference: str
    first: str
    second: str
    added: int


class DuelCorpusRow(ResultRow):
    """Word errors of both sides on a corpus; `rise` is that of the word error rate from A to B, a fraction.

    `logits` compares B with A, and is null unless both sides gave logits. `other_shapes` counts the utterances whose
    logits have another shape on each side.
    """

    corpus: str
    utterances: int
    first: WordErrorRow
    second: WordErrorRow
    rise: float | None
    interval: IntervalRow
    changed: list[DuelUtteranceRow]
    logits: LogitsRow | None
    other_shapes: int = 0


class DuelLayerRow(ResultRow):
    """A layer that differs between both sides, in its weights, in its precision or only in its primitive."""

    name: str
    what: Literal["weights", "precision", "primitive"]
    first: str
    second: str


class DuelTimeRow(ResultRow):
    """Time of the second process over that of the first.

    `pairs` has the ratio of each pair of processes. Of all `blocks` of four calls, `void_blocks` do not count.
    """

    ratio: float
    interval: IntervalRow
    first_ms: float
    second_ms: float
    rounds: int
    pairs: list[float]
    blocks: int
    void_blocks: int
    elapsed_s: float


class DuelRow(ResultRow):
    """A duel of side A with side B.

    `null` times A against A; `time` is null if the sides were not timed. `line` is the answer in words. `stopped` is
    the error that ended the duel early; empty if none did.
    """

    model: str
    ir: Literal["shared", "own"]
    first: DuelSideRow
    second: DuelSideRow
    outcome: Literal["upgrade", "do not upgrade", "inconclusive"]
    line: str
    corpora: list[DuelCorpusRow]
    layers: list[DuelLayerRow]
    null: DuelTimeRow | None
    time: DuelTimeRow | None
    stopped: str = ""


def duel_row(duel: Duel, verdicts: Sequence[Verdict], *, ir: Literal["shared", "own"]) -> DuelRow:
    """Return the row of a duel."""
    first, second = map(_side, duel.sides)
    outcome: Outcome = outcome_of(duel, verdicts)
    return DuelRow(
        model=duel.model,
        ir=ir,
        first=first,
        second=second,
        outcome=outcome,
        line=duel_line(duel, verdicts),
        corpora=[_corpus(words) for words in duel.corpora if words.utterances],
        layers=[_layer(one) for one in duel.layers],
        null=_time(duel.null),
        time=_time(duel.time),
        stopped=str(duel.stopped or ""),
    )


def _side(found: Found) -> DuelSideRow:
    compiled = found.compiled
    return DuelSideRow(
        side=found.spec.text,
        kind=found.spec.kind,
        openvino=compiled and compiled.openvino.partition("-")[0],
        numpy=compiled and compiled.numpy,
        python=compiled and compiled.python,
        precision=compiled and compiled.precision,
        ir_by=found.made_by or None,
        wheels=dict(found.environment.wheels) if found.environment else {},
    )


def _corpus(words: PairedWords) -> DuelCorpusRow:
    first, second = words.totals
    return DuelCorpusRow(
        corpus=words.corpus,
        utterances=len(words.utterances),
        first=word_error_row(first),
        second=word_error_row(second),
        rise=finite(words.drop.value),
        interval=interval_row(words.drop.interval),
        changed=[
            DuelUtteranceRow(id=one.id, reference=one.text, first=one.first, second=one.second, added=added)
            for one, added in words.changed
        ],
        logits=None if words.logits is None else logits_row(words.logits),
        other_shapes=words.other_shapes,
    )


def _layer(one: LayerDifference) -> DuelLayerRow:
    return DuelLayerRow(name=one.name, what=one.what, first=one.first, second=one.second)


def _time(found: Paired | None) -> DuelTimeRow | None:
    if found is None:
        return None
    return DuelTimeRow(
        ratio=found.ratio,
        interval=interval_row(found.interval),
        first_ms=found.first_ms,
        second_ms=found.second_ms,
        rounds=found.rounds,
        pairs=list(found.compilation_ratios),
        blocks=found.balance.blocks,
        void_blocks=found.balance.void,
        elapsed_s=found.elapsed_s,
    )
