"""The entries of ``planqk-log``: their types, and what a chunk tells of them.

An entry is a JSON object with these members (``LogEntry`` in planqk-service-sdk 2.12.1,
``planqk/service/sdk/types/log_entry.py``, and in qhub-api 3.3.0,
``qhub/api/service/types/log_entry.py`` and ``qhub/api/platform/types/log_entry.py``):

- ``message``: a string;
- ``severity``: DEBUG, NOTICE, INFO, WARNING, ERROR, or any other string, or missing;
- ``timestamp``: a date-time, or in the platform API milliseconds since 1970, as text.

The clients allow more members, and take each of the three as missing in some version.
Healthy entries go through ``msgspec``, all others through the standard library's parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

import msgspec

from planqk_protocol.captures.json_text import is_too_deep, to_bytes, to_text
from planqk_protocol.captures.open_object import OpenObject, Scan
from planqk_protocol.captures.sniffing import MOST_EXAMINED, after_filler, first_object
from planqk_protocol.captures.timestamps import rfc3339
from planqk_protocol.limits import MAX_DEPTH

__all__ = [
    "NoEntry",
    "OneEntry",
    "ParsedEntries",
    "PlatformEntry",
    "begins_with_entry",
    "entries_of_lines",
    "entries_of_list",
    "entry_of",
    "text_of",
    "torn_text",
    "with_end",
]

_KEYS = ("message", "severity", "timestamp")
_MILLISECOND = 1_000_000  # nanoseconds
_MOST_DIGITS = 15  # of milliseconds up to the year 9999


class PlatformEntry(msgspec.Struct, gc=False):
    """An entry with a text."""

    message: str
    severity: str | None = None
    timestamp: str | int | None = None


class _UsualEntry(PlatformEntry, gc=False, forbid_unknown_fields=True):
    """An entry without other members, so that no nesting has to be measured."""

    severity: Literal["DEBUG", "NOTICE", "INFO", "WARNING", "ERROR"] | None = None
    timestamp: str | None = None


class NoEntry(msgspec.Struct, frozen=True):
    """Why an object is no entry with a text.

    Attributes:
        reason: What is wrong, for messages.
    """

    reason: str


_Parse: TypeAlias = Callable[[bytes], Sequence[PlatformEntry]]
_usual_list = msgspec.json.Decoder(list[_UsualEntry]).decode
_usual_lines = msgspec.json.Decoder(_UsualEntry).decode_lines
_any_list = msgspec.json.Decoder(list[PlatformEntry]).decode
_any_lines = msgspec.json.Decoder(PlatformEntry).decode_lines
_any_entry = msgspec.json.Decoder(PlatformEntry).decode
_parse = json.JSONDecoder(parse_int=float).decode
_unescape = json.JSONDecoder(strict=False).decode

_MESSAGE = re.compile(r'[{,]\s*"message"\s*:\s*"')
# The end of a JSON string, or a wrong escape in it. Escaped backslashes and quotes are replaced before.
_END_OF_TEXT = re.compile(r'["\0-\x1f]|\\(?![/bfnrt]|u[0-9a-fA-F]{4})')

_WHITE = b" \t\r\n"
_SPACES = bytes.maketrans(b"\t\r\n", b"   ")
# `log_entry_severity.py`; `LogEntry` in qhub-api 3.3.0 takes it as missing or null, too.
_SEVERITIES = {b'"DEBUG"', b'"NOTICE"', b'"INFO"', b'"WARNING"', b'"ERROR"', b"null", b""}
_STAMP = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+.:\dZ]*"|"\d{10,15}"|\d{10,15}')


def entries_of_list(data: bytes) -> Sequence[PlatformEntry] | None:
    """Parse entries with commas between them; ``None`` if they are not all entries."""
    return _entries(_usual_list, _any_list, b"[" + data + b"]")


def entries_of_lines(data: bytes) -> Sequence[PlatformEntry] | None:
    """Parse entries with white space between them; ``None`` if they are not all entries."""
    return _entries(_usual_lines, _any_lines, data)


def _entries(usual: _Parse, lenient: _Parse, data: bytes) -> Sequence[PlatformEntry] | None:
    try:
        return usual(data)
    except msgspec.ValidationError:
        if is_too_deep(data):
            return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    try:
        return lenient(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def entry_of(data: bytes) -> tuple[PlatformEntry, str] | NoEntry | None:
    """Parse an object.

    Returns:
        The entry, and the error handler that turns its text back to bytes. Or why
        the object is no entry. Or ``None`` if it is no JSON.
    """
    if is_too_deep(data):
        return NoEntry(f"nests deeper than {MAX_DEPTH} levels")
    try:
        return _any_entry(data), "strict"
    except (msgspec.DecodeError, UnicodeDecodeError):
        text, errors = to_text(data)
    try:
        fields = _parse(text)
    except ValueError:
        return None
    message, severity, timestamp = (fields.get(key) for key in _KEYS)
    if message is None:
        return NoEntry("has no message")
    if not isinstance(message, str):
        return NoEntry("has a message that is not a text")
    severity = to_bytes(severity, errors).decode(errors="replace") if isinstance(severity, str) else None
    if isinstance(timestamp, float) and timestamp.is_integer():
        timestamp = int(timestamp)
    if isinstance(timestamp, bool) or not isinstance(timestamp, str | int):
        timestamp = None
    return PlatformEntry(message, severity, timestamp), errors


def with_end(message: str) -> str:
    """The text of an entry, with an LF at its end."""
    return message if message[-1:] == "\n" else message + "\n"


def text_of(entries: Sequence[PlatformEntry]) -> str:
    """The texts of entries, each with an LF at its end."""
    messages = [entry.message for entry in entries]
    if "\n" in "".join(messages):
        return "".join(map(with_end, messages))
    return "\n".join(messages) + "\n"


def torn_text(data: bytes) -> tuple[bytes, bool]:
    """What is left of the text of an entry that breaks off, and whether that is all of it."""
    text, errors = to_text(data)
    flat = text.replace("\\\\", "..").replace('\\"', "..")
    if not (message := _MESSAGE.search(flat)):
        return b"", False
    end = _END_OF_TEXT.search(flat, message.end())
    stop = end.start() if end else len(flat)
    left = _unescape(f'"{text[message.end() : stop]}"')
    is_whole = flat.startswith('"', stop)
    return to_bytes(with_end(left) if is_whole else left, errors), is_whole


def begins_with_entry(head: bytes) -> bool:
    """Whether a capture begins with an entry, alone on its lines or as the first of a list.

    A job may log JSON itself. So the three members of an entry have to be there, with
    a severity that the platform knows. In a list, the severity may be missing or null.
    Outside of a list, there must be no other members. Of an entry that is longer than
    the part that is examined, this part must hold the message and no other members.
    """
    examined = after_filler(head)
    text = examined.lstrip(_WHITE)
    in_list = text.startswith(b"[")
    text = text[in_list:].lstrip(_WHITE)
    found, end = OpenObject().scan(text, 0, len(text))
    if found is Scan.FAULT or not (first := first_object(text[:end].translate(_SPACES))):
        return False
    fields = first.fields
    if found is Scan.OPEN and len(examined) == MOST_EXAMINED:
        return b"message" in fields and _may_be_entry(fields)
    if not all(test(fields.get(key, b"")) for key, test in _TESTS.items()):
        return False
    follows = text[end:].lstrip(_WHITE)[:1]
    if in_list:
        return follows in b",]"
    return follows in b"{" and fields.keys() == _TESTS.keys() and fields[b"severity"] != b"null"


def _may_be_entry(fields: dict[bytes, bytes]) -> bool:
    """Whether members may be the first ones of an entry. The last one may be cut off."""
    *whole, last = fields
    if last not in _TESTS or (last == b"message" and not _is_text(fields[last])):
        return False
    return all(key in _TESTS and _TESTS[key](fields[key]) for key in whole)


def _is_text(value: bytes) -> bool:
    return value.startswith(b'"')


def _is_severity(value: bytes) -> bool:
    return value in _SEVERITIES


def _is_stamp(value: bytes) -> bool:
    return _STAMP.fullmatch(value) is not None


_TESTS = {b"message": _is_text, b"severity": _is_severity, b"timestamp": _is_stamp}


class ParsedEntries(msgspec.Struct, frozen=True):
    """The entries that a chunk was made of."""

    entries: Sequence[PlatformEntry]

    def ends(self) -> list[int]:
        """Where each entry ends in the chunk's data, in bytes."""
        return list(accumulate(len(with_end(entry.message).encode()) for entry in self.entries))

    def times(self) -> list[str]:
        """The time stamp of each entry; empty where it has none."""
        return [_time(entry.timestamp) for entry in self.entries]

    def time_span(self) -> tuple[str, str]:
        """The first and the last time stamp; empty where the entry has none."""
        return _time(self.entries[0].timestamp), _time(self.entries[-1].timestamp)

    def severities(self) -> list[str | None]:
        """The severity of each entry, as the capture has it; ``None`` where it has none."""
        return [entry.severity for entry in self.entries]


class OneEntry(msgspec.Struct, frozen=True):
    """The entry that a chunk was made of."""

    size: int
    entry: PlatformEntry

    def ends(self) -> list[int]:
        """Where the entry ends in the chunk's data, in bytes."""
        return [self.size]

    def times(self) -> list[str]:
        """The time stamp of the entry; empty if it has none."""
        return [_time(self.entry.timestamp)]

    def time_span(self) -> tuple[str, str]:
        """The time stamp of the entry, twice."""
        return _time(self.entry.timestamp), _time(self.entry.timestamp)

    def severities(self) -> list[str | None]:
        """The severity of the entry, as the capture has it; ``None`` if it has none."""
        return [self.entry.severity]


def _time(value: str | int | None) -> str:
    """A time stamp as text: milliseconds since 1970 become RFC 3339, as bare digits mean microseconds."""
    digits = str(value) if value is not None else ""
    if not (digits.isascii() and digits.isdigit()):
        return digits if digits.isascii() else ""
    return (rfc3339(int(digits) * _MILLISECOND) or "") if len(digits) <= _MOST_DIGITS else ""
