"""The JSON of ``docker-json-file``: parses healthy records in blocks, and finds objects in damaged text.

Healthy blocks go through ``msgspec``, with types that accept exactly what Docker
writes. Damaged text goes through the standard library's parser, as only that tells
where an object ends if more text follows, and where a fault is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal

import msgspec

from planqk_protocol.captures.json_text import is_too_deep

__all__ = ["KEYS", "ParsedRecords", "Record", "object_at", "record_of", "records_of", "stamp"]

KEYS = {"log", "stream", "attrs", "time"}
"""The keys of a record (moby, ``daemon/logger/jsonfilelog/jsonlog/jsonlog.go`` and ``jsonlogbytes.go``)."""


class Record(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A record as Docker writes it. The types keep the parser from following deep nesting."""

    log: str
    stream: str
    time: str = ""
    attrs: dict[str, str] | None = None


class _OfStdout(Record, gc=False, forbid_unknown_fields=True):
    stream: Literal["stdout"]


class _OfEither(Record, gc=False, forbid_unknown_fields=True):
    stream: Literal["stdout", "stderr"]


_decode_stdout = msgspec.json.Decoder(_OfStdout).decode_lines
_decode_either = msgspec.json.Decoder(_OfEither).decode_lines
record_of = msgspec.json.Decoder(Record).decode
"""Parse a line that is one record."""

_scan = json.JSONDecoder(parse_int=float, object_pairs_hook=tuple).raw_decode

_WINDOW = 512  # characters: more than most records have
_GROWTH = 4
_END = "\1"  # a control character, which no JSON text holds
_TOKEN = 16  # characters; the parser reports a fault at most so far before the character that causes it


def stamp(value: object) -> str:
    """The time stamp of a record; empty if the value cannot be one."""
    return value if isinstance(value, str) and value.isascii() else ""


class ParsedRecords(msgspec.Struct, frozen=True):
    """The records that a chunk was made of."""

    records: Sequence[Record]

    def ends(self) -> list[int]:
        """Where each record ends in the chunk's data, in bytes."""
        return list(accumulate(len(record.log.encode()) for record in self.records))

    def times(self) -> list[str]:
        """The time stamp of each record; empty where it has none."""
        return [stamp(record.time) for record in self.records]

    def time_span(self) -> tuple[str, str]:
        """The first and the last time stamp; empty where the record has none."""
        return stamp(self.records[0].time), stamp(self.records[-1].time)


def records_of(block: bytes) -> tuple[Sequence[Record], bool]:
    """Parse a block of lines, each of them one record. Also return whether all records are of stdout."""
    try:
        return _decode_stdout(block), True
    except msgspec.ValidationError:
        return _decode_either(block), False


def object_at(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    """Parse the JSON object at a place in damaged text.

    The parser sees a window of the text only, and the nesting of the window is
    measured first, so that the stack cannot overflow. The window grows while the
    object reaches to its end. So the work depends on the object's length alone,
    however much text follows.

    Returns:
        The object and where it ends; or ``None`` and where the fault is.
    """
    if text[at] != "{":
        return None, at
    size = _WINDOW
    while True:
        window = text[at : at + size]
        if is_too_deep(window.encode(errors="surrogateescape")):
            return None, at + len(window) - 1
        is_whole = at + size >= len(text)
        try:
            pairs, end = _scan(window if is_whole else window + _END)
        except json.JSONDecodeError as error:
            if is_whole or error.pos < size - _TOKEN:
                return None, at + error.pos
            size *= _GROWTH
        else:
            return _fields(pairs), at + end


def _fields(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The values of an object by their keys, read as Docker's reader does with Go's ``encoding/json``.

    The case of a key does not matter. If a key occurs several times, the last
    value counts, but ``null`` changes nothing (Go, ``encoding/json/decode.go``).
    Keys are compared by Unicode's simple case folding. It makes one more
    character equal to a letter of our keys: U+017F, the long s.
    """
    fields: dict[str, Any] = {}
    for key, value in pairs:
        folded = key.lower().replace("\u017f", "s")
        if value is not None or folded not in fields:
            fields[folded] = value
    return fields
