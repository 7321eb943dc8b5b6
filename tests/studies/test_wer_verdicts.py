"""Simulated corpora, the file of their results, halves of real corpora, and the page of evidence."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wergate.evaluation.significance.drop import wer_drop
from wergate.evaluation.significance.speakers import BOOTSTRAP_SPEAKERS, correlation, t_interval
from wergate.studies.wer_verdicts import evidence, grid
from wergate.studies.wer_verdicts.coverage import Outcome, outcome, resampled_interval, widened
from wergate.studies.wer_verdicts.halves import Counts, halves, read_counts, write_counts
from wergate.studies.wer_verdicts.mapsswe import uniformity
from wergate.studies.wer_verdicts.simulation import Truth, simulate, speaker_sizes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "evidence"


def test_speakers_are_unequal_and_all_of_them_speak() -> None:
    """The largest has about three times as many utterances as the smallest; the sum is right."""
    for utterances, speakers in ((30, 20), (160, 6), (2_600, 40)):
        sizes = speaker_sizes(utterances, speakers)
        assert (utterances, speakers) == (sizes.sum(), len(sizes))
        assert sizes.min() >= 1
    assert 2.5 < sizes.max() / sizes.min() < 3.5


@pytest.mark.parametrize("effect", ["normal", "skewed"])
def test_simulated_corpora_have_the_drop_the_rate_and_the_correlation(effect: str) -> None:
    """Over many corpora, the mean drop and the mean correlation are those that were asked for."""
    truth = Truth(20, 400, 0.05, 0.08, 0.01, effect)  # type: ignore[arg-type]
    drawn = simulate(truth, 300, np.random.default_rng(1))
    assert 0.01 == pytest.approx(drawn.rises.sum() / drawn.words.sum(), abs=4e-4)
    names = np.repeat(np.arange(20), drawn.sizes).astype(str).tolist()
    found = [correlation(words, rises, names) for words, rises in zip(drawn.words, drawn.rises, strict=True)]  # type: ignore[arg-type]
    assert 0.05 == pytest.approx(np.mean(found), abs=0.01)


@pytest.mark.parametrize(("speakers", "utterances"), [(1, 160), (6, 30), (6, 160), (BOOTSTRAP_SPEAKERS, 400)])
def test_the_simulated_intervals_are_the_gates(speakers: int, utterances: int) -> None:
    """The gate gives the same interval on the same counts, up to the draws of its bootstrap."""
    truth = Truth(speakers, utterances, 0.02, 0.08, 0.01)
    generator = np.random.default_rng(2)
    drawn = simulate(truth, 5, generator)
    sums = drawn.by_speaker() if speakers > 1 else (drawn.words, drawn.rises)
    resampled = speakers == 1 or speakers >= BOOTSTRAP_SPEAKERS
    low, high = widened(resampled_interval(*sums, generator) if resampled else t_interval(*sums), drawn)
    names = np.repeat(np.arange(speakers), drawn.sizes).astype(str).tolist()
    for number in range(5):
        words, rises = (values[number].astype(int).tolist() for values in (drawn.words, drawn.rises))
        own = wer_drop(words=words, reference=[0] * utterances, candidate=rises, names=names).interval
        width = own.high - own.low
        near = 0.06 * width if resampled else 1e-9
        assert (own.low, own.high) == pytest.approx((low[number], high[number]), abs=near)


def test_the_interval_by_speaker_covers_where_the_one_by_utterance_does_not() -> None:
    """With 20 speakers of 130 utterances and a correlation of 0.05, only one of them contains the true drop."""
    found = outcome(Truth(20, 2_600, 0.05, 0.08, 0.0), grid.TOLERANCE, 400, seed=3)
    assert 0.92 <= found.covered <= 0.98
    assert found.by_utterance < 0.75


def test_few_changes_are_covered() -> None:
    """With some ten changes, the interval is cautious, and no more than 2.5 % of corpora at the tolerance pass."""
    found = outcome(Truth(6, 30, 0.0, 0.02, grid.TOLERANCE), grid.TOLERANCE, 2_000, seed=4)
    assert found.covered >= 0.95
    assert found.passed <= 0.025
    assert found.exact > 0.9


def test_p_values_without_a_difference_are_uniform() -> None:
    """At 5 %, about 5 % of the pairs are alarms; a real difference of the two sides would show."""
    found = uniformity(400, 1_000, seed=1)
    assert found.distance < 0.06
    assert 0.035 <= found.alarms <= 0.065


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> list[grid.Cell]:
    """Simulate three small cells only."""
    found = [grid.Cell("grid", Truth(6, 30, correlation, 0.08, 0.0)) for correlation in grid.CORRELATIONS]
    monkeypatch.setattr(grid, "cells", lambda: iter(found))
    monkeypatch.setattr(grid, "CORPORA", 100)
    return found


def test_an_interrupted_simulation_continues(few_cells: list[grid.Cell], tmp_path: Path) -> None:
    """Whole lines are kept, a partial one is computed again, and other code computes all of them again."""
    file, seen = grid.ResultFile(tmp_path / "wer.jsonl"), []
    origin = {"date": "2026-01-02", "machine": "cpu", "commit": "c0ffee", "code": "a"}
    grid.run(file, origin, seen.append)
    assert len(few_cells) == len(seen)
    whole = file.path.read_text().splitlines(keepends=True)
    file.path.write_text("".join(whole[:-1]) + whole[-1][:30])
    seen.clear()
    file.path.write_text("".join(whole[:-1]))
    grid.run(file, origin, seen.append)
    assert 1 == len(seen)
    assert whole == file.path.read_text().splitlines(keepends=True), "a cell has its own seed"
    seen.clear()
    grid.run(file, origin | {"code": "b"}, seen.append)
    assert len(few_cells) == len(seen)
    assert {"b"} == {line["code"] for line in file.lines()}


def outcomes(covered: float) -> Outcome:
    """Return an outcome with this coverage."""
    return replace(Outcome(*[0.0] * 9), covered=covered)


def test_figures_outside_of_the_range_are_marked_and_impossible_cells_are_said(tmp_path: Path) -> None:
    """Bold below 93 %, italic above 97 %; 40 speakers cannot have 30 utterances."""
    file = grid.ResultFile(tmp_path / evidence.SIMULATED)
    origin = {"date": "2026-01-02", "machine": "cpu", "commit": "c0ffee", "code": "a"}
    for alike, covered in zip(grid.CORRELATIONS, (0.9299, 0.95, 0.9701), strict=True):
        file.add(grid.Cell("grid", Truth(6, 160, alike, 0.08, 0.0)).key, outcomes(covered), origin)
    text = evidence.evidence(tmp_path)
    for shown in ("| **93.0** (0.0) |", "| 95.0 (0.0) |", "| *97.0* (0.0) |", "| 2026-01-02 | cpu | c0ffee | a |"):
        assert shown in text
    assert "Of 3 cells with several speakers, 1 are below 93 % and 1 above 97 %" in text
    assert "| no utterance for each | no utterance for each |" in text


def test_halves_of_a_corpus_of_equal_speakers_agree(tmp_path: Path) -> None:
    """Twenty ways of six speakers; where all lose the same words, each half predicts the other."""
    speakers = tuple(f"s{number % 6}" for number in range(60))
    same = Counts("corpus", speakers, (10,) * 60, (1, 0, 0, 0, 0, 0, 0, 1, 0, 0) * 6)
    found = halves(same)
    assert (20, 1.0, 1.0) == (found.halves, found.inside, found.predicted)
    path = tmp_path / "counts.jsonl"
    write_counts(path, [same])
    assert [same] == read_counts(path)
    assert [] == read_counts(tmp_path / "none.jsonl")


def script() -> ModuleType:
    """Return docs/evidence.py as a module."""
    spec = importlib.util.spec_from_file_location("evidence_script", ROOT / "docs" / "evidence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_that_of_its_files() -> None:
    """`python docs/evidence.py --write` would change nothing."""
    found = script()
    assert found.page() == found.PAGE.read_text(encoding="utf-8")


def test_the_files_have_every_cell_and_come_from_this_code() -> None:
    """A change of the statistics needs a new simulation: `python docs/evidence.py --simulate --write`."""
    lines = grid.ResultFile(FOLDER / evidence.SIMULATED).lines()
    assert {evidence.code()} == {line["code"] for line in lines}
    wanted = {json.dumps(cell.key) for cell in grid.cells()}
    assert wanted <= {json.dumps(line["cell"]) for line in lines}
    assert {grid.CORPORA} == {line["corpora"] for line in lines}


def test_the_page_keeps_what_it_promises() -> None:
    """Outside of the marked figures, coverage is in its range, and the size at the tolerance near 2.5 %."""
    found = grid.ResultFile(FOLDER / evidence.SIMULATED).outcomes("grid")
    several = [cell for truth, cell in found.items() if truth.speakers > 1]
    assert np.mean([cell.covered < evidence.LEAST for cell in several]) <= 0.02
    assert not [cell for cell in several if cell.covered > evidence.MOST and cell.exact < 0.1]
    sizes = [cell.passed for truth, cell in found.items() if truth.speakers > 1 and truth.drop == grid.TOLERANCE]
    assert np.mean(sizes) <= evidence.SIZE
    assert re.search(r"^\| grid, several speakers \|", script().PAGE.read_text(encoding="utf-8"), re.MULTILINE)
