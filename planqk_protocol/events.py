"""What a parser reports: one event per log line, result or violation.

Events are immutable, compare by value, pickle, and work in ``match``
statements. The ``raw`` of all events of a stream, joined, is the stream
(rule ``lossless``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

__all__ = [
    "Event",
    "FinalResult",
    "InterimResult",
    "Log",
    "Marker",
    "MultilineResult",
    "Result",
    "Violation",
    "ViolationCode",
]

_SHOWN = 60  # a repr shows this many bytes or characters of what may be megabytes


class Marker(StrEnum):
    """Which marker a result or violation bears."""

    RESULT = "result"
    INTERIM_RESULT = "interim_result"
    MULTILINE_RESULT = "multiline_result"


class ViolationCode(StrEnum):
    """What is wrong with a marked line or block.

    Where several apply, the one named first here is reported.
    """

    PAYLOAD_TOO_LARGE = "payload-too-large"
    UNTERMINATED_BLOCK = "unterminated-block"
    DUPLICATE_RESULT = "duplicate-result"
    PAYLOAD_TOO_DEEP = "payload-too-deep"
    INVALID_JSON = "invalid-json"
    NUMBER_TOO_LONG = "number-too-long"


class Log(msgspec.Struct, frozen=True, gc=False):
    r"""A line of log text, or a piece of an over-long one (rules ``log``, ``limit-line``).

    Attributes:
        line: Number of the line, counted from 1.
        text: The line without its terminator; invalid UTF-8 shown as U+FFFD.
        terminator: ``b"\n"``, ``b"\r\n"``, or ``b""`` where no LF follows: the
            last line of a stream, or a piece of an over-long line.
        content: The bytes of `text`, where they are not valid UTF-8; else
            ``None``.

    >>> Log(1, "starting").raw
    b'starting\n'
    """

    line: int
    text: str
    terminator: bytes = b"\n"
    content: bytes | None = None

    @property
    def raw(self) -> bytes:
        """The exact bytes of the line, terminator included."""
        content = self.text.encode() if self.content is None else self.content
        return content + self.terminator

    @property
    def terminated(self) -> bool:
        """Whether the event ends with LF. A last line without one may be cut short."""
        return bool(self.terminator)

    def __repr__(self) -> str:
        terminator = "" if self.terminator == b"\n" else f", terminator={self.terminator!r}"
        return f"Log(line={self.line}, text={_shown(self.text, 0, len(self.text))}{terminator})"


class _Marked(msgspec.Struct, frozen=True, gc=False):
    """A valid payload under a marker.

    Attributes:
        line: Number of the event's first line, counted from 1.
        raw: The exact bytes of the line or block, marker, fences and
            terminators included.
        value: The decoded JSON value.
        start: Where the payload begins in `raw`, in bytes.
        stop: Where the payload ends in `raw`, in bytes.
        suspect: Whether bytes of it come from a damaged part of a capture.
        after_loss: Whether the capture lost bytes of standard output before it,
            so that an earlier result may have been among them.
    """

    line: int
    raw: bytes
    value: Any
    start: int
    stop: int
    suspect: bool = False
    after_loss: bool = False

    @property
    def payload(self) -> bytes:
        """The exact bytes of the JSON text, white space around it included."""
        return self.raw[self.start : self.stop]

    @property
    def terminated(self) -> bool:
        """Whether the event ends with LF. A last line without one may be cut short."""
        return self.raw.endswith(b"\n")

    def __repr__(self) -> str:
        payload = _shown(self.raw, self.start, self.stop)
        return f"{type(self).__name__}(line={self.line}, payload={payload}{_flags(self)})"


class InterimResult(_Marked, frozen=True, gc=False):
    """An interim result (rule ``interim-line``)."""


class Result(_Marked, frozen=True, gc=False):
    """The result of the job, on one line (rule ``result-line``)."""


class MultilineResult(_Marked, frozen=True, gc=False):
    """The result of the job, as a block (rule ``block``)."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A marked line or block that does not keep the protocol.

    Attributes:
        code: What is wrong, for programs.
        marker: What the line or block would have been.
        line: Number of its first line, counted from 1.
        raw: Its exact bytes, terminators included.
        message: What is wrong and what to do, for people; its wording is no
            contract.
        error_line: Number of the line of the fault, counted from 1, if a point
            can be named.
        column: Column of the fault in that line, counted from 1, in characters.
        offset: Offset of the fault, counted from 0, in bytes from the start of
            the stream.
        suspect: Whether bytes of it come from a damaged part of a capture.
        after_loss: Whether the capture lost bytes of standard output before it,
            so that an earlier result may have been among them.
    """

    code: ViolationCode
    marker: Marker
    line: int
    raw: bytes
    message: str
    error_line: int | None = None
    column: int | None = None
    offset: int | None = None
    suspect: bool = False
    after_loss: bool = False

    @property
    def terminated(self) -> bool:
        """Whether the event ends with LF. A last line without one may be cut short."""
        return self.raw.endswith(b"\n")

    def __repr__(self) -> str:
        raw = _shown(self.raw, 0, len(self.raw))
        return (
            f"Violation(code={self.code.value!r}, marker={self.marker.value!r}, line={self.line}, "
            f"message={self.message!r}, error_line={self.error_line}, column={self.column}, "
            f"offset={self.offset}, raw={raw}{_flags(self)})"
        )


FinalResult: TypeAlias = Result | MultilineResult
"""The two forms in which a job gives its result."""

Event: TypeAlias = Log | InterimResult | Result | MultilineResult | Violation
"""Everything a parser reports."""


def _shown(data: bytes | str, start: int, stop: int) -> str:
    rest = stop - start - _SHOWN
    return f"{data[start : start + _SHOWN]!r}…(+{rest})" if rest > 0 else repr(data[start:stop])


def _flags(event: _Marked | Violation) -> str:
    return "".join(f", {name}=True" for name in ("suspect", "after_loss") if getattr(event, name))
