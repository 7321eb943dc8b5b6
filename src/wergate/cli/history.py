"""The command that shows the history of runs."""

from __future__ import annotations

from pathlib import Path

import click

from wergate.cli.options import ManualCommand, page_option, terminal_width


@click.command(
    cls=ManualCommand,
    examples=(
        ("add a run", "wergate check --history kept"),
        ("show all of them", "wergate history kept"),
        ("write a page with charts", "wergate history kept --report history.html"),
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="read the last N runs of each kind of machine",
)
@page_option
def history(folder: Path, last: int, report: Path | None) -> int:
    """Show word errors and speed-ups over runs, and mark steps.

    DIR is a folder that --history wrote. Each kind of machine has a table of its own, and only runs with equal settings
    are compared.
    """
    from wergate.report.history.entry import read_histories  # the other commands need none of it
    from wergate.report.history.text import METHOD, history_lines
    from wergate.report.page.history import render

    found = read_histories(folder)
    for one in found:
        for line in history_lines(one, last=last, width=terminal_width()):
            click.echo(line)
        click.echo()
    click.echo(METHOD)
    if report:
        render(found, report, last=last)
        click.echo(f"page: {report}")
    return 0
