"""The command ``planqk-protocol``: its group of commands, and their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from planqk_protocol import __version__
from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.rich_help import Group, show_error
from planqk_protocol.cli.terminal import Failure, Messages, OutputClosed, escape_line, writing
from planqk_protocol.inputs.input import InputError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["cli"]

_PROGRAM = "planqk-protocol"
_NAMES = (
    "parse",
    "result",
    "check",
    "run",
    "explain",
    "unwrap",
    "archive",
    "emit",
    "formats",
    "conformance",
    "completion",
)
"""The commands in the order of the help page. Each is the function of its name in its own module."""


class _Commands(Mapping[str, click.Command]):
    """The commands by their names.

    To import all of them takes several times as long as to read a small log. So the
    module of a command is imported when the command is asked for.
    """

    def __getitem__(self, name: str) -> click.Command:
        if name not in _NAMES:
            raise KeyError(name)
        command: click.Command = getattr(import_module(_module(name)), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


class _Application(Group):
    """A group of commands that reports a failure in one line, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of the commands, in the order of the help page and not of the alphabet."""
        return list(self.commands)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands whose names begin so, each with its summary, and the options of the group."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # needed here only

        names = [name for name in self.commands if name.startswith(incomplete)]
        items = [CompletionItem(name, help=_summary(name)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with writing():
                try:
                    return super().main(*args, **kwargs)
                finally:
                    if sys.stdout is not None:
                        sys.stdout.flush()
        except OutputClosed:
            sys.exit(0)
        except Failure as failure:
            _fail(failure)
        except InputError as error:
            _fail(Failure(in_options(str(error))))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with writing(), _shown_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with writing(), _shown_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Failure("interrupted", exit_code=130) from None


def _fail(failure: Failure) -> NoReturn:
    Messages().say(_PROGRAM, str(failure))
    sys.exit(failure.exit_code)


def _module(command: str) -> str:
    return f"planqk_protocol.cli.commands.{command}"


def _summary(command: str) -> str:
    """The first sentence of a command's help, as click shortens it.

    A shell asks for the summaries of all commands at each press of the tab key. So they
    are read from the docstrings in the compiled modules, and the modules are not run.
    """
    from importlib.util import find_spec  # noqa: PLC0415  # needed here only

    spec: Any = find_spec(_module(command))
    constants = spec.loader.get_code(spec.name).co_consts
    [code] = [item for item in constants if isinstance(item, CodeType) and item.co_name == command]
    return click.Command(command, help=FunctionType(code, {}).__doc__).get_short_help_str()


@contextmanager
def _shown_errors() -> Iterator[None]:
    """Show the errors of click. The control characters of arguments in them are escaped."""
    try:
        yield
    except click.ClickException as error:
        if not isinstance(error, click.exceptions.NoArgsIsHelpError):  # its message is the help page
            owners = _owners(error.option_name) if isinstance(error, click.NoSuchOption) else ""
            vars(error)["message"] = escape_line(error.message) + owners  # `Final` for type checkers only
        show_error(error)
        raise click.exceptions.Exit(error.exit_code) from None


def _owners(option: str) -> str:
    """The sentence about an option that a command lacks: which commands have it. Empty if none has."""
    found = [name for name in _NAMES if any(option in given.opts for given in cli.commands[name].params)]
    return f" It is an option of {', '.join(found)}." if found else ""


@click.group(
    name=_PROGRAM,
    cls=_Application,
    commands=_Commands(),
    # rich decides about colours, and click must not take them away.
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
)
@click.version_option(__version__, prog_name=_PROGRAM)
def cli() -> None:
    """Read the output of PlanQK jobs: find the result, or what is wrong with it.

    Exit codes:
        0  The output keeps the protocol, and what you asked for is in it.
        1  It breaks the protocol, is damaged, or lacks what you asked for.
        2  The command could not do its work.

    Examples:
        planqk-protocol result job.log | jq .sum
        planqk-protocol parse --follow job.log
        docker logs --follow job | planqk-protocol parse
    """
