"""Marked lines and blocks to events: a result, an interim result, or a violation.

The parser hands over whole units, each a line or a block with all of its bytes.
Here their payloads are decoded, and the place of a fault is worked out from the
unit's position in the stream. Log text has a module of its own, `log_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, repeat
from typing import Any, TypeAlias

from planqk_protocol.buffer import LF
from planqk_protocol.events import (
    Event,
    InterimResult,
    Marker,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
)
from planqk_protocol.grammar import load_table
from planqk_protocol.payload.decode import PayloadError

__all__ = [
    "PROTECTION",
    "block_event",
    "extend_with_interim_results",
    "line_event",
    "marker_prefix",
    "marker_text",
    "oversized_violation",
    "unterminated_block_violation",
]

PROTECTION = b">"
"""What an emitter puts before log text that begins like a marked line, as mailboxes do before ``From``.

The diagnosis knows it. A space would not do: jobs also print one before a marker by mistake.
"""

_LF, _CR = b"\n\r"

_DUPLICATE = "another result came first, and only the first one counts; print the result once"

_Decode: TypeAlias = Callable[[bytes, int, int], Any]


def marker_prefix() -> bytes:
    """The bytes that all markers begin with, for messages about lines that look marked."""
    return load_table().prefix


def marker_text(marker: Marker) -> str:
    """A marker as jobs print it, for messages: ``PlanQK:Job:Result:``."""
    return load_table().markers[marker]


def line_event(decode: _Decode, role: str, raw: bytes, start: int, line: int, offset: int) -> Event:
    """The event of a marked line.

    Args:
        decode: Gives the value of the payload ``raw[start:stop]``, or raises `PayloadError`.
        role: The role that the table gives the line.
        raw: The line with its terminator.
        start: Where the payload begins in `raw`.
        line: Number of the line.
        offset: Position of the line in the stream, in bytes.
    """
    if role == "duplicate_result":  # its payload is not decoded: whatever it is, the line is refused
        code = ViolationCode.DUPLICATE_RESULT
        return _violation(code, Marker.RESULT, raw, line, offset, 0, _DUPLICATE)
    stop = len(raw)
    # The terminator: nothing, LF or CRLF. The marker makes the line long enough for two bytes of it.
    if raw[-1] == _LF:
        stop -= 2 if raw[-2] == _CR else 1
    try:
        value = decode(raw, start, stop)
    except PayloadError as error:
        return _violation(error.code, Marker(role), raw, line, offset, start + error.at, error.message)
    return (InterimResult if role == "interim_result" else Result)(line, raw, value, start, stop)


def extend_with_interim_results(
    events: list[Event], decode: _Decode, lines: Sequence[bytes], start: int, number: int
) -> int:
    """Append the events of interim results in a row, up to the first that is a violation.

    Args:
        events: The list to append to.
        decode: As for `line_event`.
        lines: Lines with terminators.
        start: Where the payload begins in each of them.
        number: Number of the first line.

    Returns:
        How many events there are.
    """
    stops = [len(line) - 2 if line[-2] == _CR else len(line) - 1 for line in lines]
    values: list[Any] = []
    with suppress(PayloadError):
        values.extend(map(decode, lines, repeat(start), stops))  # keeps those before the error
    events.extend(map(InterimResult, count(number), lines, values, repeat(start), stops))
    return len(values)


def block_event(decode: _Decode, role: str, raw: bytes, line: int, offset: int, stray: int) -> Event:
    """The event of a block that was closed.

    Args:
        decode: As for `line_event`.
        role: The role that the table gives the block.
        raw: The block, both fences included.
        line: Number of its first line.
        offset: Position of the block in the stream, in bytes.
        stray: Number of the first line in the block that begins with a marker of
            another kind; 0 if there is none. The message of `invalid-json` names it.
    """
    marker = Marker.MULTILINE_RESULT
    if role == "duplicate_block":
        return _violation(ViolationCode.DUPLICATE_RESULT, marker, raw, line, offset, 0, _DUPLICATE)
    # The payload begins after the first LF. It ends with the LF before the closing fence, whose own LF,
    # if there is one, is the last byte.
    start, stop = raw.find(LF) + 1, raw.rfind(LF, 0, len(raw) - 1) + 1
    try:
        value = decode(raw, start, stop)
    except PayloadError as error:
        note = _stray_note(stray) if error.code is ViolationCode.INVALID_JSON else ""
        return _violation(error.code, marker, raw, line, offset, start + error.at, error.message + note)
    return MultilineResult(line, raw, value, start, stop)


def unterminated_block_violation(raw: bytes, line: int, offset: int, stray: int) -> Violation:
    """The violation of a block that is still open at the end of the stream (rule ``eof-block``)."""
    marker = Marker.MULTILINE_RESULT
    message = f"the block is never closed; print {marker_text(marker)} once more after the JSON, and flush"
    code = ViolationCode.UNTERMINATED_BLOCK
    return _violation(code, marker, raw, line, offset, 0, message + _stray_note(stray))


def oversized_violation(marker: Marker, raw: bytes, line: int, offset: int) -> Violation:
    """The violation of a line or block that is cut after `raw` (rule ``limit-payload``)."""
    message = f"longer than {len(raw)} bytes; print less, or raise Limits.max_payload"
    return _violation(ViolationCode.PAYLOAD_TOO_LARGE, marker, raw, line, offset, len(raw), message)


def _stray_note(line: int) -> str:
    if not line:
        return ""
    remedy = "print it before the block or after it"
    return f" (line {line} begins with a marker, but inside a block it is body; {remedy})"


def _violation(
    code: ViolationCode, marker: Marker, raw: bytes, line: int, offset: int, fault: int, message: str
) -> Violation:
    """A violation whose fault is at byte `fault` of `raw`, which may be the end of `raw`."""
    line_start = raw.rfind(LF, 0, fault) + 1
    # The column counts characters, so the bytes before the fault are decoded. They need not be UTF-8.
    return Violation(
        code=code,
        marker=marker,
        line=line,
        raw=raw,
        message=message,
        error_line=line + raw.count(LF, 0, fault),
        column=len(raw[line_start:fault].decode(errors="replace")) + 1,
        offset=offset + fault,
    )
