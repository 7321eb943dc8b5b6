"""A remark on evaluated durations that the calibration does not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tiny import Spoken, Tiny, encoded, sound, write_corpus
from wergate.corpora.durations import Span, uncalibrated_note
from wergate.report.rows.uses import CalibrationRow, CorpusRow, use_rows
from wergate.report.terminal.details import note_lines

SHORT = Span(1.0, 3.0)


@dataclass(frozen=True)
class Case:
    """Durations that are evaluated after a calibration on 1 to 3 s, and the expected remark."""

    id: str
    durations_s: Sequence[float]
    expected: str | None


CASES = (
    Case("the same", [1.0, 2.0, 3.0], None),
    Case("all longer", [20.0, 27.5, 35.0], "of 3 utterances (20.0 to 35.0 s), 3 longer than any"),
    Case("all shorter", [0.2, 0.3], "of 2 utterances (0.2 to 0.3 s), 2 shorter than any"),
    Case("both", [0.2, 2.0, 9.0], "of 3 utterances (0.2 to 9.0 s), 1 longer and 1 shorter than any"),
    Case("one in a hundred a little longer", [2.0] * 99 + [4.0], None),
    Case("one in a hundred much longer", [2.0] * 99 + [30.0], "of 100 utterances (2.0 to 30.0 s), 1 longer than any"),
    Case("one in ten a little longer", [2.0] * 9 + [4.0], "of 10 utterances (2.0 to 4.0 s), 1 longer than any"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_durations_outside_of_the_calibration_are_noted(case: Case) -> None:
    """With both spans and what to do; a few utterances a little outside are in any sample."""
    note = uncalibrated_note(case.durations_s, SHORT)
    if case.expected is None:
        assert note is None
    else:
        assert note is not None
        assert note.startswith(case.expected)
        assert "that INT8 is calibrated on (1.0 to 3.0 s): name a corpus with such durations with --calibration" in note


def uses(
    tiny: Tiny, folder: Path, seconds: Sequence[float], quantizer: str = "nncf"
) -> tuple[CorpusRow, CalibrationRow]:
    """Open a corpus of these durations with a calibration on 0.5 to 1.55 s, and return the rows of both."""
    made = [Spoken(f"u{n}", "A LION", encoded(sound(length, seed=n))) for n, length in enumerate(seconds)]
    path = write_corpus(folder / "evaluated.parquet", made)
    session = tiny.session(folder, folder / "cache", corpora=f'["{path}"]', quantizer=f'"{quantizer}"')
    model = session.config.models[0]
    session.corpora.corpus(model, session.corpora.first(model))
    found = use_rows(session.memo.take_uses())
    (corpus,), (calibration,) = found["corpora"], found["calibrations"]
    assert isinstance(corpus, CorpusRow)
    assert isinstance(calibration, CalibrationRow)
    return corpus, calibration


def test_the_remark_is_part_of_the_results_and_of_the_output(tiny: Tiny, tmp_path: Path) -> None:
    """One line, with the corpus; the calibration's row has its shortest and longest duration."""
    corpus, calibration = uses(tiny, tmp_path, (3.0, 4.0))
    (note,) = corpus.notes
    assert note.startswith("of 2 utterances (3.0 to 4.0 s), 2 longer than any that INT8 is calibrated on (0.5 to 1.5")
    assert [f"{corpus.corpus}: {note}"] == list(note_lines([], [corpus]))
    assert (0.5, pytest.approx(1.55, abs=0.001)) == (calibration.shortest_s, calibration.longest_s)


def test_the_same_durations_and_weights_alone_give_no_remark(tiny: Tiny, tmp_path: Path) -> None:
    """A quantizer of weights is not calibrated."""
    same, _ = uses(tiny, tmp_path, (0.6, 1.5))
    weights, _ = uses(tiny, tmp_path, (3.0, 4.0), "int8-weights")
    assert [] == [*same.notes, *weights.notes]
