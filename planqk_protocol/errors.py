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
"""

from __future__ import annotations

__all__ = [
    "DecoderClosedError",
    "GrammarError",
    "OpenAPIError",
    "ParserClosedError",
    "ProtocolError",
    "SecondResultError",
    "StateFormatError",
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
