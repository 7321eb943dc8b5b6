"""`--history DIR` and `wergate history DIR`: a file for each run, and figures over runs of one kind of machine."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.generated_run import make_run
from wergate.cli.main import main
from wergate.report.history.entry import add_entry as add
from wergate.report.results import Results

KIND = "a-cpu-unknown-avx2-2-cores"
FOREIGN = "</script><img src=x onerror=alert(1)>\x1b[2J"


START, NUMBERS = datetime(2026, 1, 2, tzinfo=UTC), count()


def add_entry(run: Results, folder: Path) -> Path | None:
    """Add a run, a minute after the one before it."""
    return add(run, folder, created=START + timedelta(minutes=next(NUMBERS)))


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables have room, whatever the terminal of the tests is."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of a run."""
    return make_run(tmp_path_factory.mktemp("run") / "run", count=20, audio=False).results


def faster(run: Results, factor: float, **more: Any) -> Results:
    """Return results whose speed-ups are larger by a factor."""
    ratios = [row.model_copy(update={"ratio": factor * row.ratio}) for row in run.ratios]
    return run.model_copy(update={"ratios": ratios, **more})


def add_all(run: Results, folder: Path, factors: list[float], **more: Any) -> None:
    """Add runs with these speed-ups."""
    for factor in factors:
        assert add_entry(faster(run, factor, **more), folder)


def noise(count: int, seed: int) -> list[float]:
    """Return factors that vary by one percent."""
    return list(np.random.default_rng(seed).lognormal(0, 0.01, count))


def test_each_run_is_a_file_of_its_kind_of_machine(run: Results, tmp_path: Path) -> None:
    """With the figures, without single calls and utterances."""
    path = add_entry(run, tmp_path)
    assert path
    assert tmp_path / KIND == path.parent
    assert [path] == list(path.parent.iterdir())
    content = json.loads(path.read_text(encoding="utf-8"))
    assert {"pytorch", "fp16", "int8"} == {row["recognizer"] for row in content["words"]}
    assert [2.0, 5.0] == [row["ratio"] for row in content["ratios"]]
    assert path.stat().st_size < 5000


def test_parallel_jobs_do_not_collide(run: Results, tmp_path: Path) -> None:
    """All runs are there, even if they end at the same time, and no temporary file is left."""
    with ThreadPoolExecutor(8) as jobs:
        paths = list(jobs.map(lambda number: add(faster(run, 1 + number / 100), tmp_path, created=START), range(40)))
    assert 40 == len(set(paths))
    assert set(paths) == set((tmp_path / KIND).iterdir())


def test_a_run_without_figures_adds_nothing(run: Results, tmp_path: Path) -> None:
    """Such as one that was broken before inference."""
    assert add_entry(run.model_copy(update={"evaluations": [], "ratios": []}), tmp_path) is None
    assert [] == list(tmp_path.iterdir())


def test_a_run_outside_of_a_repository_has_no_commit(
    run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is read as any other."""
    add_entry(run.model_copy(update={"ending": None}), tmp_path)
    main(["history", str(tmp_path)])
    said = capsys.readouterr().out
    assert "\n1 run, " in said
    assert "left out" not in said


def test_a_slow_down_is_a_step(run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with the run after it and the version that changed there; steady figures have none."""
    add_all(run, tmp_path, noise(8, 0))
    add_all(run, tmp_path, [0.85 * factor for factor in noise(6, 1)], versions={"openvino": "2026.5.0"})
    assert 0 == main(["history", str(tmp_path)])
    said = capsys.readouterr().out
    marked = [line for line in said.splitlines() if line.startswith("STEP")]
    assert 2 == len(marked)
    assert marked[0].startswith("STEP tiny: speed-up of int8 over fp16, 5 s: run 9 of 14, ")
    assert marked[0].endswith(" times; openvino 2026.4.1 to 2026.5.0")
    assert "14 runs" in said


def test_word_errors_step_without_a_spread(run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They repeat exactly on one kind of machine, so two runs on each side suffice."""
    add_all(run, tmp_path, [1.0] * 3)
    changed = next(row for row in run.evaluations if (row.variant, row.corpus) == ("int8", "speech:clean"))
    candidate = changed.candidate.model_copy(update={"deletions": changed.candidate.deletions + 1})
    others = [row for row in run.evaluations if row is not changed]
    worse = [*others, changed.model_copy(update={"candidate": candidate})]
    add_all(run, tmp_path, [1.0] * 2, evaluations=worse)
    main(["history", str(tmp_path)])
    (marked,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("STEP")]
    assert "WER of int8 on speech:clean, 167 words: run 4 of 5" in marked


def test_kinds_of_machine_and_settings_are_never_mixed(
    run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another CPU, another precision, or another corpus starts figures of its own."""
    add_all(run, tmp_path, [1.0] * 4)
    add_all(run, tmp_path, [0.5] * 4, cpu=run.cpu.model_copy(update={"family": "family 6"}))
    add_all(run, tmp_path, [0.5] * 4, options=run.options | {"inference_precision": "bf16"})
    assert 0 == main(["history", str(tmp_path)])
    said = capsys.readouterr().out
    assert {KIND, "a-cpu-family-6-avx2-2-cores"} == {path.name for path in tmp_path.iterdir()}
    assert "STEP" not in said
    assert ["A CPU (family 6) avx2 2 cores", "A CPU (unknown) avx2 2 cores"] == [
        line for line in said.splitlines() if line.startswith("A CPU")
    ]


def test_the_last_runs_are_read(run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many as --last says."""
    add_all(run, tmp_path, [1.0] * 5)
    main(["history", str(tmp_path), "--last", "2"])
    assert "\n2 runs, " in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{", "{}", "changed"])
def test_a_damaged_file_is_left_out(
    content: str, run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names it; the others are shown."""
    add_all(run, tmp_path, [1.0] * 3)
    first, *_ = sorted((tmp_path / KIND).iterdir())
    text = first.read_text(encoding="utf-8").replace('"ratio": 2.0', '"ratio": 3.0')
    first.write_text(text if content == "changed" else content, encoding="utf-8")
    assert 0 == main(["history", str(tmp_path)])
    said = capsys.readouterr().out
    assert f"{first.name}: left out, because it" in said
    assert "2 runs" in said


def test_a_wrong_path_says_what_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder names the nearest; an empty one says how a run is added."""
    (tmp_path / "history").mkdir()
    assert 4 == main(["history", str(tmp_path / "histery")])
    assert "is not a folder (did you mean 'history'?); name a folder that --history wrote" in capsys.readouterr().err
    assert 4 == main(["history", str(tmp_path / "history")])
    said = capsys.readouterr().err
    assert "add a run with --history" in said
    assert 1 == said.count("\n")


def test_the_page_is_the_same_for_the_same_files(run: Results, tmp_path: Path) -> None:
    """Foreign names are text, and no path of this machine is in it."""
    rows = [row.model_copy(update={"model": FOREIGN}) for row in run.ratios]
    paths = {"LD_PRELOAD": "/home/me/lib.so"}
    for _ in range(3):
        add_entry(run.model_copy(update={"ratios": rows, "environment": paths}), tmp_path / "kept")
    pages = [tmp_path / "1.html", tmp_path / "2.html"]
    for page in pages:
        main(["history", str(tmp_path / "kept"), "--report", str(page)])
    text = pages[0].read_text(encoding="utf-8")
    assert text == pages[1].read_text(encoding="utf-8")
    assert "<img" not in text
    assert "&lt;img src=x" in text
    assert "/home" not in text
    assert 8 == text.count('<figure class="chart trend">')


def test_foreign_names_command_no_terminal(run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes stand for them, in tables and in lines on steps."""
    foreign = run.model_copy(update={"ratios": [row.model_copy(update={"model": FOREIGN}) for row in run.ratios]})
    add_all(foreign, tmp_path, [1.0] * 3 + [2.0] * 3)
    main(["history", str(tmp_path)])
    said = capsys.readouterr().out
    assert "STEP </script><img src=x onerror=alert(1)>\\x1b[2J: speed-up" in said
    assert "\x1b" not in said
