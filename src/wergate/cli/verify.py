"""The command that verifies exported folders and results files."""

from __future__ import annotations

from pathlib import Path

import click

from wergate.cli.options import ManualCommand
from wergate.cli.places import cache_folder
from wergate.cli.suite_folder import suite_folder
from wergate.errors import SuiteError, did_you_mean_beside


@click.command(
    cls=ManualCommand,
    examples=(
        ("verify all that `wergate export passed` wrote", "wergate verify passed/*"),
        ("verify the inputs and IRs of a run", "wergate verify results.json"),
    ),
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--cache-dir", metavar="DIR", help="the cache of the run (default: ~/.cache/wergate)")
def verify(paths: tuple[str, ...], cache_dir: str | None) -> int:
    """Verify exported folders and results files against the checksums in them.

    All files of an exported folder must match the results that they passed with. A results file must match its own
    digest, and models, corpora, calibration utterances, artifacts, suite file and code must be those of the run. Prints
    one line for each folder, and for each part of a run that differs. The exit code is 0 if all match, 1 if any differs
    or cannot be found, and 4 if a path is missing.
    """
    from wergate.export import main  # the other commands need none of it

    found = [Path(path) for path in paths]
    for path in found:
        if not path.exists():
            hint = did_you_mean_beside(path)
            raise SuiteError(f"'{path}' does not exist{hint}; name a folder of --export or a file of --results")
    codes = [main([str(path)]) if path.is_dir() else _verify_results(path, cache_dir) for path in found]
    return max(codes)


def _verify_results(path: Path, cache_dir: str | None) -> int:
    """Print the parts of a run that differ, and return 0 or 1."""
    from wergate.report.binding import findings
    from wergate.report.results import read_results
    from wergate.store import Store

    try:
        run = read_results(path)
    except SuiteError as error:
        click.echo(f"DIFFERS {error}")
        return 1
    named = cache_dir or run.options.get("cache_dir")
    store = Store(cache_folder(named if isinstance(named, str) else None), shared=bool(run.options.get("shared_cache")))
    store.require_trusted()
    suite = suite_folder().path
    looked_up = list(findings(run, embedded=suite / "fixtures" / "embedded", gates=suite, store=store))
    different = [found for found in looked_up if found.difference]
    for found in different:
        click.echo(f"DIFFERS '{path}': {found.part} {found.difference}")
    if not different:
        click.echo(f"OK '{path}': gates {run.verdict}, {len(looked_up)} parts match")
    return 1 if different else 0
