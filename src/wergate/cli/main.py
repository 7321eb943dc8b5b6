"""The command line `wergate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from wergate import __version__
from wergate.cli.bisect import bisect
from wergate.cli.cache import cache
from wergate.cli.compare import compare
from wergate.cli.completion import completion
from wergate.cli.doctor import doctor
from wergate.cli.groups import Group
from wergate.cli.history import history
from wergate.cli.init import init
from wergate.cli.report import report
from wergate.cli.suite_commands import bench, check, duel, export, study
from wergate.cli.verify import verify
from wergate.errors import SuiteError, did_you_mean

_USAGE = 4  # pytest's exit code for a command line that it cannot read
_INTERRUPTED = 2  # and for Ctrl-C
# in the order in which people meet them; a module of this package for each further command
_COMMANDS = (
    check,
    bench,
    study,
    duel,
    bisect,
    export,
    verify,
    report,
    compare,
    history,
    doctor,
    init,
    cache,
    completion,
)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="wergate %(version)s")
def commands() -> None:
    """Accuracy and latency gates for CTC speech recognition quantized with OpenVINO.

    \b
    First steps:
      wergate doctor                             is this machine ready?
      wergate check                              gate the model of this package
      wergate check CHECKPOINT --corpus CORPUS   gate your own
      wergate init                               write a suite file and a workflow
    """  # noqa: D301 - \b keeps click from wrapping the lines


for _command in _COMMANDS:
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: arguments of `wergate`; None for those of this process.

    Returns:
        The exit code: pytest's where the command calls pytest, 4 for a mistake on the command line.
    """
    try:
        return int(commands.main(arguments, prog_name="wergate", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # the help, and no mistake in words
        return _USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "wergate"
        return _mistake(f"{_said(error)}; see {where} --help")
    except (click.ClickException, SuiteError) as error:
        return _mistake(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except click.Abort:
        click.echo("interrupted; finished builds are in the cache: run again to continue", err=True)
        return _INTERRUPTED


def _said(error: click.UsageError) -> str:
    """Return the message of click, with the nearest option only where one is unknown."""
    if not isinstance(error, click.NoSuchOption):
        return error.format_message().rstrip(".")
    known = [name for param in error.ctx.command.get_params(error.ctx) for name in param.opts] if error.ctx else []
    return f"no option '{error.option_name}'{did_you_mean(error.option_name, known)}"


def _mistake(message: str) -> int:
    click.echo(f"ERROR: {message}", err=True)
    return _USAGE


if __name__ == "__main__":
    sys.exit(main())
