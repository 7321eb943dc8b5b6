"""`--run DIR` and `--report FILE.html` in real runs: with workers, with failed gates, and broken before inference."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from fixtures.outcome.run_folder import command_of
from tests.support.suite_run import Warm, run
from wergate.report.run_folder.folder import read_run

GATES = ["accuracy/test_wer.py", "accuracy/test_transcripts.py"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one-process", "two-workers"])
def test_a_run_keeps_its_utterances_and_recordings(workers: tuple[str, ...], warm: Warm, tmp_path: Path) -> None:
    """The folder has each utterance once with both variants, its recording, and the same results; a page is written."""
    folder, page = tmp_path / "kept", tmp_path / "page.html"
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--run", str(folder), "--report", str(page))
    done = run(GATES, *given, *workers, results=tmp_path / "results.json")
    assert 0 == done.code, done.output
    kept = read_run(folder)
    assert done.results is not None
    assert sorted(row["line"] for row in done.results["verdicts"]) == sorted(row.line for row in kept.results.verdicts)
    assert ["u0", "u1", "u2", "u3"] == sorted(row.id for row in kept.utterances)
    assert all(["fp16", "int8"] == sorted(row.variants) for row in kept.utterances)
    for row in kept.utterances:
        assert row.audio is not None
        sound = soundfile.info(folder / "audio" / row.audio)
        assert abs(sound.duration - row.duration_s) < 0.2
    assert kept.results.ending is not None
    assert "pytest" == kept.results.ending.command[0]
    assert f"{len(kept.results.verdicts)} passed of" in page.read_text(encoding="utf-8")
    assert str(page) in done.output
    assert str(tmp_path) not in page.read_text(encoding="utf-8")


def test_recordings_can_be_left_out(warm: Warm, tmp_path: Path) -> None:
    """`--report-audio none` keeps none, in the folder and on the page."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--report-audio", "none")
    done = run(["accuracy/test_wer.py"], *given, "--run", str(tmp_path / "kept"))
    assert 0 == done.code, done.output
    assert not (tmp_path / "kept" / "audio").exists()
    assert {None} == {row.audio for row in read_run(tmp_path / "kept").utterances}


def test_a_mistake_before_the_first_test_has_a_page(tmp_path: Path) -> None:
    """A model that does not exist aborts the run with 13, and the page names it."""
    page = tmp_path / "page.html"
    done = run(["accuracy/test_wer.py"], "--model", "absent/folder/", "--report", str(page))
    assert 13 == done.code, done.output
    text = page.read_text(encoding="utf-8")
    assert "the set-up is broken" in text
    assert "absent" in text


def test_a_run_of_no_gate_has_a_page(warm: Warm, tmp_path: Path) -> None:
    """Nothing is selected, and the page says that no gate ran."""
    page = tmp_path / "page.html"
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--report", str(page))
    done = run(["accuracy/test_wer.py"], "-k", "nothing_has_this_name", *given)
    assert 5 == done.code, done.output
    assert "No gate ran" in page.read_text(encoding="utf-8")


def test_a_folder_with_other_files_is_refused(warm: Warm, tmp_path: Path) -> None:
    """The run does not start, and the file stays."""
    (tmp_path / "mine.txt").write_text("mine")
    done = run(["accuracy/test_wer.py"], "--suite", str(warm.suite), "--run", str(tmp_path))
    assert 13 == done.code, done.output
    assert "has files of something else; name a new or an empty folder with --run" in done.text
    assert ["mine.txt"] == [path.name for path in tmp_path.iterdir()]


def test_the_command_is_the_one_that_people_typed() -> None:
    """A call through `wergate` lacks the settings that it adds; secrets become stars."""
    added = ["accuracy", "-c", "pytest.ini", "--limit=3"]
    assert ["wergate", "check", "--limit", "3"] == command_of(["/opt/bin/wergate", "check", "--limit", "3"], added)
    assert ["pytest", "accuracy/", "token=***"] == command_of(["/opt/bin/pytest", "x"], ["accuracy/", "token=abc"])
