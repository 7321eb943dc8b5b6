"""The command that verifies exported folders."""

from __future__ import annotations

from pathlib import Path

import click

from wergate.cli.options import ManualCommand
from wergate.errors import SuiteError, did_you_mean_beside


@click.command(
    cls=ManualCommand,
    examples=(("verify all that `wergate export passed` wrote", "wergate verify passed/*"),),
)
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True)
def verify(folders: tuple[str, ...]) -> int:
    """Verify exported folders: all files match the results that they passed with.

    Prints one line for each folder. The exit code is 0 if all match, 1 if any differs, and 4 if a folder is
    missing.
    """
    from wergate.export import main  # the other commands need none of it

    for folder in map(Path, folders):
        if not folder.is_dir():
            raise SuiteError(f"'{folder}' is not a folder{did_you_mean_beside(folder)}; name one that --export wrote")
    return main(folders)
