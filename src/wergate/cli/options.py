"""The suite's options as options of click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import click

from wergate.cli.option_table import GROUPS, Option, OptionGroup

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
    return click.option(option.flag, option.name, help=option.help, **attributes)


class PytestCommand(click.Command):
    """A command that runs the suite and hands what follows `--` to pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments before `--`."""
        where = args.index("--") if "--" in args else len(args)
        ctx.meta["rest"] = tuple(args[where + 1 :])
        return super().parse_args(ctx, args[:where])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups, as `pytest --help` does."""
        records = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        for group in GROUPS:
            shown = [record for option in group.options if (record := records.pop(option.name, None))]
            if shown:
                with formatter.section(group.title.capitalize()):
                    formatter.write_dl(shown)
        with formatter.section("Help"):
            formatter.write_dl([record for record in records.values() if record])
