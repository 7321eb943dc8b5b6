"""`wergate init` writes a suite file that a run accepts, and a workflow that is valid."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.suite_run import ROOT
from wergate.cli.main import commands, main
from wergate.config.loading import load_config

GIVEN = ("--model", "embedded", "--corpus", "embedded:clean")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> list[str]:
    """Return the files of a folder, by relative path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_suite_file_is_accepted(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the values of the options; everything else is that of the built-in file."""
    assert 0 == main(["init", *GIVEN, "--calibration", "embedded:calibration", "--wer-drop-max", "0.015"])
    assert [".github/workflows/wergate.yml", "wergate.toml"] == files(repository)
    config = load_config(repository / "wergate.toml", {}, base=ROOT / "suite.toml")
    settings = config.settings_of("mine")
    assert ("embedded", ["embedded:clean"], "embedded:calibration") == (
        settings.spec,
        settings.corpora,
        settings.calibration,
    )
    assert 0.015 == settings.thresholds.int8.wer_drop_max
    assert 0.0 == settings.thresholds.fp16.wer_drop_max
    assert "next: wergate check --suite wergate.toml" in capsys.readouterr().out


def test_the_workflow_is_valid(repository: Path) -> None:
    """By the published schema; it calls the command, and no placeholder of the template is left."""
    main(["init", *GIVEN])
    path = repository / ".github" / "workflows" / "wergate.yml"
    text = path.read_text()
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    assert 0 == subprocess.run(command, capture_output=True, check=False).returncode
    assert "run: wergate check --suite wergate.toml" in text
    assert "$suite" not in text
    assert "$${{" not in text


def test_questions_replace_missing_options(repository: Path) -> None:
    """The model, then the corpus."""
    done = CliRunner().invoke(commands, ["init", "--ci", "none"], input="embedded\nembedded:other\n")
    assert 0 == done.exit_code, done.output
    assert ["wergate.toml"] == files(repository)
    assert 'corpora = ["embedded:other"]' in (repository / "wergate.toml").read_text()


def test_a_path_below_the_folder_becomes_relative(repository: Path) -> None:
    """The suite file is shared with other machines, where the folder is elsewhere."""
    corpus = repository / "data" / "clean.parquet"
    corpus.parent.mkdir()
    shutil.copy(ROOT / "fixtures" / "embedded" / "corpus" / "clean-00000-of-00001.parquet", corpus)
    assert 0 == main(["init", "--model", "embedded", "--corpus", str(corpus), "--ci", "none"])
    assert 'corpora = ["data/clean.parquet"]' in (repository / "wergate.toml").read_text()


def test_existing_files_stay(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless --force replaces them."""
    (repository / "wergate.toml").write_text("mine")
    assert 4 == main(["init", *GIVEN])
    assert "'wergate.toml' exists" in capsys.readouterr().err
    assert "mine" == (repository / "wergate.toml").read_text()
    assert 0 == main(["init", *GIVEN, "--force"])
    assert "mine" != (repository / "wergate.toml").read_text()
