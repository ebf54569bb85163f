"""A click group that imports a command only when it is used.

The list of commands needs no import.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from raydock.core.program import localize


class LazyGroup(click.Group):
    """A click group with lazily imported commands.

    lazy: for each command, `MODULE:NAME` and its line in the list of commands.

    Source: click's documentation, "Lazily Loading Subcommands", read 2026-11-29.
    """

    def __init__(self, *arguments: Any, lazy: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lazy = lazy
        self.help = localize(self.help or "")

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        _localize(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Writes the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])


def _localize(command: click.Command) -> None:
    """Localizes the help of a command and of its subcommands."""
    command.help = localize(command.help or "")
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        _localize(subcommand)
