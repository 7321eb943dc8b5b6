"""The suite's options as options of click, and the help of a command as a manual page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from wergate.cli.option_table import GROUPS, Option, OptionGroup
from wergate.report.exit_code import MEANING

Command = Callable[..., int]
_TYPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "number": {"type": int},
        "switch": {"is_flag": True},
        "switch of pytest": {"is_flag": True},
        "repeated": {"multiple": True},
        "repeated list": {"multiple": True},
    }
)
_MODEL = "model"  # an argument of the commands; as an option, people know it from pytest
_REST = "-- PYTEST OPTIONS"


def with_options(*groups: OptionGroup, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Return a decorator that adds options of the suite to a command.

    Args:
        without: names of options that the command sets itself.
    """

    def decorate(command: Command) -> Command:
        for option in reversed([one for group in groups for one in group.options if one.name not in without]):
            command = _option(option)(command)
        return command

    return decorate


def _option(option: Option) -> Callable[[Command], Command]:
    attributes = dict(_TYPES.get(option.kind, {}))
    if option.metavar:
        attributes["metavar"] = option.metavar
    if option.name == _MODEL:
        return click.option(option.flag, f"{_MODEL}_option", hidden=True, **attributes)
    return click.option(option.flag, option.name, help=option.help, **attributes)


page_option = click.option(
    "--report", metavar="FILE.html", type=click.Path(path_type=Path), help="write a page; it needs no network"
)


def terminal_width() -> int:
    """Return the columns of the terminal; 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


class ManualCommand(click.Command):
    """A command whose help ends with examples and exit codes.

    Attributes:
        examples: pairs of the purpose of an example and its line for a shell.
        codes: pairs of an exit code and its meaning.
    """

    def __init__(
        self,
        *arguments: Any,
        examples: Sequence[tuple[str, str]] = (),
        codes: Sequence[tuple[int, str]] = (),
        **attributes: Any,
    ) -> None:
        """Take the examples and the exit codes, and all that a command of click takes."""
        super().__init__(*arguments, **attributes)
        self.examples = examples
        self.codes = codes

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit codes."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            self._write_examples(formatter)
        if self.codes:
            with formatter.section("Exit codes"):
                formatter.write_dl([(str(int(code)), meaning) for code, meaning in self.codes])

    def _write_examples(self, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for number, (purpose, line) in enumerate(self.examples):
                if number:
                    formatter.write_paragraph()
                formatter.write_text(f"{purpose[0].upper()}{purpose[1:]}:")
                formatter.write(f"{'':{formatter.current_indent + 2}}{line}\n")


class PytestCommand(ManualCommand):
    """A command that runs the suite and hands what follows `--` to pytest."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        """Take what `ManualCommand` takes; the exit codes are those of a run."""
        super().__init__(*arguments, codes=sorted(MEANING.items()), **attributes)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments before `--`."""
        where = args.index("--") if "--" in args else len(args)
        ctx.meta["rest"] = tuple(args[where + 1 :])
        return super().parse_args(ctx, args[:where])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line, with the options of pytest at its end."""
        return [*super().collect_usage_pieces(ctx), f"[{_REST}]"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups, as `pytest --help` does."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = {param.name: record for param in options if (record := param.get_help_record(ctx))}
        for group in GROUPS:
            shown = [records.pop(option.name) for option in group.options if option.name in records]
            if shown:
                with formatter.section(group.title.capitalize()):
                    formatter.write_dl(shown)
        with formatter.section("Other"):
            formatter.write_dl([*records.values(), (_REST, "options of pytest, such as -k, -n 2 and --junitxml FILE")])
