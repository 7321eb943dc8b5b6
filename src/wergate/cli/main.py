"""The command line `wergate`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from wergate import __version__
from wergate.cli.option_table import CORPUS, GATES, MODEL, OUTPUT, RUN, STUDIES, Option, OptionGroup
from wergate.cli.pytest_call import PytestCall, typed
from wergate.cli.suite_folder import suite_folder
from wergate.errors import SuiteError, did_you_mean

_USAGE = 4  # pytest's exit code for a command line that it cannot read
_TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": int},
    "switch": {"is_flag": True},
    "switch of pytest": {"is_flag": True},
    "repeated": {"multiple": True},
    "repeated list": {"multiple": True},
}


class PassingOn(click.Command):
    """A command that hands what follows `--` to pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments before `--`."""
        where = args.index("--") if "--" in args else len(args)
        ctx.meta["rest"] = tuple(args[where + 1 :])
        return super().parse_args(ctx, args[:where])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups, as `pytest --help` has them."""
        shown = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        for group in (MODEL, CORPUS, RUN, GATES, OUTPUT, STUDIES):
            records = [record for option in group.options if (record := shown.pop(option.name, None))]
            if records:
                with formatter.section(group.title.capitalize()):
                    formatter.write_dl(records)
        with formatter.section("Other"):
            formatter.write_dl([record for record in shown.values() if record])


class Commands(click.Group):
    """The commands; a mistyped one names the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            raise click.UsageError(
                f"no command '{args[0]}'; choose one of {', '.join(known)}{did_you_mean(args[0], known)}", ctx
            )
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="wergate %(version)s")
def commands() -> None:
    """Accuracy and latency gates for CTC speech recognition quantized with OpenVINO."""


def _with(*groups: OptionGroup, without: tuple[str, ...] = ()) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return a decorator that adds the suite's options to a command."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        for option in reversed([one for group in groups for one in group.options if one.name not in without]):
            command = _option(option)(command)
        return command

    return decorate


def _option(option: Option) -> Callable[[Callable[..., int]], Callable[..., int]]:
    metavar = {"metavar": option.metavar} if option.metavar else {}
    return click.option(option.flag, option.name, help=option.help, **_TYPES.get(option.kind, {}), **metavar)


_ALL = (MODEL, CORPUS, RUN, GATES, OUTPUT)
_MODEL = click.argument("model", nargs=-1)


@commands.command(cls=PassingOn)
@_MODEL
@_with(*_ALL, without=("model",))
@click.pass_context
def check(ctx: click.Context, model: tuple[str, ...], **options: Any) -> int:
    """Gate the accuracy of MODEL's FP16 and INT8 IRs against the model itself (default: embedded).

    MODEL is a name in the suite file, ORG/NAME on the hub, a folder or an .onnx file. What follows `--` goes to pytest:

        wergate check embedded --limit 20 -- -k wer
    """
    return _run(ctx, ("accuracy",), ("accuracy",), model, options)


@commands.command(cls=PassingOn)
@_MODEL
@_with(*_ALL, without=("model",))
@click.pass_context
def bench(ctx: click.Context, model: tuple[str, ...], **options: Any) -> int:
    """Time MODEL's FP16 and INT8 IRs, and gate their speed-up (default: the suite file's models)."""
    return _run(ctx, ("benchmarks",), ("benchmarks", "--benchmark-compare"), model, options)


@commands.command(cls=PassingOn)
@click.argument("name")
@_MODEL
@_with(*_ALL, STUDIES, without=("model", "study"))
@click.pass_context
def study(ctx: click.Context, name: str, model: tuple[str, ...], **options: Any) -> int:
    """Run the study NAME on MODEL; `wergate study list` prints all studies."""
    return _run(ctx, ("accuracy", "benchmarks"), (), model, options | {"study": (name,)})


def _run(
    ctx: click.Context, tests: tuple[str, ...], more: tuple[str, ...], models: tuple[str, ...], options: dict[str, Any]
) -> int:
    """Make the call of pytest, print it, and return its exit code."""
    import pytest

    given = typed({"model": models, **options})
    call = PytestCall(suite_folder(), tests, (*more[1:], *given, *ctx.meta["rest"]))
    click.echo(call.shown, err=True)
    return int(pytest.main(call.arguments(_cache(options) / "pytest")))


def _cache(options: dict[str, Any]) -> Path:
    named = options.get("cache_dir")
    return Path(named).expanduser().resolve() if named else default_cache()


def default_cache() -> Path:
    """Return the folder of the store: `wergate` in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wergate"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        return int(commands.main(arguments, prog_name="wergate", standalone_mode=False) or 0)
    except click.UsageError as error:
        error.show()
        return _USAGE
    except (click.ClickException, SuiteError) as error:
        click.echo(f"Error: {error}", err=True)
        return _USAGE
    except click.Abort:
        return 130


if __name__ == "__main__":
    sys.exit(main())
