"""Exceptions for callers.

What a job prints never raises: bad output is a `Violation` event. Exceptions are for
mistakes in the calling code, for pickles of another version, for mistakes in the grammar
file, and for engines that do not give what they are asked for.

* `ProtocolError`: the base of all that follow
    * `ParserClosedError`: fed after the end
    * `DecoderClosedError`: a capture's decoder fed after the end
    * `SecondResultError`: a job's second result, which nobody would read
    * `StateFormatError`: a pickle of another version of this package
    * `GrammarError`: ``protocol.lark`` cannot be turned into a table
    * `OpenAPIError`: an OpenAPI file that results cannot be checked against
    * `engines.EngineError`: an engine cannot give a container's output or exit code

Arguments of a wrong type or value raise the built-in `TypeError` or `ValueError`.

`missing_extra` is what all exceptions say if an optional library is missing.
"""

from __future__ import annotations

import sys

__all__ = [
    "DecoderClosedError",
    "GrammarError",
    "OpenAPIError",
    "ParserClosedError",
    "ProtocolError",
    "SecondResultError",
    "StateFormatError",
    "missing_extra",
]


class ProtocolError(Exception):
    """Base of the exceptions of the parser, of captures, of live containers and of emitters.

    Arguments of a wrong type or value raise the built-in `TypeError` or `ValueError`
    instead.
    """


class ParserClosedError(ProtocolError):
    """`Parser.feed` was called after `Parser.close`.

    A stream ends once. Make a new `Parser` for the next one.
    """


class DecoderClosedError(ProtocolError):
    """A capture's decoder or source was called after `close`.

    A capture ends once. Make a new decoder for the next one.
    """


class SecondResultError(ProtocolError):
    """A job printed its result before, and only the first one counts.

    Print other values as interim results.
    """


class StateFormatError(ProtocolError):
    """A pickle holds a state that this version of the package does not read.

    Another version wrote it. Read the stream again from its beginning.
    """


class GrammarError(ProtocolError):
    """The grammar file breaks a property the parser relies on.

    It cannot happen with the grammar that comes with the package; it guides
    those who change ``protocol.lark``.
    """


class OpenAPIError(ProtocolError):
    """An OpenAPI file is none, or does not say what a result looks like.

    The message says what is missing, and where in the file it should be.
    """


def missing_extra(library: str | None, extra: str) -> str:
    """The message that a library is missing which an extra of this package installs.

    The package is on no index, so the command installs it from its folder, and not by
    its name, which anybody could take there. It names the environment, as that may not
    be the one of the shell, and may have no pip of its own.

    Args:
        library: The library, as `ModuleNotFoundError` names it.
        extra: The extra.
    """
    return (
        f"{library} is missing; run in the folder of the repository: "
        f"python3 -m pip --python \"{sys.prefix}\" install '.[{extra}]'"
    )
