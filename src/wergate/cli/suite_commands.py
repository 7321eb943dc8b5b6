"""The commands that run the suite: each builds a call of pytest, prints it, and passes its exit code on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from wergate.cli.option_table import CORPUS, DUEL, GATES, MODEL, OUTPUT, RUN, STUDIES
from wergate.cli.options import PytestCommand, with_options
from wergate.cli.places import cache_folder
from wergate.cli.pytest_call import PytestCall, typed
from wergate.cli.suite_folder import suite_folder

_SHIPPED = "embedded"
_LIST = "list"
_RELEASES = "openvino==2025.4.1+nncf==2.19.0 openvino==2026.4.1+nncf==3.4.0"


def _models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the model of the package; the shell adds files and folders."""
    del ctx, param
    shipped = [CompletionItem(_SHIPPED)] if _SHIPPED.startswith(incomplete) else []
    return [*shipped, CompletionItem(incomplete, type="file")]


def _studies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a study."""
    from wergate.studies.registry import STUDIES as DECLARED

    del ctx, param
    known = [(_LIST, "print all studies"), *((study.name, study.question) for study in DECLARED)]
    return [CompletionItem(name, help=question) for name, question in known if name.startswith(incomplete)]


_MODEL = click.argument("model", nargs=-1, shell_complete=_models)
_GATED = with_options(MODEL, CORPUS, RUN, GATES, OUTPUT)


@click.command(
    cls=PytestCommand,
    examples=(
        ("the model and corpora of this package, 20 utterances of each", "wergate check --limit 20"),
        ("a checkpoint on recordings of your own", "wergate check path/to/checkpoint --corpus path/to/recordings"),
        ("an ONNX file; no PyTorch is needed", "wergate check model.onnx --corpus recordings.parquet"),
        ("an IR that was built elsewhere", "wergate check model.onnx --precisions none --candidate model.xml"),
        ("one gate, by an option of pytest", "wergate check -- -k wer"),
    ),
)
@_MODEL
@_GATED
def check(model: tuple[str, ...], **options: Any) -> int:
    """Gate the accuracy of MODEL in FP16 and INT8.

    MODEL is a name in the suite file, `embedded` (the default), ORG/NAME on the hub, a folder or an .onnx file.
    Several models are gated one after another.
    """
    return run_suite(("accuracy",), model, options)


@click.command(
    cls=PytestCommand,
    examples=(
        ("time the models that the suite file names", "wergate bench"),
        ("time a checkpoint on recordings of your own", "wergate bench path/to/checkpoint --corpus path/to/recordings"),
        ("store the times of this machine in ./wergate-baselines", "wergate bench --update-baselines"),
        ("fail if a verdict on speed is undecided", "wergate bench --strict"),
    ),
)
@_MODEL
@_GATED
def bench(model: tuple[str, ...], **options: Any) -> int:
    """Time MODEL and gate its speed-up.

    MODEL is as for `wergate check`. The default is the list of models that the suite file times. Times are compared
    with a stored baseline of this kind of machine, if there is one.
    """
    return run_suite(("benchmarks",), model, options, more=("--benchmark-compare",))


@click.command(
    cls=PytestCommand,
    examples=(
        ("print all studies with their questions and minutes", "wergate study list"),
        ("find the layers that cost accuracy", "wergate study sensitivity --plots plots"),
        ("run INT8 as two other CPUs would", "wergate study portability --isa native,avx2"),
    ),
)
@click.argument("name", shell_complete=_studies)
@_MODEL
@with_options(MODEL, CORPUS, RUN, GATES, OUTPUT, STUDIES, without=("study",))
def study(name: str, model: tuple[str, ...], **options: Any) -> int:
    """Run the study NAME on MODEL.

    A study answers one question that takes longer than a gate.
    """
    return run_suite(_folders(name), model, options | {"study": (name,)})


@click.command(
    cls=PytestCommand,
    examples=(
        ("write what passes to a folder", "wergate export passed path/to/checkpoint --corpus path/to/recordings"),
        ("verify it", "wergate verify passed/*"),
    ),
)
@click.argument("folder")
@_MODEL
@with_options(MODEL, CORPUS, RUN, GATES, OUTPUT, without=("export",))
def export(folder: str, model: tuple[str, ...], **options: Any) -> int:
    """Gate MODEL, and write each variant that passes to a folder in FOLDER.

    An exported variant has its IR, the files of the processor, a model card, the results, and the checksums of all.
    """
    return run_suite(("accuracy",), model, options | {"export": folder})


@click.command(
    cls=PytestCommand,
    examples=(
        ("is the newer runtime as good, on the same IR?", "wergate duel openvino==2025.4.1 openvino==2026.4.1"),
        ("is the newer release as good, with an IR of its own?", f"wergate duel {_RELEASES} --ir own"),
        (
            "compare two IRs on your recordings",
            "wergate duel A.xml B.xml --model CHECKPOINT --corpus RECORDINGS",
        ),
        ("compare with any program that transcribes", "wergate duel embedded 'exec:python transcriber.py'"),
    ),
)
@click.argument("first", metavar="A")
@click.argument("others", metavar="B...", nargs=-1, required=True)
@click.option(
    "--model",
    "model_option",
    multiple=True,
    metavar="SPEC",
    help="model of environments and IRs, and of the normalizer and thresholds (default: embedded)",
)
@with_options(
    CORPUS, MODEL, RUN, GATES, OUTPUT, DUEL, without=("model", "candidate", "duel", "export", "export_failed")
)
def duel(first: str, others: tuple[str, ...], **options: Any) -> int:
    """May B replace A?

    Each B is compared with A. A side is openvino==VERSION[+nncf==VERSION], an IR (.xml or its folder), a model as for
    `wergate check`, exec:COMMAND or transcripts:FILE.jsonl. Both transcribe the same corpora, each in its own process.
    Then their timed calls alternate, after A against A as the noise floor.
    """
    return run_suite(("benchmarks/test_duel.py",), (), options | {"duel": (first, *others)})


def _folders(study_name: str) -> tuple[str, ...]:
    """Return the folder with the tests of a study.

    Raises:
        SuiteError: there is no such study; the message names the nearest.
    """
    from wergate.studies.registry import studies_called

    if study_name == _LIST:
        return ("accuracy",)
    (found,) = studies_called([study_name])
    return (found.where.partition("/")[0],)


def run_suite(
    tests: tuple[str, ...],
    models: Sequence[str],
    options: Mapping[str, Any],
    *,
    more: tuple[str, ...] = (),
) -> int:
    """Print the call of pytest on parts of the suite, make it, and return its exit code.

    Args:
        tests: parts of the suite, such as "accuracy".
        models: models that follow the name of the command.
        options: values of the suite's options, by name.
        more: options of pytest.
    """
    given = {**options, "model": (*models, *options.get("model_option", ()))}
    given.pop("model_option", None)
    rest = click.get_current_context().meta["rest"]
    cache = cache_folder(options.get("cache_dir")) / "pytest"
    call = PytestCall(suite_folder(), tests, (*more, *typed(given), *rest), cache)
    click.echo(call.shown, err=True)
    return call.run()
