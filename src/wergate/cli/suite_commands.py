"""The commands that run the suite: each builds a call of pytest, prints it, and passes its exit code on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from wergate.cli.option_table import CORPUS, GATES, MODEL, OUTPUT, RUN, STUDIES
from wergate.cli.options import PytestCommand, with_options
from wergate.cli.places import cache_folder
from wergate.cli.pytest_call import PytestCall, typed
from wergate.cli.suite_folder import suite_folder

_MODEL = click.argument("model", nargs=-1)
_GATED = with_options(MODEL, CORPUS, RUN, GATES, OUTPUT, without=("model",))


@click.command(cls=PytestCommand)
@_MODEL
@_GATED
def check(model: tuple[str, ...], **options: Any) -> int:
    """Gate the accuracy of MODEL in FP16 and INT8.

    MODEL is a name in the suite file, `embedded` (the default), ORG/NAME on the hub, a folder or an .onnx file. What
    follows `--` goes to pytest:

        wergate check embedded --limit 20 -- -k wer
    """
    return run_suite(("accuracy",), model, options)


@click.command(cls=PytestCommand)
@_MODEL
@_GATED
def bench(model: tuple[str, ...], **options: Any) -> int:
    """Time MODEL and gate its speed-up.

    MODEL is as for `check`; the default is what the suite file times. Times are compared with a stored baseline of this
    kind of machine, if there is one.
    """
    return run_suite(("benchmarks",), model, options, more=("--benchmark-compare",))


@click.command(cls=PytestCommand)
@click.argument("name")
@_MODEL
@with_options(MODEL, CORPUS, RUN, GATES, OUTPUT, STUDIES, without=("model", "study"))
def study(name: str, model: tuple[str, ...], **options: Any) -> int:
    """Run the study NAME on MODEL.

    `wergate study list` prints all studies.
    """
    return run_suite(("accuracy", "benchmarks"), model, options | {"study": (name,)})


@click.command(cls=PytestCommand)
@click.argument("folder")
@_MODEL
@with_options(MODEL, CORPUS, RUN, GATES, OUTPUT, without=("model", "export"))
def export(folder: str, model: tuple[str, ...], **options: Any) -> int:
    """Gate MODEL, and write what passed to FOLDER.

    Each exported variant has a model card, the results, and the checksums of its files; see `wergate verify`.
    """
    return run_suite(("accuracy",), model, options | {"export": folder})


def run_suite(
    tests: tuple[str, ...],
    models: tuple[str, ...],
    options: Mapping[str, Any],
    *,
    more: tuple[str, ...] = (),
) -> int:
    """Call pytest on parts of the suite, in this process, and return its exit code."""
    import pytest  # the other commands need none of it

    given = typed({"model": models, **options})
    call = PytestCall(suite_folder(), tests, (*more, *given, *click.get_current_context().meta["rest"]))
    click.echo(call.shown, err=True)
    return int(pytest.main(call.arguments(cache_folder(options.get("cache_dir")) / "pytest")))
