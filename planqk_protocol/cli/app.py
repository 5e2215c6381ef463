"""The command ``planqk-protocol``, and how each of its commands ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import rich_click as click

from planqk_protocol import __version__
from planqk_protocol.cli.commands.completion import completion
from planqk_protocol.cli.commands.conformance import conformance
from planqk_protocol.cli.commands.formats import formats
from planqk_protocol.cli.commands.parse import parse
from planqk_protocol.cli.commands.result import result
from planqk_protocol.cli.commands.unwrap import unwrap
from planqk_protocol.cli.terminal import Failure, Messages, OutputClosed, escape_line, writing

__all__ = ["cli"]

_PROGRAM = "planqk-protocol"


class _Application(click.RichGroup):
    """Ends with one line and an exit code where others show a traceback."""

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
    """Keep what is said of arguments, which holds them, from acting on a terminal."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = escape_line(error.message)  # it is final only to type checkers
        raise


_HELP: Final = click.RichHelpConfiguration(text_paragraph_linebreaks="\n\n")


@click.group(
    name=_PROGRAM,
    cls=_Application,
    context_settings={"help_option_names": ["-h", "--help"], "rich_help_config": _HELP},
)
@click.version_option(__version__, prog_name=_PROGRAM)
def cli() -> None:
    """Find the results in the output of PlanQK jobs, and what is wrong where there are none.

    A command ends with exit code 0 if all is well, 1 if the output does not
    keep the protocol, lacks what was asked for or is damaged there, and 2 if
    the command could not do its work.

    \b
    Examples:
      planqk-protocol result job.log | jq .sum
      planqk-protocol parse --follow job.log
      docker logs --follow job | planqk-protocol parse
    """  # noqa: D301  # \b keeps click from wrapping


for _command in (parse, result, unwrap, formats, conformance, completion):
    cli.add_command(_command)
