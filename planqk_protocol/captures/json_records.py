"""Records of ``docker-json-file`` in JSON: many at once where all is well, else one at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

import msgspec

__all__ = ["KEYS", "Block", "Part", "Text", "object_at", "record_of", "records_of", "stamp"]

KEYS = {"log", "stream", "attrs", "time"}
"""The keys of a record."""


class _OfStdout(msgspec.Struct, gc=False):
    log: str
    stream: Literal["stdout"]


class _OfEither(msgspec.Struct, gc=False):
    log: str
    stream: Literal["stdout", "stderr"]


class _Record(msgspec.Struct, gc=False):
    log: str
    stream: str
    time: str = ""


class _Untimed(msgspec.Struct, gc=False):
    log: str
    time: msgspec.Raw = msgspec.Raw(b"null")


_decode_stdout = msgspec.json.Decoder(_OfStdout).decode_lines
_decode_either = msgspec.json.Decoder(_OfEither).decode_lines
_decode_untimed = msgspec.json.Decoder(_Untimed).decode_lines
_decoder = msgspec.json.Decoder(_Record)
record_of = _decoder.decode
"""The record that a line is."""

_scan = json.JSONDecoder(parse_int=float, object_pairs_hook=tuple).raw_decode


class Text(str):
    """Text in which errors are cheap: `json` counts the lines before each, which nobody asks for here."""

    __slots__ = ()

    def count(self, *_: object) -> int:
        """No lines."""
        return 0

    def rfind(self, *_: object) -> int:
        """No end of a line."""
        return -1


class Block:
    """The records of a healthy block, decoded once more when their times are asked for."""

    def __init__(self, block: bytes) -> None:
        self._block = block

    @cached_property
    def sizes_and_times(self) -> tuple[list[int], list[str]]:
        """The length of each record's bytes, and its time."""
        try:
            records = _decoder.decode_lines(self._block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            untimed = _decode_untimed(self._block)
            return [len(record.log.encode()) for record in untimed], [
                _raw_stamp(item.time) for item in untimed
            ]
        return [len(record.log.encode()) for record in records], [stamp(record.time) for record in records]


def _raw_stamp(value: msgspec.Raw) -> str:
    try:
        return stamp(msgspec.json.decode(value, type=str))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def stamp(value: object) -> str:
    """The time of a record; empty where that cannot be one."""
    return value if isinstance(value, str) and value.isascii() else ""


class Part(msgspec.Struct, frozen=True):
    """Some records of a healthy block."""

    block: Block
    indices: Sequence[int]

    def ends(self) -> list[int]:
        """Where each record ends in their bytes."""
        sizes = self.block.sizes_and_times[0]
        return list(accumulate(sizes[index] for index in self.indices))

    def times(self) -> list[str]:
        """The time of each record; empty where it has none."""
        times = self.block.sizes_and_times[1]
        return [times[index] for index in self.indices]


def records_of(block: bytes) -> tuple[Sequence[_OfStdout | _OfEither], bool]:
    """The records of a block, and whether all are of stdout."""
    try:
        return _decode_stdout(block), True
    except msgspec.ValidationError:
        return _decode_either(block), False


def object_at(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    """The object at a place, and where it ends; ``None`` where there is none, and where it breaks off.

    It is read much as Docker does: of keys that are the same the last one counts,
    and one in another case where there is none in lower case.
    """
    if text[at] != "{":
        return None, at
    try:
        pairs, end = _scan(text, at)
    except json.JSONDecodeError as error:
        return None, error.pos
    except RecursionError:
        return None, len(text) - 1
    values = {key.lower(): value for key, value in pairs}
    return values | {key: value for key, value in pairs if key in KEYS}, end
