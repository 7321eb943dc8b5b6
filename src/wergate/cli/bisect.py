"""The command that searches for the first release of OpenVINO that may not replace an earlier one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from wergate.cli.options import ManualCommand
from wergate.errors import SuiteError

_CODES = (
    (0, "the first release that may not replace the good one is found"),
    (4, "a release does not exist, or a duel decided nothing"),
)


@click.command(
    cls=ManualCommand,
    codes=_CODES,
    context_settings={"ignore_unknown_options": True},
    examples=(
        ("which release changed the words, or the speed?", "wergate bisect 2024.6.0 2026.4.1"),
        ("on your model", "wergate bisect 2024.6.0 2026.4.1 --model path/to/checkpoint --corpus recordings"),
    ),
)
@click.argument("good")
@click.argument("bad")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF DUEL]...")
def bisect(good: str, bad: str, options: tuple[str, ...]) -> int:
    """Find the first release of OpenVINO after GOOD that may not replace it, up to BAD.

    GOOD and BAD are releases, such as 2024.6.0. Each step is `wergate duel openvino==GOOD openvino==RELEASE`; at most
    five are needed for 27 releases. GOOD is taken to be good, and BAD to be bad.
    """
    from wergate.duel.bisection import first_bad, known_releases, releases_between

    releases = releases_between(known_releases(), good, bad)
    click.echo(f"{len(releases)} releases: {', '.join(releases)}")
    found = first_bad(releases, lambda release: _is_bad(good, release, options))
    click.echo(f"first release that may not replace openvino=={good}: openvino=={found}")
    return 0


def _is_bad(good: str, release: str, options: tuple[str, ...]) -> bool:
    """Return whether a duel says that a release may not replace the good one.

    Raises:
        SuiteError: the duel decided nothing.
    """
    from wergate.report.results import read_results

    with tempfile.TemporaryDirectory(prefix="wergate-bisect-") as folder:
        results = Path(folder) / "results.json"
        command = [sys.executable, "-m", "wergate.cli.main", "duel", f"openvino=={good}", f"openvino=={release}"]
        subprocess.run([*command, *options, "--results", str(results)], check=False)  # noqa: S603 - this command
        rows = read_results(results).duels if results.exists() else []
    line = "; ".join(row.line for row in rows) or "the duel made no results"
    click.echo(f"openvino=={release}: {line}")
    outcomes = {row.outcome for row in rows}
    if "do not upgrade" in outcomes:
        return True
    if outcomes != {"upgrade"}:
        raise SuiteError(f"openvino=={release} is undecided: {line}; run again, or name releases closer together")
    return False
