"""Tables and lines of a duel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.formatting import decibels, interval, new_table, percent, signed_percent
from wergate.studies.duel.rows import DuelCorpusRow, DuelRow, DuelTimeRow

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = 10  # layers and utterances of a table


def duel_tables(rows: Sequence[DuelRow]) -> Iterator[Table]:
    """Yield the tables of each duel: words, time, sides, and the layers and utterances that differ."""
    if len(rows) > 1:
        yield _matrix(rows)
    for row in rows:
        title = f"{row.model}, from {row.first.side} (A) to {row.second.side} (B): {row.line}"
        if row.corpora:
            yield _words(title, row.corpora)
        if row.null or row.time:
            yield _times(row)
        yield _sides(row)
        if row.layers:
            yield _layers(row)
        changed = [(corpus.corpus, one) for corpus in row.corpora for one in corpus.changed]
        if changed:
            table = new_table("Changed utterances, most errors added first", "utterance", ("added",))
            for _, one in changed[:_SHOWN]:
                table.add_row(one.id, f"{one.added:+d}")
            yield table


def _matrix(rows: Sequence[DuelRow]) -> Table:
    """Return one line per duel."""
    columns = ("answer", "time of B over A", "A WER %", "B WER %", "changed", "layers")
    table = new_table("Duels against A", "B", columns)
    for row in rows:
        changed = sum(len(corpus.changed) for corpus in row.corpora)
        utterances = sum(corpus.utterances for corpus in row.corpora)
        time = "-" if row.time is None else f"{row.time.ratio:.3f} ({interval(row.time.interval, '.3f')})"
        wers = (" / ".join(percent(getattr(one, side).wer) for one in row.corpora) for side in ("first", "second"))
        layers = sum(one.what != "primitive" for one in row.layers)
        table.add_row(row.second.side, row.outcome, time, *wers, f"{changed}/{utterances}", str(layers))
    return table


def _words(title: str, rows: Sequence[DuelCorpusRow]) -> Table:
    columns = ("A WER %", "B WER %", "rise (95 % interval)", "changed", "SQNR dB", "argmax %")
    table = new_table(title, "corpus", columns)
    for row in rows:
        low, high = (signed_percent(bound) for bound in (row.interval.low, row.interval.high))
        logits = row.logits
        table.add_row(
            row.corpus,
            percent(row.first.wer),
            percent(row.second.wer),
            f"{signed_percent(row.rise)} ({low} to {high})",
            f"{len(row.changed)}/{row.utterances}",
            "-" if logits is None else decibels(logits.sqnr_db),
            "-" if logits is None else percent(logits.argmax_agreement),
        )
    return table


def _times(row: DuelRow) -> Table:
    columns = ("ms", "ms", "ratio (interval)", "by pair", "pairs", "void")
    table = new_table("Time of the second process over that of the first", "processes", columns)
    for name, found in (("A, A (noise floor)", row.null), ("A, B", row.time)):
        if found is not None:
            table.add_row(name, *_time(found))
    return table


def _time(found: DuelTimeRow) -> tuple[str, ...]:
    low, high = found.interval.low or 0.0, found.interval.high or 0.0
    return (
        f"{found.first_ms:.2f}",
        f"{found.second_ms:.2f}",
        f"{found.ratio:.3f} ({low:.3f} to {high:.3f})",
        f"{min(found.pairs):.3f} to {max(found.pairs):.3f}",
        str(len(found.pairs)),
        f"{found.void_blocks}/{found.blocks}",
    )


def _sides(row: DuelRow) -> Table:
    table = new_table("Sides", "side", ("OpenVINO", "NumPy", "Python", "precision", "IR by"))
    for name, side in (("A", row.first), ("B", row.second)):
        known = (side.openvino, side.numpy, side.python, side.precision, side.ir_by)
        table.add_row(name, *(text or "-" for text in known))
    return table


def _layers(row: DuelRow) -> Table:
    table = new_table("Layers that differ", "layer", ("in", "A", "B"))
    for one in row.layers[:_SHOWN]:
        table.add_row(one.name, one.what, one.first, one.second)
    if len(row.layers) > _SHOWN:
        table.add_row(f"and {len(row.layers) - _SHOWN} more: --results", "", "", "")
    return table


def duel_lines(rows: Sequence[DuelRow]) -> Iterator[str]:
    """Yield the answer of each duel."""
    for row in rows:
        yield f"{row.model}, from {row.first.side} to {row.second.side}: {row.line}"
