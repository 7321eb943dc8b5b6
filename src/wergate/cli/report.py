"""The command that makes the page about a run again."""

from __future__ import annotations

from pathlib import Path

import click

from wergate.cli.options import ManualCommand

_PAGE = "report.html"


@click.command(
    cls=ManualCommand,
    examples=(
        ("keep a run", "wergate check --limit 20 --run kept"),
        ("make its page, kept/report.html", "wergate report kept"),
        ("write the page elsewhere", "wergate report kept --out page.html"),
    ),
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="FILE.html", type=click.Path(path_type=Path), help="the page (default: report.html in RUN)"
)
def report(run: Path, out: Path | None) -> int:
    """Make the page about a run from its folder, without inference.

    RUN is a folder that --run wrote. The page is one file and needs no network.
    """
    from wergate.report.page.render import render  # the other commands need none of it

    page = out or run / _PAGE
    made = render(run, page)
    click.echo(f"page: {page}")
    if made.warning:
        click.echo(f"WARNING: {made.warning}", err=True)
    return 0
