"""A mistake is one line that names what was wrong, the nearest name, and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from wergate.cli.main import main


@dataclass(frozen=True)
class Mistake:
    """A command line, and parts of the line that it gets."""

    line: str
    said: tuple[str, ...]


MISTAKES = (
    Mistake("chek", ("no command 'chek' (did you mean 'check'?)", "see wergate --help")),
    Mistake("cache lst", ("no command 'lst' (did you mean 'list'?)", "see wergate cache --help")),
    Mistake("check --limt 20", ("no option '--limt' (did you mean '--limit'?)", "see wergate check --help")),
    Mistake("check --limit few", ("'--limit'", "'few'", "see wergate check --help")),
    Mistake("study", ("'NAME'", "see wergate study --help")),
    Mistake("study sensitvity", ("unknown study 'sensitvity' (did you mean 'sensitivity'?)",)),
    Mistake("completion bsh", ("'bsh'", "see wergate completion --help")),
    Mistake("compare before", ("'B'", "see wergate compare --help")),
    Mistake("compare before after --wer-drop-max 2", ("--wer-drop-max", "2", "see wergate compare --help")),
    Mistake("compare models models", ("'models' has no results.json", "name a folder that --run wrote")),
    Mistake("compare modells models", ("'modells' has no results.json (did you mean 'models'?)",)),
    Mistake("history modells", ("'modells' is not a folder (did you mean 'models'?)",)),
    Mistake("history models", ("'models' has no run", "add a run with --history")),
    Mistake("cache prune --days -1", ("--days -1", "0 to remove everything")),
    Mistake("init --model embedded --corpus embeded:clean", ("'embeded:clean'", "did you mean 'embedded:clean'?")),
    Mistake("init --model modells --corpus embedded", ("'modells'", "did you mean 'models'?")),
    Mistake("init --model embedded --corpus embedded --wer-drop-max 2", ("--wer-drop-max", "2")),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.line)
def test_a_mistake_is_one_line(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With pytest's code for a command line that it cannot read; nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    assert 4 == main(mistake.line.split())
    said = capsys.readouterr().err
    assert said.startswith("ERROR: ")
    assert 1 == said.count("\n")
    assert [] == [part for part in mistake.said if part not in said], said
    assert [tmp_path / "models"] == list(tmp_path.iterdir())


def test_a_missing_folder_has_nothing_that_could_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a mistake on the command line, and not an export that was changed; the nearest one is named."""
    (tmp_path / "model-int8").mkdir()
    assert 4 == main(["verify", str(tmp_path / "model-int9")])
    said = capsys.readouterr()
    assert "did you mean 'model-int8'?" in said.err
    assert "" == said.out


def test_an_interrupted_prompt_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C outside of pytest is one line and pytest's code for it; nothing is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builtins.input", interrupted)
    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    assert 2 == main(["init"])
    assert capsys.readouterr().err.splitlines()[-1].startswith("interrupted; ")
    assert [] == list(tmp_path.iterdir())


def interrupted(prompt: str = "") -> str:
    raise KeyboardInterrupt(prompt)


@pytest.mark.parametrize("arguments", [[], ["cache"]])
def test_a_call_without_a_command_prints_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The help of the group, as it is, and the exit code of a mistake."""
    assert main(arguments) == 4
    printed = capsys.readouterr().err
    assert printed.startswith("Usage: wergate")
    assert "ERROR" not in printed
    assert "; see" not in printed
