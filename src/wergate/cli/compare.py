"""The command that compares two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wergate.cli.options import ManualCommand, page_option, terminal_width
from wergate.cli.suite_folder import suite_folder
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig
from wergate.report.exit_code import Cause

_CODES = (
    (0, "no word error rate rose by more than the tolerance"),
    (4, "a folder has no run, or the two runs may not be compared"),
    (Cause.ACCURACY, "a word error rate rose by more than the tolerance"),
    (Cause.INCONCLUSIVE, "too little evidence to decide"),
)


@click.command(
    cls=ManualCommand,
    codes=_CODES,
    examples=(
        ("keep two runs", "wergate check --run before"),
        ("compare them", "wergate compare before after"),
        ("accept no rise at all", "wergate compare before after --wer-drop-max 0"),
        ("write a page, and a comment for a pull request", "wergate compare A B --report c.html --markdown c.md"),
    ),
)
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--wer-drop-max",
    type=click.FloatRange(0, 1),
    metavar="FRACTION",
    help="largest accepted rise of a word error rate (default: that of INT8 in suite.toml)",
)
@click.option(
    "--min-words",
    type=click.IntRange(min=1),
    metavar="N",
    help="if a corpus has fewer words than this, its verdict is INCONCLUSIVE (default: that of suite.toml)",
)
@click.option("--allow-inconclusive", is_flag=True, help="exit with 0 if a verdict is undecided")
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    metavar="N",
    help="show the N changed utterances with most errors added, for each model, corpus and variant",
)
@click.option(
    "--markdown", metavar="FILE.md", type=click.Path(path_type=Path), help="write the comparison to this file"
)
@page_option
def compare(first: Path, second: Path, **options: Any) -> int:
    """Compare the word errors and the speed of two runs, A and B.

    A and B are folders that --run wrote. Word errors are paired over the utterances that both runs have, for each
    model, corpus and variant that both hold. Speed is compared if machine, settings and versions are the same.
    """
    from wergate.disk.files import replace_file
    from wergate.report.compare.pairs import compare as compared  # the other commands need none of it
    from wergate.report.compare.text import markdown as as_markdown
    from wergate.report.compare.text import terminal_lines
    from wergate.report.page.compare import render

    suite = _suite()
    tolerance, min_words, worst = options["wer_drop_max"], options["min_words"], options["worst"]
    found = compared(
        first,
        second,
        tolerance=suite.thresholds.int8.wer_drop_max if tolerance is None else tolerance,
        min_words=min_words or suite.min_words,
    )
    for line in terminal_lines(found, worst=worst, width=terminal_width()):
        click.echo(line)
    if options["markdown"]:
        replace_file(options["markdown"], as_markdown(found, worst=worst), what="markdown")
    if options["report"]:
        render(found, options["report"])
        click.echo(f"page: {options['report']}")
    return found.exit_code(allow_inconclusive=options["allow_inconclusive"])


def _suite() -> SuiteConfig:
    settings = suite_folder().path / "suite.toml"
    return load_config(settings, {}, base=settings)
