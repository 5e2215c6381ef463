"""Commands whose help pages and usage errors have the look of rich-click.

The commands themselves are those of click. To import rich-click and rich takes longer
than to read a small log, so they are imported when there is something to show.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich_click import RichCommand, RichHelpConfiguration

__all__ = ["Argument", "Command", "Group", "show_error"]


class Argument(click.Argument):
    """An argument with a help text, which click has since 8.5.

    Args:
        *args: As for `click.Argument`.
        help: What the argument is.
        **attributes: As for `click.Argument`.
    """

    def __init__(self, *args: Any, help: str, **attributes: Any) -> None:  # noqa: A002  # as rich-click has it
        super().__init__(*args, **attributes)
        self.help = help


class Command(click.Command):
    """A command with a help page of rich-click."""

    def get_help(self, ctx: click.Context) -> str:
        """The help page, with the colours that standard output can show."""
        return _page(ctx)


class Group(click.Group):
    """A group of commands with a help page of rich-click."""

    command_class = Command

    def get_help(self, ctx: click.Context) -> str:
        """The help page, with the colours that standard output can show."""
        return _page(ctx)


def show_error(error: click.ClickException) -> None:
    """Print an error on standard error. A group that is called without a command prints its help page."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.message, color=True)
        return
    from rich_click import RichHelpFormatter  # noqa: PLC0415  # see the top

    formatter = RichHelpFormatter(config=_look())
    formatter.write_error(error)
    with suppress(OSError):  # standard error is gone, and there is no other place for it
        click.echo(formatter.getvalue(), nl=False, err=True, color=True)


def _page(ctx: click.Context) -> str:
    """Make the help page of a command: a copy of the command as one of rich-click renders it."""
    from rich_click import RichContext  # noqa: PLC0415  # see the top

    command = _copy(ctx)
    has_help = any(isinstance(parameter, Argument) for parameter in command.params)
    context = RichContext(
        command,
        ctx.parent,
        ctx.info_name,
        help_option_names=ctx.help_option_names,
        rich_help_config=_look(shows_arguments=has_help),
    )
    return command.get_help(context)


def _copy(ctx: click.Context) -> RichCommand:
    from rich_click import RichCommand, RichGroup  # noqa: PLC0415  # see the top

    class Page(RichGroup):
        def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
            return list(self.commands)

    command = ctx.command
    if not isinstance(command, click.Group):
        return RichCommand(name=command.name, params=command.params, help=command.help)
    commands = {name: command.commands[name] for name in command.list_commands(ctx)}
    return Page(name=command.name, params=command.params, help=command.help, commands=commands)


def _look(*, shows_arguments: bool = False) -> RichHelpConfiguration:
    from rich_click import RichHelpConfiguration  # noqa: PLC0415  # see the top

    return RichHelpConfiguration(
        text_paragraph_linebreaks="\n\n",
        padding_helptext_first_line=(0, 0, 1, 0),
        show_arguments=shows_arguments,
    )
