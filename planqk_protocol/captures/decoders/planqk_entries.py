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
from itertools import accumulate
from typing import Any

import msgspec

from planqk_protocol.captures.json_text import is_too_deep, to_bytes, to_text
from planqk_protocol.captures.timestamps import rfc3339

__all__ = [
    "KEYS",
    "SEVERITIES",
    "BrokenEntry",
    "ParsedEntries",
    "PlatformEntry",
    "entries_of_lines",
    "entries_of_list",
    "entry_of",
    "text_of",
]

KEYS = ("message", "severity", "timestamp")
"""The members of an entry that decoding needs."""

SEVERITIES = ("DEBUG", "NOTICE", "INFO", "WARNING", "ERROR")
"""The severities that the clients know (``log_entry_severity.py``)."""

_MILLISECOND = 1_000_000  # nanoseconds
_MOST_DIGITS = 15  # of milliseconds up to the year 9999


class PlatformEntry(msgspec.Struct, gc=False):
    """An entry with a text."""

    message: str
    severity: str | None = None
    timestamp: str | int | None = None


class _StrictEntry(PlatformEntry, gc=False, forbid_unknown_fields=True):
    """An entry without other members, so that no nesting has to be measured."""


class BrokenEntry(msgspec.Struct, frozen=True):
    """Why an object is no entry with a text.

    Attributes:
        has_no_text: Whether it has no message at all.
        reason: What is wrong, for messages.
    """

    has_no_text: bool
    reason: str


_strict_list = msgspec.json.Decoder(list[_StrictEntry]).decode
_strict_lines = msgspec.json.Decoder(_StrictEntry).decode_lines
_any_list = msgspec.json.Decoder(list[PlatformEntry]).decode
_any_lines = msgspec.json.Decoder(PlatformEntry).decode_lines
_any_entry = msgspec.json.Decoder(PlatformEntry).decode
_parse = json.JSONDecoder(parse_int=float).decode


def entries_of_list(data: bytes) -> list[PlatformEntry] | None:
    """Parse entries with commas between them; ``None`` if they are not all entries."""
    text = b"[" + data + b"]"
    try:
        return _strict_list(text)  # type: ignore[return-value]
    except msgspec.ValidationError:
        return None if is_too_deep(data) else _tried(_any_list, text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def entries_of_lines(data: bytes) -> list[PlatformEntry] | None:
    """Parse entries with white space between them; ``None`` if they are not all entries."""
    try:
        return _strict_lines(data)  # type: ignore[return-value]
    except msgspec.ValidationError:
        return None if is_too_deep(data) else _tried(_any_lines, data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _tried(decode: Any, data: bytes) -> list[PlatformEntry] | None:
    try:
        return decode(data)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def entry_of(data: bytes) -> tuple[PlatformEntry, str] | BrokenEntry | None:
    """Parse an object.

    Returns:
        The entry, and the error handler that turns its text back to bytes. Or why
        the object is no entry. Or ``None`` if it is no JSON.
    """
    if is_too_deep(data):
        return BrokenEntry(has_no_text=False, reason="nests deeper than 128 levels")
    try:
        return _any_entry(data), "strict"
    except (msgspec.DecodeError, UnicodeDecodeError):
        text, errors = to_text(data)
    try:
        fields = _parse(text)
    except ValueError:
        return None
    message, severity, timestamp = (fields.get(key) for key in KEYS)
    if message is None:
        is_entry = severity is not None or timestamp is not None
        return BrokenEntry(has_no_text=is_entry, reason="has no message")
    if not isinstance(message, str):
        return BrokenEntry(has_no_text=False, reason="has a message that is no text")
    severity = to_bytes(severity, errors).decode(errors="replace") if isinstance(severity, str) else None
    if isinstance(timestamp, float) and timestamp.is_integer():
        timestamp = int(timestamp)
    if isinstance(timestamp, bool) or not isinstance(timestamp, str | int):
        timestamp = None
    return PlatformEntry(message, severity, timestamp), errors


def text_of(entries: list[PlatformEntry]) -> str:
    """The texts of entries, each with an LF at its end."""
    text = "\n".join([entry.message for entry in entries]) + "\n"
    if "\n\n" in text or text.startswith("\n"):
        return "".join([_with_end(entry.message) for entry in entries])
    return text


class ParsedEntries(msgspec.Struct, frozen=True):
    """The entries that a chunk was made of."""

    entries: list[PlatformEntry]

    def ends(self) -> list[int]:
        """Where each entry ends in the chunk's data, in bytes."""
        return list(accumulate(len(_with_end(entry.message).encode()) for entry in self.entries))

    def times(self) -> list[str]:
        """The time stamp of each entry; empty where it has none."""
        return [_time(entry.timestamp) for entry in self.entries]

    def severities(self) -> list[str | None]:
        """The severity of each entry, as the capture has it; ``None`` where it has none."""
        return [entry.severity for entry in self.entries]


def _with_end(message: str) -> str:
    return message if message[-1:] == "\n" else message + "\n"


def _time(value: str | int | None) -> str:
    """A time stamp as text: milliseconds since 1970 become RFC 3339, as bare digits mean microseconds."""
    digits = str(value) if value is not None else ""
    if not (digits.isascii() and digits.isdigit()):
        return digits if digits.isascii() else ""
    return (rfc3339(int(digits) * _MILLISECOND) or "") if len(digits) <= _MOST_DIGITS else ""
