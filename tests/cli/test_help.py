"""The help reads like a manual page, and each of its examples is a command line that the command accepts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from wergate.cli.main import commands, main
from wergate.cli.option_table import OPTIONS
from wergate.cli.options import ManualCommand
from wergate.report.exit_code import MEANING

RUNS = ("check", "bench", "study", "export")


def all_commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with its name, and the ones below it."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from all_commands(command, *path, name)


COMMANDS = dict(all_commands(commands))
EXAMPLES = [
    line
    for command in COMMANDS.values()
    if isinstance(command, ManualCommand)
    for _, line in command.examples
    if line.startswith("wergate ") and line != "wergate init"  # which asks
]


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_a_command_explains_itself(name: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Each has a usage line, a sentence, and a help for each of its options."""
    assert 0 == main([*name, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: wergate {' '.join(name)}")
    options = [param for param in COMMANDS[name].params if isinstance(param, click.Option) and not param.hidden]
    assert [] == [option.name for option in options if not option.help]


@pytest.mark.parametrize("name", RUNS)
def test_a_run_has_examples_and_exit_codes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Options of pytest follow `--`; examples and every code of a run stand at the end."""
    main([name, "--help"])
    usage, _, end = capsys.readouterr().out.partition("Examples:")
    assert "[-- PYTEST OPTIONS]" in usage
    assert end.count("wergate ") >= 2
    codes = end.partition("Exit codes:")[2].split("\n")
    assert [str(int(code)) for code in sorted(MEANING)] == [line.split()[0] for line in codes if line.strip()]


def test_a_check_has_every_option_of_the_suite() -> None:
    """Those of studies belong to the commands `study` and `duel`."""
    (command,) = [found for name, found in COMMANDS.items() if name == ("check",)]
    names = {option for param in command.params for option in param.opts}
    assert {option.flag for option in OPTIONS} - names == {
        "--study",
        "--isa",
        "--plots",
        "--duel",
        "--duel-file",
        "--ir",
    }


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_is_a_command_line(line: str) -> None:
    """Options and arguments are those of the command; nothing runs."""
    arguments = shlex.split(line.partition(" > ")[0])[1:]
    context = commands.make_context("wergate", arguments)
    name, command, rest = commands.resolve_command(context, [*context._protected_args, *context.args])
    while isinstance(command, click.Group):
        inner = command.make_context(name, rest, parent=context)
        name, command, rest = command.resolve_command(inner, [*inner._protected_args, *inner.args])
    assert command is not None
    assert command.make_context(name, rest, parent=context)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """As in results files."""
    from wergate import __version__

    assert 0 == main(["--version"])
    assert f"wergate {__version__}\n" == capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The script names the command and its variable."""
    assert 0 == main(["completion", shell])
    shown = capsys.readouterr().out
    assert "wergate" in shown
    assert "_WERGATE_COMPLETE" in shown


def test_the_names_of_studies_are_completed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As bash asks for them."""
    monkeypatch.setenv("COMP_WORDS", "wergate study sens")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_WERGATE_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit):
        main([])
    assert "plain,sensitivity\n" == capsys.readouterr().out
