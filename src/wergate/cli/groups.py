"""Groups of commands that name the nearest command where one is mistyped."""

from __future__ import annotations

import click

from wergate.errors import did_you_mean


class Group(click.Group):
    """Commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name.

        Raises:
            click.UsageError: there is no such command.
        """
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            hint = did_you_mean(name, self.commands)
            raise click.UsageError(f"no command '{name}'{hint}; choose one of {', '.join(self.commands)}", ctx)
        return super().resolve_command(ctx, args)
