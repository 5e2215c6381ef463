"""What a parser reports: one event per log line, result or violation.

Events are immutable, compare by value, pickle, and work in ``match``
statements. The ``raw`` of all events of a stream, joined, is the stream
(rule ``lossless``).

Tests build events by hand. All events take their line number first, and every
argument by name. `Result.of`, `InterimResult.of` and `MultilineResult.of` build an
event from a value. The ``repr`` of an event is the call that builds it. It shows at
most 60 bytes of each field: ``…(+N)`` stands for N bytes more.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NoReturn, Self, TypeAlias

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.excerpts import excerpt, excerpt_of_bytes
from planqk_protocol.grammar import load_table

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


class Marker(StrEnum):
    """The kind of marker of a line or block. A violation has the marker of its wrong line or block."""

    RESULT = "result"
    INTERIM_RESULT = "interim_result"
    MULTILINE_RESULT = "multiline_result"


class ViolationCode(StrEnum):
    """What is wrong with a marked line or block.

    If several codes apply, the first of them in this list is reported.
    """

    PAYLOAD_TOO_LARGE = "payload-too-large"
    UNTERMINATED_BLOCK = "unterminated-block"
    DUPLICATE_RESULT = "duplicate-result"
    PAYLOAD_TOO_DEEP = "payload-too-deep"
    INVALID_JSON = "invalid-json"
    NUMBER_TOO_LONG = "number-too-long"


# How msgspec encodes it is for `records`.
class Log(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="log"):
    r"""A line of log text, or a piece of an over-long one (rules ``log``, ``limit-line``).

    Attributes:
        line: Number of the line, counted from 1.
        text: The line without its terminator. Invalid UTF-8 is shown as U+FFFD.
        terminator: ``b"\n"`` or ``b"\r\n"``. It is ``b""`` if no LF follows: at
            the last line of a stream, or at a piece of an over-long line.
        content: The bytes of `text` if they are not valid UTF-8, else ``None``.

    >>> Log(1, "starting").raw
    b'starting\n'
    """

    line: int
    text: str
    terminator: bytes = LF
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
        content = "" if self.content is None else f", content={excerpt_of_bytes(self.content)}"
        return f"Log(line={self.line}, text={excerpt(self.text)}{terminator}{content})"


class _Marked(msgspec.Struct, frozen=True, gc=False):
    """An event with a valid payload.

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

    _kind = ""  # the kind of the event's first line, as the grammar names it

    line: int
    raw: bytes
    value: Any
    start: int
    stop: int
    suspect: bool = False
    after_loss: bool = False

    @classmethod
    def of(
        cls,
        value: Any = msgspec.UNSET,
        *,
        line: int = 1,
        payload: bytes | None = None,
        raw: bytes | None = None,
        suspect: bool = False,
        after_loss: bool = False,
    ) -> Self:
        r"""Build an event for a test, as a parser would, from a value, a payload or raw bytes.

        Args:
            value: A JSON value, printed as `planqk_protocol.emit` prints it.
            line: Number of the event's first line, counted from 1.
            payload: The exact JSON text, in place of `value`. The marker is put
                before it and LF after it.
            raw: The exact bytes of the whole event, in place of `value`.
            suspect: Whether bytes of it come from a damaged part of a capture.
            after_loss: Whether the capture lost bytes of standard output before it.

        Raises:
            TypeError: Not exactly one of `value`, `payload` and `raw` is given, or
                `value` is not a JSON value.
            ValueError: The payload is not JSON, or the raw bytes are not an event of
                this class.

        >>> Result.of({"sum": 42}) == Result.of(raw=b'PlanQK:Job:Result: {"sum": 42}\n')
        True
        """
        if (value is msgspec.UNSET) + (payload is None) + (raw is None) != 2:  # noqa: PLR2004
            raise TypeError(f"{cls.__name__}.of() takes either a value, or payload=…, or raw=…")
        opening, closing = cls._around_payload()
        if raw is None:
            raw = opening + (cls._payload_of(value) if payload is None else payload) + closing
        start, stop = cls._payload_bounds(raw)
        decoded = json.loads(raw[start:stop].decode(), parse_constant=_refuse_constant)
        return cls(line, raw, decoded, start, stop, suspect, after_loss)

    @staticmethod
    def _payload_of(value: Any) -> bytes:
        """The payload of a value, as `of` writes it."""
        return b" " + json.dumps(value, allow_nan=False).encode()

    @classmethod
    def _around_payload(cls) -> tuple[bytes, bytes]:
        """The bytes before the payload and after it, as `of` writes them."""
        marker = next(literal for literal, kind in load_table().literals.items() if kind == cls._kind)
        return marker, b"\n"

    @classmethod
    def _payload_bounds(cls, raw: bytes) -> tuple[int, int]:
        """Where the payload of a marked line begins and ends."""
        table = load_table()
        is_marked = raw and table.classify(raw, 0, len(raw)) == cls._kind
        if not is_marked or raw.find(b"\n", 0, len(raw) - 1) >= 0:
            raise ValueError(f"{excerpt_of_bytes(raw)} is not one line with the marker of {cls.__name__}")
        return table.payload_start(raw), len(raw) - len(_terminator(raw))

    @property
    def payload(self) -> bytes:
        """The exact bytes of the JSON text, white space around it included."""
        return self.raw[self.start : self.stop]

    @property
    def terminated(self) -> bool:
        """Whether the event ends with LF. A last line without one may be cut short."""
        return self.raw.endswith(b"\n")

    def __repr__(self) -> str:
        if (self.raw[: self.start], self.raw[self.stop :]) == self._around_payload():
            text = f"payload={excerpt_of_bytes(self.payload)}"
        else:
            text = f"raw={excerpt_of_bytes(self.raw)}"
        return f"{type(self).__name__}.of(line={self.line}, {text}{_flags(self)})"


class InterimResult(_Marked, frozen=True, gc=False):
    """An interim result (rule ``interim-line``)."""

    _kind = "INTERIM_RESULT"


class Result(_Marked, frozen=True, gc=False):
    """The result of the job, on one line (rule ``result-line``)."""

    _kind = "RESULT"


class MultilineResult(_Marked, frozen=True, gc=False):
    """The result of the job, as a block (rule ``block``)."""

    _kind = "FENCE"

    @staticmethod
    def _payload_of(value: Any) -> bytes:
        return json.dumps(value, indent=2, allow_nan=False).encode() + b"\n"

    @classmethod
    def _around_payload(cls) -> tuple[bytes, bytes]:
        fence, end = super()._around_payload()
        return fence + end, fence + end

    @classmethod
    def _payload_bounds(cls, raw: bytes) -> tuple[int, int]:
        """Where the payload of a block begins and ends: after the first line, before the last one."""
        start = raw.find(b"\n") + 1
        stop = raw.rfind(b"\n", 0, max(len(raw) - 1, 0)) + 1
        table = load_table()
        fences = (raw[:start], raw[stop:])
        if not (start and stop) or any(table.classify(f, 0, len(f)) != cls._kind for f in fences):
            raise ValueError(f"{excerpt_of_bytes(raw)} is not a block with a fence line on either side")
        return start, stop


class Violation(msgspec.Struct, frozen=True):
    """A marked line or block that does not keep the protocol.

    Attributes:
        line: Number of its first line, counted from 1.
        raw: Its exact bytes, terminators included.
        code: What is wrong, for programs.
        marker: What the line or block would have been.
        message: What is wrong and what to do, for people; its wording is no
            contract.
        error_line: Number of the line of the fault, counted from 1. A parser always
            gives it, with `column` and `offset`.
        column: Column of the fault in that line, counted from 1, in characters.
        offset: Offset of the fault, counted from 0, in bytes from the start of
            the stream.
        suspect: Whether bytes of it come from a damaged part of a capture.
        after_loss: Whether the capture lost bytes of standard output before it,
            so that an earlier result may have been among them.
    """

    line: int
    raw: bytes
    code: ViolationCode
    marker: Marker
    message: str
    error_line: int | None = None
    column: int | None = None
    offset: int | None = None
    suspect: bool = False
    after_loss: bool = False

    def __post_init__(self) -> None:
        # The repr shows the values of code and marker, so that these build a violation, too.
        msgspec.structs.force_setattr(self, "code", ViolationCode(self.code))
        msgspec.structs.force_setattr(self, "marker", Marker(self.marker))

    @property
    def terminated(self) -> bool:
        """Whether the event ends with LF. A last line without one may be cut short."""
        return self.raw.endswith(b"\n")

    def __repr__(self) -> str:
        return (
            f"Violation(code={self.code.value!r}, marker={self.marker.value!r}, line={self.line}, "
            f"message={self.message!r}, error_line={self.error_line}, column={self.column}, "
            f"offset={self.offset}, raw={excerpt_of_bytes(self.raw)}{_flags(self)})"
        )


FinalResult: TypeAlias = Result | MultilineResult
"""The two forms in which a job gives its result."""

Event: TypeAlias = Log | InterimResult | Result | MultilineResult | Violation
"""Everything a parser reports."""


def _flags(event: _Marked | Violation) -> str:
    return "".join(f", {name}=True" for name in ("suspect", "after_loss") if getattr(event, name))


def _terminator(raw: bytes) -> bytes:
    """The terminator of a line (rules ``line-lf``, ``line-crlf``)."""
    return b"\r\n" if raw.endswith(b"\r\n") else raw[-1:] if raw.endswith(b"\n") else b""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
