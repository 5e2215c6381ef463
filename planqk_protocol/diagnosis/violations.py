"""Findings about violations.

The rule of a violation is its code, with one exception: for `invalid-json`, the rule
is the cause for which the payload is not JSON. The parser does not keep the cause,
so the payload is decoded once more. In some cases, a line of text around the payload
tells more than the payload alone:

*   A misspelt marker that the grammar takes: ``PlanQK:Job:InterimResults: 1`` is an
    interim result with the payload ``s: 1``.
*   A marker inside a block, where it is part of the payload.
*   The line after an empty marker line, which may hold the JSON; and the line after
    the header of a table.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.candidates import advice_for
from planqk_protocol.diagnosis.event_places import EventPlaces
from planqk_protocol.diagnosis.finding import Finding, Place, Related
from planqk_protocol.diagnosis.line import Line, finding
from planqk_protocol.events import Marker, Violation, ViolationCode
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.marked import marker_prefix, marker_text
from planqk_protocol.payload.causes import TABLE, Cause
from planqk_protocol.payload.classify import is_table, may_begin_table
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["violation_finding", "waits_for_next_line"]

_WHITE = b" \t\r\n"
_MOST_OF_A_NAME = 2048  # bytes after a marker in which the rest of a misspelt name is looked for
_MOST_OF_A_LINE = 4096  # bytes of a payload and of the next line that tell a table

_decode = PayloadDecoder(Limits(max_digits=None)).decode

# What directly follows a marker without its colon where the marker is misspelt: more of a word, or
# punctuation that begins no JSON.
_MISSPELT = re.compile(rb"[A-Za-z_][\w.-]*|[\w.-]+(?=[ \t]*:)|[ \t]+(?=:)|-(?![0-9])[->]*|[=;,.|>/#!?*&~]+")
_SECOND_COLON = re.compile(rb":+")
# Characters that resemble a colon or that nobody sees, and letters that are not ASCII.
_LOOK_ALIKE = re.compile(
    r"[\uff1a\u2236\u02d0\u0589\u05c3\ua789\ufe55\ufe13]"
    r"|[\u00a0\u00ad\u180e\u2000-\u200f\u202a-\u202f\u2060-\u2064\u3000\ufeff]+"
    r"|[^\W\d_a-zA-Z]\w*"
)
_DIGITS = re.compile(rb"[0-9]+")


class _Wrong(NamedTuple):
    """What is wrong with a violation, and the bytes of it that are wrong."""

    rule: str
    message: str
    start: int
    length: int
    related: tuple[Related, ...] = ()


def violation_finding(
    violation: Violation, offset: int, *, slot: Place | None = None, next_line: Line | None = None
) -> Finding:
    """Make the finding of a violation: its rule is the cause if the payload is not JSON, else the code.

    Args:
        violation: The violation.
        offset: Offset of its first byte in the stream.
        slot: The place of the event that took the result slot before.
        next_line: The line after it, if `waits_for_next_line`. A part of it will do.
    """
    wrong = _wrong_json(violation, next_line) if violation.code is ViolationCode.INVALID_JSON else None
    if wrong is None:
        wrong = _wrong_otherwise(violation, offset, slot)
    places = EventPlaces(violation, offset)
    line = places.line(wrong.start)
    if violation.code is ViolationCode.PAYLOAD_TOO_LARGE:  # the line goes on after the cut
        line = msgspec.structs.replace(line, is_end=False)
    place = places.place(wrong.start, _length_in_line(violation.raw, wrong) if wrong.length else 0)
    rule = rules.RULES[wrong.rule]
    advice = advice_for(rule, violation.marker)
    return finding(rule, line, place, wrong.message, advice=advice, related=wrong.related)


def waits_for_next_line(violation: Violation) -> bool:
    """Whether the line after a violation may tell its cause: JSON, or the first row of a table."""
    if violation.code is not ViolationCode.INVALID_JSON or not violation.terminated:
        return False
    if violation.marker is Marker.MULTILINE_RESULT:
        return False
    start = _payload_start(violation)
    beginning = _beginning(violation.raw[start : start + _MOST_OF_A_LINE])
    if beginning.strip():
        return may_begin_table(beginning)
    return not violation.raw[start:].strip(_WHITE)


def _wrong_json(violation: Violation, next_line: Line | None) -> _Wrong | None:
    """What is wrong with a payload that is not JSON; ``None`` if it is JSON after all."""
    raw = violation.raw
    start, stop = _payload_start(violation), _payload_stop(violation)
    if misspelt := _misspelt_marker(violation, start, stop):
        return misspelt
    try:
        _decode(raw, start, stop)
    except PayloadError as error:
        if error.cause is None:
            return None
        wrong = _Wrong(error.cause, error.fault, start + error.start, error.length)
        if error.cause is Cause.EMPTY:
            at = stop if violation.marker is Marker.MULTILINE_RESULT else start
            return _on_next_line(at, next_line) or wrong._replace(start=at)
        if next_line and _is_table(raw[start : min(stop, start + _MOST_OF_A_LINE)], next_line.data):
            return wrong._replace(rule=Cause.DATAFRAME, message=TABLE)
        return _marker_in_block(raw, wrong.start) or wrong
    return None


def _wrong_otherwise(violation: Violation, offset: int, slot: Place | None) -> _Wrong:
    """What is wrong with a violation of any other code, at the place that the parser gives."""
    message = violation.message.partition("; ")[0]  # what follows is advice; that of the rule says more
    start = 0 if violation.offset is None else max(0, min(violation.offset - offset, len(violation.raw)))
    related: tuple[Related, ...] = ()
    if slot is not None and violation.code is ViolationCode.DUPLICATE_RESULT:
        related = (Related("the first result stands here", slot),)
    return _Wrong(violation.code, message, start, _length_of(violation, start), related)


def _length_of(violation: Violation, start: int) -> int:
    """Number of bytes that are wrong at the place of a violation."""
    match violation.code:
        case ViolationCode.DUPLICATE_RESULT | ViolationCode.UNTERMINATED_BLOCK:
            marker = marker_text(violation.marker).encode()
            return len(marker) if violation.raw.startswith(marker, start) else 0
        case ViolationCode.NUMBER_TOO_LONG:
            digits = _DIGITS.match(violation.raw, start)
            return digits.end() - start if digits else 0
        case ViolationCode.PAYLOAD_TOO_DEEP:
            return min(1, len(violation.raw) - start)
        case _:
            return 0


def _misspelt_marker(violation: Violation, start: int, stop: int) -> _Wrong | None:
    """What is wrong with a marker line of which the grammar takes a part of the name for the payload."""
    if violation.marker is Marker.MULTILINE_RESULT or not start:
        return None
    raw, marker = violation.raw, marker_text(violation.marker)
    head = raw[start : min(stop, start + _MOST_OF_A_NAME)]
    if raw[start - 1 : start] == b":":
        found, rule = _SECOND_COLON.match(head), "marker-spelling"
    elif look_alike := _LOOK_ALIKE.match(_beginning(head)):
        codes = " ".join(f"U+{ord(letter):04X}" for letter in look_alike[0][:3])
        message = f"{codes} stands where the marker has a colon"
        length = len(look_alike[0].encode())
        return _Wrong("marker-look-alike", message, start, length)
    else:
        found, rule = _MISSPELT.match(head), "marker-spelling"
    if not found:
        return None
    shown = found[0][:40].decode(errors="replace")
    message = f"the marker is misspelt: {shown!r} stands where {marker} ends"
    return _Wrong(rule, message, start, len(found[0]))


def _marker_in_block(raw: bytes, at: int) -> _Wrong | None:
    table = load_table()
    markers = (literal for literal, kind in table.literals.items() if kind in table.payload_kinds)
    found = next((literal for literal in markers if raw.startswith(literal, at)), b"")
    if not found or raw[at - 1 : at] != LF:
        return None
    marker = found.decode()
    message = f"{marker} stands inside a block, where it is part of the JSON"
    return _Wrong("marker-in-block", message, at, len(marker))


def _on_next_line(at: int, next_line: Line | None) -> _Wrong | None:
    if next_line is None or not _begins_json(next_line):
        return None
    place = next_line.place(len(next_line.data) - len(next_line.data.lstrip(_WHITE)))
    related = (Related("the JSON begins here", place),)
    message = "the marker's line is empty; the JSON stands on the next line, where it is log text"
    return _Wrong(Cause.ON_NEXT_LINE, message, at, 0, related)


def _begins_json(line: Line) -> bool:
    """Whether a line is JSON, or the first line of JSON that is printed on several lines."""
    data = line.data[:_MOST_OF_A_LINE].strip(_WHITE)
    if data.startswith(b"{"):
        return True
    try:
        _decode(data)
    except PayloadError as error:
        return bool(data) and error.cause in {None, Cause.TRUNCATED}
    return True


def _payload_start(violation: Violation) -> int:
    """Offset of the payload in the bytes of a violation."""
    if violation.marker is Marker.MULTILINE_RESULT:
        return violation.raw.find(LF) + 1
    heads = load_table().literals
    return next((len(head) for head in heads if violation.raw.startswith(head)), 0)


def _payload_stop(violation: Violation) -> int:
    """Offset of the end of the payload in the bytes of a violation."""
    raw = violation.raw
    if violation.marker is Marker.MULTILINE_RESULT:
        return raw.rfind(LF, 0, len(raw) - 1) + 1
    return len(raw) - (2 if raw.endswith(b"\r\n") else raw.endswith(LF))


def _length_in_line(raw: bytes, wrong: _Wrong) -> int:
    """Number of the bytes that are wrong, up to the end of their first line; at least 1."""
    end = raw.find(LF, wrong.start, wrong.start + wrong.length)
    return wrong.length if end < 0 else max(1, end - wrong.start)


def _beginning(data: bytes) -> str:
    return data[:_MOST_OF_A_LINE].rstrip(b"\r\n").decode(errors="replace")


def _is_table(payload: bytes, next_line: bytes) -> bool:
    is_marked = next_line.startswith(marker_prefix())
    return not is_marked and is_table(f"{_beginning(payload)}\n{_beginning(next_line)}")
