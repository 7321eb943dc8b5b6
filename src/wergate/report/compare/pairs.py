"""Word errors of one recognizer in two runs, paired by utterance, and the verdict on their rise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.config.variants import REFERENCE
from wergate.evaluation.significance.drop import WerDrop, wer_drop
from wergate.gates.wer import rise_verdict
from wergate.report.compare.runs import Cell, read_both, require_comparable, shared_cells
from wergate.report.exit_code import PRECEDENCE, cause_of
from wergate.report.run_folder.folder import RunFolder
from wergate.report.run_folder.utterances import TranscriptRow, UtteranceRow
from wergate.verdict import Status, Verdict


@dataclass(frozen=True)
class SharedUtterance:
    """An utterance that both runs have, with what the recognizer wrote in each.

    Attributes:
        rows: the utterance as A and as B have it.
        first: its transcript in A.
        second: its transcript in B.
    """

    rows: tuple[UtteranceRow, UtteranceRow]
    first: TranscriptRow
    second: TranscriptRow

    @property
    def row(self) -> UtteranceRow:
        """The utterance as B has it."""
        return self.rows[1]

    @property
    def added(self) -> int:
        """Errors of B minus errors of A."""
        return self.second.errors - self.first.errors

    @property
    def changed(self) -> bool:
        """True if the transcripts differ."""
        return self.first.text != self.second.text


@dataclass(frozen=True)
class Pair:
    """One recognizer in both runs.

    Attributes:
        cell: the recognizer.
        utterances: the utterances that both runs have, in the order of B.
        left_out: number of utterances that only A has, and that only B has.
        drop: rise of the word error rate from A to B.
        tolerance: largest accepted rise, a fraction.
        verdict: the gate on the rise.
    """

    cell: Cell
    utterances: Sequence[SharedUtterance]
    left_out: tuple[int, int]
    drop: WerDrop
    tolerance: float
    verdict: Verdict

    @property
    def errors(self) -> tuple[int, int]:
        """Word errors in A and in B."""
        first, second = zip(*((one.first.errors, one.second.errors) for one in self.utterances), strict=True)
        return sum(first), sum(second)

    @property
    def wers(self) -> tuple[float, float]:
        """Word error rates in A and in B, as fractions; 0 without words."""
        first, second = self.errors
        return first / max(1, self.drop.words), second / max(1, self.drop.words)

    @property
    def changed(self) -> list[SharedUtterance]:
        """The utterances whose transcripts differ: most errors added first, then the largest share of the words."""
        found = [one for one in self.utterances if one.changed]
        return sorted(found, key=lambda one: (-one.added, -one.added / max(1, one.first.reference_words), one.row.id))


@dataclass(frozen=True)
class Comparison:
    """Two runs and every recognizer that both hold."""

    first: RunFolder
    second: RunFolder
    pairs: Sequence[Pair]

    @property
    def status(self) -> Status:
        """The worst verdict."""
        found = {pair.verdict.status for pair in self.pairs}
        return next((one for one in (Status.FAIL, Status.INCONCLUSIVE) if one in found), Status.PASS)

    def exit_code(self, *, allow_inconclusive: bool) -> int:
        """Return 0 if every verdict is PASS, and otherwise the code of a run with these verdicts."""
        tolerated = {Status.PASS, *([Status.INCONCLUSIVE] if allow_inconclusive else [])}
        causes = {
            cause_of(pair.verdict.status, "accuracy") for pair in self.pairs if pair.verdict.status not in tolerated
        }
        return next((int(cause) for cause in PRECEDENCE if cause in causes), 0)


def compare(first: Path, second: Path, *, tolerance: float, min_words: int) -> Comparison:
    """Compare two run folders.

    Args:
        tolerance: largest accepted rise of the word error rate, a fraction.
        min_words: smallest number of reference words for a decision.

    Raises:
        SuiteError: a folder holds no run with utterances, or the runs may not be compared.
    """
    runs = read_both(first, second)
    cells = shared_cells(*runs)
    require_comparable(*runs, cells)
    return Comparison(*runs, [_pair(runs, cell, tolerance, min_words) for cell in cells])


def _pair(runs: tuple[RunFolder, RunFolder], cell: Cell, tolerance: float, min_words: int) -> Pair:
    first, second = (_rows(run, cell, side) for side, run in enumerate(runs))
    shared = [
        SharedUtterance((first[id_], row), _transcript(first[id_], cell.variant), _transcript(row, cell.variant))
        for id_, row in second.items()
        if id_ in first
    ]
    drop = wer_drop(
        words=[one.first.reference_words for one in shared],
        reference=[one.first.errors for one in shared],
        candidate=[one.second.errors for one in shared],
        names=_speakers(shared),
        tolerance=tolerance,
    )
    left_out = len(first) - len(shared), len(second) - len(shared)
    return Pair(cell, shared, left_out, drop, tolerance, _verdict(cell, shared, drop, tolerance, min_words))


def _rows(run: RunFolder, cell: Cell, side: int) -> dict[str, UtteranceRow]:
    return {
        row.id: row
        for row in run.utterances
        if (row.model, row.corpus) == (cell.models[side], cell.corpus)
        and (cell.variant == REFERENCE or cell.variant in row.variants)
    }


def _transcript(row: UtteranceRow, variant: str) -> TranscriptRow:
    return row.reference if variant == REFERENCE else row.transcript(variant)


def _speakers(shared: Sequence[SharedUtterance]) -> list[str]:
    """Return the speaker of each utterance; none if one is unknown, as the gates do."""
    names = [one.row.speaker or "" for one in shared]
    return names if all(names) else []


def _verdict(cell: Cell, shared: Sequence[SharedUtterance], drop: WerDrop, tolerance: float, min_words: int) -> Verdict:
    before, now = (sum(getattr(one, side).errors for one in shared) for side in ("first", "second"))
    return rise_verdict(
        drop,
        (before, now),
        tolerance=tolerance,
        min_words=min_words,
        subject=cell.subject,
        scope=f"{cell.model}, {cell.corpus}, {len(shared)} utterances",
        remedy="read the changed utterances, and find what changed between the runs",
    )
