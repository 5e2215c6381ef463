r"""Findings about valid results and interim results that are unwise.

Nearly all payloads have nothing unusual in them, and some have megabytes. So each
check begins with a test at C speed that rules out its mistake. Only if the test
cannot, the text is searched for the place (`json_scan`).

*   Long numbers: `bytes.translate` makes zeros of all digits and blanks of the bytes
    that stand before a number. Then a number of 16 digits or more, without a point, is
    a fixed text to find. A large exponent begins with an E: `re` finds it by ``memchr``.
*   Lone surrogates: the text has no ``\ud``, or the value can be encoded in UTF-8.
*   Keys that stand twice: the value is encoded once more. Strings and members come
    back as they were, so the text has more colons than that only if a member was
    dropped. A colon that the text has as ``\u003a`` counts, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.event_places import EventPlaces
from planqk_protocol.diagnosis.finding import Finding, Fix, Related, Rule
from planqk_protocol.diagnosis.json_scan import lone_surrogates, masked, outside_strings, repeated_keys
from planqk_protocol.diagnosis.line import finding
from planqk_protocol.events import InterimResult, Marker, MultilineResult, Result
from planqk_protocol.excerpts import excerpt
from planqk_protocol.limits import Limits
from planqk_protocol.marked import marker_text
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["PIECE", "SPLITTING", "value_findings"]

PIECE = 16 * 1024
"""Bytes of a line that engines store in one record (moby, ``daemon/logger/copier.go``)."""

SPLITTING = frozenset(
    {
        *("docker-json-file", "docker-local", "cri", "journald-json", "journald-export"),
        *("docker-logs-timestamps", "docker-logs-details", "kubectl-logs", "compose-logs"),
    }
)
"""Formats that are, or are made of, records in which an engine splits lines of more than `PIECE` bytes."""

_MOST = 10  # findings of one rule for one event
_EXACT = 2**53  # integers up to here are exact as floats
_DIGITS_OF_EXACT = len(str(_EXACT))

# A number with 16 digits before a point, or with a large exponent: a candidate.
_LONG_NUMBER = re.compile(
    rb"(?<![0-9.eE+-])-?(?:[0-9]{16,}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{3,})"
    rb"(?![0-9.eE+-])"
)
_SLAB = 64 * 1024  # bytes looked at in one go, so few that they stay in the processor's cache
_DIGIT, _BEFORE_A_NUMBER = b"0123456789", b",:[ -\t\r\n"
_SHAPE = bytes(
    ord("0") if byte in _DIGIT else ord(" ") if byte in _BEFORE_A_NUMBER else ord(".") for byte in range(256)
)
_LONG_SHAPE = b" " + b"0" * 16
_LARGE_EXPONENTS = [re.compile(letter + rb"\+?[0-9]{3,}(?=[\s,\]}]|\Z)") for letter in (b"e", b"E")]
# In a short payload, one search costs less than to begin the others.
_SHORT = 512  # bytes
_LARGE = re.compile(rb"[0-9]{16}|[eE]\+?[0-9]{3}")
_SURROGATES = (rb"\ud", rb"\uD")
_COLON = ord(":")
_ESCAPED_COLONS = (rb"\u003a", rb"\u003A")
_decoder = PayloadDecoder(Limits())


def value_findings(
    event: InterimResult | Result | MultilineResult, offset: int, *, capture: str
) -> list[Finding]:
    """Judge the payload and the length of a valid event.

    Args:
        event: The event.
        offset: Offset of its first byte in the stream.
        capture: The format that the stream was captured in.

    Returns:
        The findings in the order of their places: at most 10 for each rule.
    """
    faults = _payload_faults(event)
    if isinstance(event, InterimResult) and event.raw[event.start - 1] != _COLON:
        faults.insert(0, _missing_colon(event))
    if len(event.raw) > PIECE:
        faults += _line_faults(event.raw, capture)
    if not faults:
        return []
    places = EventPlaces(event, offset)
    faults.sort(key=lambda fault: fault.start)
    return [fault.finding(places) for fault in faults]


class _Fault(msgspec.Struct, frozen=True):
    """A finding without its place: the span of bytes in the event."""

    rule: Rule
    start: int
    length: int
    message: str
    first: tuple[int, int] | None = None  # of a key that stands twice
    replacement: str | None = None  # that mends it for certain

    def finding(self, places: EventPlaces) -> Finding:
        related: tuple[Related, ...] = ()
        if self.first:
            start, stop = self.first
            related = (Related("the same key stands here before", places.place(start, stop - start)),)
        place = places.place(self.start, self.length)
        fix = None if self.replacement is None else Fix(place, self.replacement)
        return finding(self.rule, places.line(self.start), place, self.message, related=related, fix=fix)


def _missing_colon(event: InterimResult) -> _Fault:
    name = marker_text(Marker.INTERIM_RESULT).removesuffix(":")
    message = f"the marker {name} has no colon"
    return _Fault(rules.RULES["interim-without-colon"], event.start, 0, message, replacement=":")


def _payload_faults(event: InterimResult | Result | MultilineResult) -> list[_Fault]:
    """What is unusual in the payload."""
    raw, start, stop, value = event.raw, event.start, event.stop, event.value
    has_long_numbers = _may_have_long_numbers(raw, start, stop)
    encoded = _encoded(raw, start, stop, value)
    has_repeated_keys = encoded is None or _count_colons(raw, start, stop) > encoded.count(b":")
    # If a member was dropped, the value does not tell what was in it.
    has_surrogates = has_repeated_keys and _has_surrogates(raw, start, stop)
    if not (has_long_numbers or has_surrogates or has_repeated_keys or isinstance(value, str)):
        return []
    payload = event.payload
    text = masked(payload)
    checks: list[Iterable[_Fault]] = []
    if has_long_numbers:
        checks += [_overflows(text), _big_integers(text)]
    if has_surrogates:
        checks.append(_lone_surrogates(text))
    if has_repeated_keys:
        checks.append(_repeated_keys(payload, text))
    if isinstance(value, str):
        checks.append(_double_encoded(text, value))
    faults = [fault for check in checks for fault in islice(check, _MOST)]
    return [_shifted(fault, start) for fault in faults]


def _shifted(fault: _Fault, by: int) -> _Fault:
    """A fault in the payload as one in the event."""
    first = fault.first and (fault.first[0] + by, fault.first[1] + by)
    return msgspec.structs.replace(fault, start=fault.start + by, first=first)


def _may_have_long_numbers(raw: bytes, start: int, stop: int) -> bool:
    """Whether there may be an integer or a float that is too large: never wrong if it says no."""
    if raw[start : start + 1].isdigit():  # the payload is a number, and nothing stands before it
        return True
    if stop - start <= _SHORT:
        return _LARGE.search(raw, start, stop) is not None
    for at in range(start, stop, _SLAB):
        # Each slab overlaps the next one, so that no number is divided.
        if _LONG_SHAPE in raw[at : min(at + _SLAB + len(_LONG_SHAPE), stop)].translate(_SHAPE):
            return True
    return any(pattern.search(raw, start, stop) for pattern in _LARGE_EXPONENTS)


def _encoded(raw: bytes, start: int, stop: int, value: object) -> bytes | None:
    """The value as JSON, if that may tell something; ``None`` if it cannot be encoded."""
    first = raw.find(b":", start, stop)
    has_members = first >= 0 and raw.find(b":", first + 1, stop) >= 0
    if not (has_members or _has_surrogates(raw, start, stop)):
        return b":"
    try:
        return msgspec.json.encode(value)
    except ValueError:  # a lone surrogate, or an integer of more digits than Python writes
        return None


def _has_surrogates(raw: bytes, start: int, stop: int) -> bool:
    """Whether there are escapes of surrogates, with a partner or without."""
    return any(raw.find(escape, start, stop) >= 0 for escape in _SURROGATES)


def _count_colons(raw: bytes, start: int, stop: int) -> int:
    colons = raw.count(b":", start, stop)
    if raw.find(rb"\u003", start, stop) >= 0:
        colons += sum(raw.count(colon, start, stop) for colon in _ESCAPED_COLONS)
    return colons


def _overflows(text: bytes) -> Iterator[_Fault]:
    for number in outside_strings(_LONG_NUMBER, text):
        digits = number[0]
        if not digits.lstrip(b"-").isdigit() and float(digits) in {float("inf"), float("-inf")}:
            message = "the number is too large for a float, so it is read as an infinity"
            yield _Fault(rules.RULES["number-overflow"], number.start(), len(digits), message)


def _big_integers(text: bytes) -> Iterator[_Fault]:
    for number in outside_strings(_LONG_NUMBER, text):
        digits = number[0].lstrip(b"-")
        if not digits.isdigit():
            continue
        if len(digits) > _DIGITS_OF_EXACT or int(digits) > _EXACT:
            message = f"the integer has {len(digits)} digits and is beyond 2^53: many readers round it"
            yield _Fault(rules.RULES["big-integer"], number.start(), len(number[0]), message)


def _lone_surrogates(text: bytes) -> Iterator[_Fault]:
    for escape in lone_surrogates(text):
        message = f"{escape[0].decode()} is one half of a character, and the other half is missing"
        yield _Fault(rules.RULES["lone-surrogate"], escape.start(), len(escape[0]), message)


def _repeated_keys(payload: bytes, text: bytes) -> Iterator[_Fault]:
    for key in repeated_keys(payload, text):
        name = excerpt(json.loads(payload[key.start : key.stop]))
        message = f"the key {name} stands twice in one object; only the last value counts"
        first = (key.first_start, key.first_stop)
        yield _Fault(rules.RULES["duplicate-key"], key.start, key.stop - key.start, message, first=first)


def _double_encoded(text: bytes, value: str) -> Iterator[_Fault]:
    kinds = {"{": "object", "[": "array"}
    kind = kinds.get(value.lstrip(" \t\r\n")[:1])
    if kind is None:
        return
    try:
        _decoder.decode(value.encode(errors="surrogatepass"))
    except PayloadError:
        return
    start = text.index(b'"')
    message = f"the value is a string that holds a JSON {kind}: it was encoded twice"
    yield _Fault(rules.RULES["double-encoded"], start, text.rindex(b'"') + 1 - start, message)


def _line_faults(raw: bytes, capture: str) -> list[_Fault]:
    """What engines do to the long lines of an event."""
    long = list(_long_lines(raw))
    cut = [] if raw.isascii() else list(islice(_cut_characters(raw, long), _MOST))
    return cut + ([_too_long(raw, *line) for line in long[:_MOST]] if capture in SPLITTING else [])


def _long_lines(raw: bytes) -> Iterator[tuple[int, int]]:
    """The start and the end of each line that is longer than engines store in one record."""
    start = 0
    while len(raw) - start > PIECE:
        # The next line that is long has no LF in the bytes of one record. So the search goes from the end.
        lf = raw.rfind(b"\n", start, start + PIECE + 1)
        if lf >= 0:
            start = lf + 1
            continue
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        yield start, end
        start = end + 1


def _cut_characters(raw: bytes, lines: list[tuple[int, int]]) -> Iterator[_Fault]:
    """In each line, the first character that the end of a piece cuts."""
    for start, end in lines:
        cuts = range(start + PIECE, end, PIECE)
        cut = next((cut for cut in cuts if _begins_before(raw, cut) < cut), None)
        if cut is None:
            continue
        first = _begins_before(raw, cut)
        length = len(raw[first : first + 4].decode(errors="ignore")[:1].encode())
        size = cut - start
        message = f"this character lies on byte {size:,} of its line, where Docker cuts the line in two"
        yield _Fault(rules.RULES["non-ascii-long-line"], first, length, message)


def _begins_before(raw: bytes, at: int) -> int:
    """Where the character begins that the byte `at` belongs to."""
    while raw[at] & 0xC0 == 0x80:  # noqa: PLR2004  # the bits of a byte of UTF-8 that begins no character
        at -= 1
    return at


def _too_long(raw: bytes, start: int, end: int) -> _Fault:
    at = _begins_before(raw, start + PIECE)
    message = f"the line has {end - start:,} bytes; the engine stores it in pieces of {PIECE:,} bytes"
    return _Fault(rules.RULES["line-over-16k"], at, end - at, message)
