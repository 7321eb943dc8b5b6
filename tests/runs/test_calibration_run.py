"""`--study calibration` as a run: its figures, failures and rejected settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.impossible import plugged
from tests.support.once import once
from tests.support.shipped import section
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny, spoken, write_corpus
from wergate.config.quantization import AccuracyControlSettings
from wergate.errors import SuiteError
from wergate.evaluation.wer import WordErrors
from wergate.progress import silent
from wergate.session.matrix import Cell, corpus_specs
from wergate.session.session import Session
from wergate.studies.calibration.accuracy_control import ControlledModel, controlled_model, held_out
from wergate.studies.calibration.gates import control_verdicts
from wergate.studies.calibration.study import calibration_spread

GATES = ["accuracy/test_calibration.py"]
NUMBERS = range(20, 30)
SETTINGS = {
    "calibration_study__subsets": "3",
    "calibration_study__subset_size": "4",
    "calibration_study__wer_range_max": "1.0",
    "calibration_study__sqnr_db_range_max": "99.0",
    "accuracy_control__validation_utterances": "4",
    "accuracy_control__max_drop": "0.0",
    "accuracy_control__held_out_drop_max": "1.0",
    "accuracy_control__int8_work_min": "0.0",
}


@dataclass(frozen=True)
class Studied:
    """A tiny model with a larger calibration corpus, the output of its FP16 IR as transcripts, and a run."""

    tiny: Tiny
    cache: Path
    done: Run

    def run(self, folder: Path, *options: str, **changes: str) -> Run:
        """Run the calibration gates again with changed settings, on the artifacts of the first run."""
        suite = self.tiny.suite(folder / "mine.toml", **SETTINGS | changes)
        given = ("--study", "calibration", "--suite", str(suite), "--cache-dir", str(self.cache), *options)
        return run(GATES, *given, results=folder / "mine.json")

    def session(self, folder: Path, **changes: str) -> Session:
        """Return a session over it."""
        return self.tiny.session(folder, self.cache, **SETTINGS | changes)

    @property
    def model(self) -> str:
        """Its name in the suite file."""
        return str(self.tiny.model)


@pytest.fixture(scope="session")
def studied(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """One run of the calibration gates, for all workers."""

    def make(folder: Path) -> Studied:
        cache = shutil.copytree(warm.cache, folder / "cache")
        rows = spoken(NUMBERS)
        written = Tiny(
            tiny.model,
            write_corpus(folder / "evaluation.parquet", rows),
            write_corpus(folder / "calibration.parquet", spoken(range(40, 52))),
        )
        heard = _heard(written.session(folder, cache), str(tiny.model))
        write_corpus(written.corpus, [utterance.but(text=heard[utterance.id]) for utterance in rows])
        studied = Studied(written, cache, warm.cold)
        return Studied(written, cache, studied.run(folder))

    return once(tmp_path_factory, "studied", make)


def _heard(session: Session, model: str) -> dict[str, str]:
    evaluation = session.evaluation(Cell(model, session.corpora.first(model), "fp16"))
    return {outcome.id: outcome.hypothesis for outcome in evaluation.outcomes}


@pytest.fixture
def found(studied: Studied, tmp_path: Path) -> ControlledModel:
    """The accuracy-controlled model of that run."""
    return controlled_model(studied.session(tmp_path), studied.model)


def study(done: Run) -> dict[str, Any]:
    """Return the only calibration study of a run."""
    assert done.results is not None, done.output
    (row,) = done.results["calibration_studies"]
    return dict(row)


def control(done: Run) -> dict[str, Any]:
    """Return the only accuracy-controlled model of a run."""
    assert done.results is not None, done.output
    (row,) = done.results["accuracy_controls"]
    return dict(row)


def failing(done: Run) -> set[str]:
    """Return the failed gates; the exit code must be that of accuracy."""
    assert done.results is not None, done.output
    assert 0 != done.code, done.output
    return {row["gate"] for row in done.results["verdicts"] if row["status"] != "PASS"}


def test_a_plain_run_leaves_it_out(warm: Warm) -> None:
    """It needs several builds and runs only with --study calibration."""
    assert not [row for row in warm.cold.results["verdicts"] if "test_calibration.py" in row["test"]]
    assert "deselected" in warm.cold.output
    assert [] == warm.cold.results["calibration_studies"] == warm.cold.results["accuracy_controls"]


def test_every_subset_gives_a_model_of_its_own(studied: Studied) -> None:
    """Sizes, disjointness and keys are recorded, and the spread is that of the rows."""
    assert 0 == studied.done.code, studied.done.output
    row = study(studied.done)
    assert (3, 4, 12, 0) == (len(row["subsets"]), row["subset_size"], row["available"], row["most_shared"])
    assert 12 == len({id_ for subset in row["subsets"] for id_ in subset["utterances"]})
    assert 3 == len({subset["key"] for subset in row["subsets"]})
    for name, figures in (
        ("wer", [subset["candidate"]["wer"] for subset in row["subsets"]]),
        ("sqnr_db", [subset["sqnr_db"] for subset in row["subsets"]]),
    ):
        assert (min(figures), max(figures)) == (row[name]["min"], row[name]["max"])
        assert row[name]["range"] == max(figures) - min(figures) > 0
        assert row[name]["mean"] == pytest.approx(sum(figures) / 3)


def test_the_tables_show_both_studies(studied: Studied) -> None:
    """The draw, each subset and the spread; then where accuracy control was tuned and where it was judged."""
    output = " ".join(studied.done.output.split())
    assert "3 subsets of 4 from 12 recordings of calibration, disjoint, seed 0" in output
    for name in ("subset 3", "mean", "sd", "range", "evaluation, tuning", "evaluation, held out"):
        assert name in output
    assert f"{len(control(studied.done)['reverted'])} layers reverted" in output


def test_what_was_tuned_on_is_not_judged(studied: Studied) -> None:
    """Both sets are recorded by id, share nothing and are the corpus together."""
    row = control(studied.done)
    tuned, judged = (set(row[part]["utterances"]) for part in ("tuned", "held_out"))
    assert (4, set()) == (len(tuned), tuned & judged)
    assert {f"u{number}" for number in NUMBERS} == tuned | judged
    for part in ("tuned", "held_out"):
        assert row[part]["drop"] == pytest.approx(row[part]["candidate"]["wer"] - row[part]["fp16"]["wer"])


def test_accuracy_control_takes_layers_back(studied: Studied) -> None:
    """All layers in 8 bit lose words on the tuning set; after some are reverted, none is lost."""
    row = control(studied.done)
    assert row["fp16_wer"] == 0 < row["int8_wer"]
    assert 0 == row["tuned"]["drop"]
    assert row["reverted"]
    assert row["int8_work"] < row["plain_int8_work"]
    assert row["validations"] > 2


def test_layers_taken_back_are_what_they_were(studied: Studied, found: ControlledModel, tmp_path: Path) -> None:
    """Logits get closer to the reference model: with SmoothQuant, NNCF 3.4 restores weights that do not match."""
    session = studied.session(tmp_path)
    spec = session.corpora.first(studied.model)
    plain = session.evaluation(Cell(studied.model, spec, "int8")).logits.sqnr_db
    variant = session.models.variant_of(studied.model, found.ir, subject="controlled")
    assert plain < session.evaluations.of(variant, spec).logits.sqnr_db


def test_the_same_run_again_builds_nothing(studied: Studied, tmp_path: Path) -> None:
    """A second run finds all IRs; budgets do not affect builds."""
    done = studied.run(tmp_path, accuracy_control__held_out_drop_max="0.9", calibration_study__wer_range_max="0.9")
    assert {"found"} == set(done.statuses)
    assert {"int8-ir", "controlled-ir"} <= {row["kind"] for row in done.results["artifacts"]}
    assert study(studied.done) == study(done)


NO_DROP = """
from wergate.studies.calibration import gates

held = gates.held_out_verdict

def impossible(drop, settings, **about):
    return held(drop, settings.model_copy(update={"held_out_drop_max": -9.0}), **about)

gates.held_out_verdict = impossible
"""
BUDGETS = {
    "calibration_study__wer_range_max": ("0.0", "calibration_wer_range"),
    "calibration_study__sqnr_db_range_max": ("0.0", "calibration_sqnr_db_range"),
    "accuracy_control__int8_work_min": ("1.0", "int8_work_left"),
}


def test_every_budget_is_held_to(studied: Studied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With impossible budgets every gate fails, each with its own sentence and remedy."""
    plugin = plugged(monkeypatch, tmp_path, NO_DROP)
    done = studied.run(tmp_path, *plugin, **{key: value for key, (value, _) in BUDGETS.items()})
    assert {"held_out_wer_drop", *(gate for _, gate in BUDGETS.values())} == failing(done)
    for row in done.results["verdicts"]:
        if row["status"] != "PASS":
            assert ", but should be " in row["line"]
            assert row["line"].partition("]; ")[0] in done.text
            assert row["line"].rpartition("; ")[2]


def test_a_drop_that_was_not_reached_is_a_failure(found: ControlledModel) -> None:
    """NNCF gives up without an error; the gate counts words on the tuning set again."""
    worse = replace(found.tuned, candidate=(*found.tuned.candidate[:-1], WordErrors(3, deletions=3)))
    tuned, _ = control_verdicts(replace(found, tuned=worse), section(AccuracyControlSettings), model="m")
    assert ("tuned_wer_drop", "FAIL") == (tuned.gate, tuned.status)


def test_an_interrupted_tuning_leaves_nothing(studied: Studied, tmp_path: Path) -> None:
    """The next run tunes from the start and finds all other artifacts."""
    session = studied.session(tmp_path, accuracy_control__max_drop="0.001")

    def interrupted(items: Any, description: str, total: int | None = None) -> Any:
        for number, item in enumerate(silent(items, description, total)):
            if "accuracy control" in description and number == 2:
                raise KeyboardInterrupt
            yield item

    session.progress = interrupted
    before = set(studied.cache.glob("controlled-ir/*"))
    with pytest.raises(KeyboardInterrupt):
        controlled_model(session, studied.model)
    assert before == set(studied.cache.glob("controlled-ir/*"))
    assert [] == list(studied.cache.glob("tmp/*"))


def test_another_transcript_tunes_anew(studied: Studied, found: ControlledModel, tmp_path: Path) -> None:
    """The key covers the transcripts of the validation utterances as well as their audio."""
    corpus = tmp_path / "evaluation.parquet"
    rows = [utterance.but(text="OTHER WORDS") for utterance in spoken(NUMBERS)]
    other = Studied(Tiny(studied.tiny.model, write_corpus(corpus, rows), studied.tiny.calibration), studied.cache, None)
    assert found.ir.key != controlled_model(other.session(tmp_path), studied.model).ir.key


def test_an_utterance_that_was_tuned_on_is_refused_elsewhere(
    studied: Studied, found: ControlledModel, tmp_path: Path
) -> None:
    """Another corpus with one of them under another name cannot verify the drop."""
    seen = min(found.tuning.utterances)
    rows = [u.but(id="again") if u.id == seen else u for u in spoken([*NUMBERS, 60]) if u.id in {seen, "u60"}]
    corpus = write_corpus(tmp_path / "second.parquet", rows)
    session = studied.session(tmp_path, corpora=f'["{studied.tiny.corpus}", "{corpus}"]')
    (spec,) = corpus_specs(session.config, str(corpus), tmp_path)
    message = (
        r"corpus 'second' contains 1 utterances that accuracy control tuned .* on \(first: 'again'\); "
        ".*choose another --corpus"
    )
    with pytest.raises(SuiteError, match=message):
        held_out(session, studied.model, spec, found)


MISTAKES = {
    "one subset": ({"calibration_study__subsets": "1"}, "calibration_study.subsets = 1 is not accepted"),
    "too large a subset": (
        {"calibration_study__subset_size": "13"},
        "calibration_study.subset_size = 13 is not accepted: calibration corpus 'calibration' has 12 recordings",
    ),
    "nothing left for verification": (
        {"accuracy_control__validation_utterances": "10"},
        "accuracy_control.validation_utterances = 10 leaves none of the 10 recordings of 'evaluation' for verification",
    ),
    "a negative drop": ({"accuracy_control__max_drop": "-0.1"}, "accuracy_control.max_drop = -0.1 is not accepted"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake: str, studied: Studied, tmp_path: Path) -> None:
    """One line names the value and what is accepted; no traceback."""
    changes, message = MISTAKES[mistake]
    selected = ("-k", "drop") if "verification" in mistake else ()
    done = studied.run(tmp_path, *selected, **changes)
    assert 0 != done.code
    assert "Traceback" not in done.output
    lines = [line for line in done.output.splitlines() if message in line]
    assert 1 == len([line for line in lines if not line.startswith(("ERROR accuracy/", "FAILED accuracy/"))])


def test_without_int8_it_is_skipped(studied: Studied, tmp_path: Path) -> None:
    """FP16 alone is not calibrated; the reason names the option."""
    done = studied.run(tmp_path, "--precisions", "fp16", "-rs")
    assert 0 == done.code, done.output
    assert "--precisions excludes int8" in done.output


def test_a_subset_that_is_evaluated_on_is_refused(studied: Studied, tmp_path: Path) -> None:
    """Subsets are drawn from the whole calibration corpus, even if the ordinary INT8 uses a part of it."""
    shared = write_corpus(tmp_path / "shared.parquet", [*spoken(range(40, 52)), *spoken(NUMBERS)[:1]])
    session = studied.session(
        tmp_path, calibration=f'"{shared}"', quantization__subset_size="3", calibration_study__subset_size="6"
    )
    with pytest.raises(SuiteError, match="overlaps the evaluation corpus 'evaluation' in 1 utterances"):
        calibration_spread(session, studied.model, session.corpora.first(studied.model))
