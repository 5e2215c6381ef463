"""The command ``planqk-protocol``: its group of commands, and their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import rich_click as click

from planqk_protocol import __version__
from planqk_protocol.cli.commands.check import check
from planqk_protocol.cli.commands.completion import completion
from planqk_protocol.cli.commands.conformance import conformance
from planqk_protocol.cli.commands.emit import emit
from planqk_protocol.cli.commands.explain import explain
from planqk_protocol.cli.commands.formats import formats
from planqk_protocol.cli.commands.parse import parse
from planqk_protocol.cli.commands.result import result
from planqk_protocol.cli.commands.run import run
from planqk_protocol.cli.commands.unwrap import unwrap
from planqk_protocol.cli.terminal import Failure, Messages, OutputClosed, escape_line, writing

__all__ = ["cli"]

_PROGRAM = "planqk-protocol"


class _Application(click.RichGroup):
    """A group of commands that reports a failure in one line, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order of `cli.add_command`, not of the alphabet."""
        return list(self.commands)

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
            Messages().say(_PROGRAM, str(failure))
            sys.exit(failure.exit_code)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _escaped_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _escaped_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Failure("interrupted", exit_code=130) from None


@contextmanager
def _escaped_errors() -> Iterator[None]:
    """Escape the control characters of arguments in click's error messages."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = escape_line(error.message)  # `Final` for type checkers only
        raise


_HELP: Final = click.RichHelpConfiguration(
    text_paragraph_linebreaks="\n\n", padding_helptext_first_line=(0, 0, 1, 0)
)


@click.group(
    name=_PROGRAM,
    cls=_Application,
    context_settings={"help_option_names": ["-h", "--help"], "rich_help_config": _HELP},
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


for _command in (parse, result, check, run, explain, unwrap, emit, formats, conformance, completion):
    cli.add_command(_command)
