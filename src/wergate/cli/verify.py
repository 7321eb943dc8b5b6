"""The command that verifies exported folders."""

from __future__ import annotations

from pathlib import Path

import click

from wergate.errors import SuiteError
from wergate.report.export.verify import verify_export

_DIFFERS = 1


@click.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True)
def verify(folders: tuple[str, ...]) -> int:
    """Verify exported folders: all files match the results that they passed with.

    Prints one line for each folder. The exit code is 0 if all match, and 1 if any differs.
    """
    return max(_verified(Path(folder)) for folder in folders)


def _verified(folder: Path) -> int:
    try:
        results = verify_export(folder)
    except SuiteError as error:
        click.echo(f"DIFFERS {error}")
        return _DIFFERS
    files = len(results.ir) + len(results.files)
    click.echo(f"OK '{folder}': {results.model} {results.variant}, gates {results.verdict}, {files} files match")
    return 0
