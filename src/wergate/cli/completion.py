"""The command that prints the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from wergate.cli.options import ManualCommand

_VARIABLE = "_WERGATE_COMPLETE"


@click.command(
    cls=ManualCommand,
    examples=(
        ("bash: in ~/.bashrc", 'eval "$(wergate completion bash)"'),
        ("zsh: in ~/.zshrc", 'eval "$(wergate completion zsh)"'),
        ("fish: once", "wergate completion fish > ~/.config/fish/completions/wergate.fish"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the script that completes commands, options, studies and files in SHELL."""
    found = get_completion_class(shell)
    assert found is not None  # click has all three
    root = ctx.find_root().command
    click.echo(found(root, {}, "wergate", _VARIABLE).source())
    return 0
