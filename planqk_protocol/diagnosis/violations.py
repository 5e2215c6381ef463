"""Findings about violations.

The rule of a violation is its code, with one exception: for `invalid-json`, the rule
is the cause for which the payload is not JSON. The parser does not keep the cause,
so the payload is decoded once more. In some cases, a line of text around the payload
tells more than the payload alone:

*   A misspelt marker that the grammar takes: ``PlanQK:Job:InterimResults: 1`` is an
    interim result with the payload ``s: 1``.
*   A marker or log text inside a block, where it is part of the payload.
*   The line after an empty marker line, which may hold the JSON; the line after JSON
    that breaks off, which may go on there; and the line after the header of a table.
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
from planqk_protocol.diagnosis.foreign_lines import foreign_line
from planqk_protocol.diagnosis.line import Line, finding
from planqk_protocol.diagnosis.tracebacks import Raised, last_exception
from planqk_protocol.events import Marker, Violation, ViolationCode
from planqk_protocol.excerpts import excerpt
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.marked import marker_prefix, marker_text
from planqk_protocol.payload.causes import TABLE, Cause
from planqk_protocol.payload.classify import is_table, may_begin_table
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["breaks_off", "violation_finding", "waits_for_next_line"]

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
_READ_AGAIN = (
    "Bytes may be missing or altered here: get the whole output of the job once more. Change the job only if "
    "the mistake is still there."
)
_PRINT_AT_ONCE = (
    "Print the whole block with one call, and nothing else within it: a logger, a progress bar or another "
    "thread printed this line."
)
_ONE_LINE = "For one line, leave out indent= in Python."
_MEND_EXCEPTION = (
    "Mend what raised the exception, and print the whole block with one call, after the work is done."
)
_SEE_WHY_IT_ENDED = (
    "The job ended within the block, or its output was cut there: get the whole output, and find out why "
    "the job ended. Print the whole block with one call, after the work is done."
)


class _Wrong(NamedTuple):
    """What is wrong with a violation, and the bytes of it that are wrong."""

    rule: str
    message: str
    start: int
    length: int
    related: tuple[Related, ...] = ()
    advice: str | None = None  # in place of that of the rule


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
    advice = wrong.advice or advice_for(rule, violation.marker)
    if _may_be_right(violation, rule.id):
        advice = _READ_AGAIN
    return finding(rule, line, place, wrong.message, advice=advice, related=wrong.related)


def _may_be_right(violation: Violation, rule: str) -> bool:
    """Whether the job may have printed something valid, of which bytes were lost on the way."""
    return violation.suspect or (rule == Cause.TRUNCATED and not violation.terminated)


def breaks_off(violation: Violation) -> bool:
    """Whether a violation is a block that is open at the end of the stream, with JSON that lacks its end."""
    if violation.code is not ViolationCode.UNTERMINATED_BLOCK:
        return False
    try:
        _decode(violation.raw, _payload_start(violation), len(violation.raw))
    except PayloadError as error:
        return error.cause is Cause.TRUNCATED
    return False


def waits_for_next_line(violation: Violation) -> bool:
    """Whether the line after a violation may tell its cause: JSON, or the first row of a table."""
    if violation.code is not ViolationCode.INVALID_JSON or not violation.terminated:
        return False
    if violation.marker is Marker.MULTILINE_RESULT:
        return False
    start = _payload_start(violation)
    beginning = _beginning(violation.raw[start : start + _MOST_OF_A_LINE])
    if beginning.strip():
        return may_begin_table(beginning) or _is_cut(violation.raw[start : _payload_stop(violation)])
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
        return None if error.cause is None else _not_json(error, error.cause, violation, next_line)
    return None


def _not_json(error: PayloadError, cause: Cause, violation: Violation, next_line: Line | None) -> _Wrong:
    """What is wrong with a payload that is not JSON, which the text around it may show."""
    raw, start, stop = violation.raw, _payload_start(violation), _payload_stop(violation)
    remedy = f"{error.remedy[0].upper()}{error.remedy[1:]}." if error.remedy else None
    wrong = _Wrong(cause, error.fault, start + error.start, error.length, advice=remedy)
    if cause is Cause.EMPTY:
        at = stop if violation.marker is Marker.MULTILINE_RESULT else start
        return _on_next_line(at, next_line) or wrong._replace(start=at)
    if next_line and cause is Cause.TRUNCATED and _is_cut(raw[start:stop], next_line.data):
        return _goes_on(wrong, next_line)
    if next_line and _is_table(raw[start : min(stop, start + _MOST_OF_A_LINE)], next_line.data):
        return wrong._replace(rule=Cause.DATAFRAME, message=TABLE)
    return _other_text_in_block(violation, wrong.start) or wrong


def _wrong_otherwise(violation: Violation, offset: int, slot: Place | None) -> _Wrong:
    """What is wrong with a violation of any other code, at the place that the parser gives."""
    message = violation.message.partition("; ")[0]  # what follows is advice; that of the rule says more
    start = 0 if violation.offset is None else max(0, min(violation.offset - offset, len(violation.raw)))
    related: tuple[Related, ...] = ()
    if slot is not None and violation.code is ViolationCode.DUPLICATE_RESULT:
        related = (Related("the first result stands here", slot),)
    wrong = _Wrong(violation.code, message, start, _length_of(violation, start), related)
    if violation.code is ViolationCode.UNTERMINATED_BLOCK and (raised := last_exception(violation.raw)):
        return _after_exception(wrong, raised, EventPlaces(violation, offset))
    if breaks_off(violation):
        message = f"{message}, and the JSON in it ends too early"
        return wrong._replace(message=message, advice=_SEE_WHY_IT_ENDED)
    return wrong


def _after_exception(wrong: _Wrong, raised: Raised, places: EventPlaces) -> _Wrong:
    """What is wrong with a block that an exception left open: its traceback stands in the block."""
    traceback = Related("the traceback begins here", places.place(raised.start, raised.stop - raised.start))
    message = f"{wrong.message}: most likely, an exception ended the job: {raised.shown}"
    return wrong._replace(message=message, related=(*wrong.related, traceback), advice=_MEND_EXCEPTION)


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


def _other_text_in_block(violation: Violation, at: int) -> _Wrong | None:
    """What is wrong with a block if the fault at `at` is a marker, or if there is log text in the block."""
    if violation.marker is not Marker.MULTILINE_RESULT:
        return None
    return _marker_in_block(violation.raw, at) or _log_text_in_block(violation)


def _marker_in_block(raw: bytes, at: int) -> _Wrong | None:
    table = load_table()
    markers = (literal for literal, kind in table.literals.items() if kind in table.payload_kinds)
    found = next((literal for literal in markers if raw.startswith(literal, at)), b"")
    if not found or raw[at - 1 : at] != LF:
        return None
    marker = found.decode()
    message = f"{marker} stands inside a block, where it is part of the JSON"
    return _Wrong("marker-in-block", message, at, len(marker))


def _log_text_in_block(violation: Violation) -> _Wrong | None:
    raw, start = violation.raw, _payload_start(violation)
    span = foreign_line(raw[start : _payload_stop(violation)])
    if span is None:
        return None
    first, end = start + span[0], start + span[1]
    text = excerpt(raw[first:end].decode(errors="replace"))
    message = f"{text} stands inside the block, but is no part of the JSON"
    return _Wrong(Cause.EXTRA_TEXT, message, first, end - first, advice=_PRINT_AT_ONCE)


def _on_next_line(at: int, next_line: Line | None) -> _Wrong | None:
    if next_line is None or not _begins_json(next_line):
        return None
    place = next_line.place(len(next_line.data) - len(next_line.data.lstrip(_WHITE)))
    related = (Related("the JSON begins here", place),)
    message = "the marker's line is empty; the JSON stands on the next line, where it is log text"
    return _Wrong(Cause.ON_NEXT_LINE, message, at, 0, related)


def _is_cut(payload: bytes, next_line: bytes | None = None) -> bool:
    """Whether a payload is JSON that goes on after it, also if `next_line` is taken for the next part."""
    if len(payload) > _MOST_OF_A_LINE or (next_line is not None and not next_line.strip(_WHITE)):
        return False
    try:
        _decode(payload + b"\n" + (next_line or b"")[:_MOST_OF_A_LINE])
    except PayloadError as error:
        return error.cause is Cause.TRUNCATED
    return next_line is not None


def _goes_on(wrong: _Wrong, next_line: Line) -> _Wrong:
    """What is wrong with JSON that is printed on several lines after a marker for one."""
    related = (Related("the JSON goes on here", next_line.place(0, len(next_line.data))),)
    message = "the JSON goes on on the next line, where it is log text"
    advice = f"{rules.RULES[Cause.ON_NEXT_LINE].advice} {_ONE_LINE}"
    return wrong._replace(message=message, related=related, advice=advice)


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
