"""``planqk-protocol emit``: print a result, an interim result or log text as a job does."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from planqk_protocol.cli.rich_help import Argument, Command
from planqk_protocol.cli.sources import STDIN, label, read
from planqk_protocol.cli.terminal import Failure, Messages, check_output, write
from planqk_protocol.emit.json_texts import marked_json
from planqk_protocol.emit.log_pieces import LogPieces
from planqk_protocol.emit.unfinished import FRESH_LINE, fresh_log_line
from planqk_protocol.payload.decode import PayloadError

__all__ = ["emit"]

_LOG = "log"
_ROLES = {"result": "result", "interim": "interim_result", "multiline": "multiline_result"}


@click.command(cls=Command)
@click.argument("kind", cls=Argument, type=click.Choice([*_ROLES, _LOG]), help="What to print.")
def emit(kind: str) -> None:
    """Print what standard input holds in the form of the protocol, for jobs in any language.

    For result, interim and multiline, standard input is JSON. It is printed with
    its numbers and keys as they are. Characters other than ASCII become escapes.
    For log, it is text, which is printed line by line. A line that begins like a
    marked one gets a '>' in front.

    A line that the job left unfinished ends first. Print one result only.

    Exit codes:
        0  It was printed.
        2  Standard input is not JSON. Nothing was printed.

    Examples:
        jq -n '{sum: 42}' | planqk-protocol emit result
        planqk-protocol emit multiline < result.json
        make 2>&1 | planqk-protocol emit log
    """
    check_output()
    if sys.stdin is not None and sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
        Messages().say(label(STDIN), f"reading from the terminal; {end} ends it")
    [(_, chunks)] = read([STDIN])
    if kind == _LOG:
        _print_log(chunks)
    else:
        write(FRESH_LINE + _marked(_ROLES[kind], b"".join(chunks)))


def _print_log(chunks: Iterable[bytes]) -> None:
    pieces = LogPieces()
    for chunk in chunks:
        _print_text(pieces.feed(chunk))
    _print_text(pieces.close())


def _print_text(text: str | None) -> None:
    if text is not None:
        write(fresh_log_line(text))


def _marked(role: str, text: bytes) -> bytes:
    if not text.strip():
        raise Failure(f"{label(STDIN)} is empty; give a JSON text")
    try:
        return marked_json(role, text)
    except PayloadError as error:
        before = text[: error.at].decode(errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        # The advice on a text that is not JSON is about the output of a job. And there is no limit to raise.
        what = f"not JSON: {error.fault}" if error.cause else error.message.partition(", or raise")[0]
        raise Failure(f"{label(STDIN)}:{line}:{column}: {what}") from None
    except ValueError as error:
        raise Failure(f"{label(STDIN)}: {error}") from None
