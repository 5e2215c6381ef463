"""Records of ``docker-json-file`` in JSON: many at once where all is well, else one at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal

import msgspec

from planqk_protocol.captures.json_text import is_too_deep

__all__ = ["KEYS", "Part", "Record", "object_at", "record_of", "records_of", "stamp"]

KEYS = {"log", "stream", "attrs", "time"}
"""The keys of a record."""


class Record(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A record as Docker writes it. Its types let the C decoder enter no deep nesting."""

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
"""The record that a line is."""

_scan = json.JSONDecoder(parse_int=float, object_pairs_hook=tuple).raw_decode

_WINDOW = 512  # characters: more than most records have
_GROWTH = 4
_END = "\1"  # a control character, which no JSON text holds
_TOKEN = 16  # characters: no fault in JSON is told farther than this before the character that makes it


def stamp(value: object) -> str:
    """The time of a record; empty where that cannot be one."""
    return value if isinstance(value, str) and value.isascii() else ""


class Part(msgspec.Struct, frozen=True):
    """Records of a chunk."""

    records: Sequence[Record]

    def ends(self) -> list[int]:
        """Where each record ends in their bytes."""
        return list(accumulate(len(record.log.encode()) for record in self.records))

    def times(self) -> list[str]:
        """The time of each record; empty where it has none."""
        return [stamp(record.time) for record in self.records]


def records_of(block: bytes) -> tuple[Sequence[Record], bool]:
    """The records of a block, and whether all are of stdout."""
    try:
        return _decode_stdout(block), True
    except msgspec.ValidationError:
        return _decode_either(block), False


def object_at(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    """The object at a place, and where it ends; ``None`` where there is none, and where the fault is.

    Neither the stack nor the time can be exhausted. The object is looked for in
    a window, whose nesting is measured before the decoder sees it. The window
    grows only while the object, or what there is of it, reaches its end. So the
    work is that for the object alone, however much text follows.
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
    """The values of an object by their keys, read as Docker does with Go's ``encoding/json``.

    The case of a key does not count, and of several the last one does, save that
    ``null`` changes nothing (``decode.go``). Letters are the same that Unicode's
    simple folding makes the same: of those in our keys, that is U+017F for "s".
    """
    fields: dict[str, Any] = {}
    for key, value in pairs:
        folded = key.lower().replace("\u017f", "s")
        if value is not None or folded not in fields:
            fields[folded] = value
    return fields
