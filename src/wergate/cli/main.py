"""The command line `wergate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from wergate import __version__
from wergate.cli.cache import cache
from wergate.cli.doctor import doctor
from wergate.cli.init import init
from wergate.cli.suite_commands import bench, check, export, study
from wergate.cli.verify import verify
from wergate.errors import SuiteError, did_you_mean

_USAGE = 4  # pytest's exit code for a command line that it cannot read
_INTERRUPTED = 2  # and for Ctrl-C


class Commands(click.Group):
    """The commands, in the order in which people meet them; a mistyped one names the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command.

        Raises:
            click.UsageError: there is no such command.
        """
        found = super().get_command(ctx, cmd_name)
        if found is None and not cmd_name.startswith("-"):
            hint = did_you_mean(cmd_name, list(self.commands))
            raise click.UsageError(f"no command '{cmd_name}'; choose one of {', '.join(self.commands)}{hint}", ctx)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="wergate %(version)s")
def commands() -> None:
    """Accuracy and latency gates for CTC speech recognition quantized with OpenVINO."""


for _command in (check, bench, study, export, verify, doctor, init, cache):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: pytest's where it calls pytest, 4 for a mistake on the command line."""
    try:
        return int(commands.main(arguments, prog_name="wergate", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return _USAGE
    except SuiteError as error:
        click.echo(f"Error: {error}", err=True)
        return _USAGE
    except click.Abort:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
