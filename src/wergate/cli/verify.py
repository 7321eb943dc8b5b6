"""The command that verifies exported folders."""

from __future__ import annotations

import click

from wergate.cli.options import ManualCommand


@click.command(
    cls=ManualCommand,
    examples=(("verify all that `wergate export passed` wrote", "wergate verify passed/*"),),
)
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True)
def verify(folders: tuple[str, ...]) -> int:
    """Verify exported folders: all files match the results that they passed with.

    Prints one line for each folder. The exit code is 0 if all match, and 1 if any differs.
    """
    from wergate.export import main  # the other commands need none of it

    return main(folders)
