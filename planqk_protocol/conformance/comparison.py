r"""Event records compared by what they mean.

JSON values are compared exactly, whatever their spelling: numbers as decimals
of any size, objects without regard to the order of their keys, the last one of
duplicate keys. Messages are not compared, and positions (``error_line``,
``column``, ``offset``) only where they are expected.

>>> expected = b'{"type":"result","line":1,"value":[1,{"b":2,"a":3}]}\n'
>>> actual = b'{"line":1,"type":"result","value":[1.0,{"a":3e0,"b":2}]}\n'
>>> difference(expected, actual)
''
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, Never

from planqk_protocol.conformance.vectors import shown
from planqk_protocol.limits import MAX_DEPTH
from planqk_protocol.payload.bounds import deeper_than

__all__ = ["Number", "Record", "RecordError", "difference", "is_same", "read_records"]

_LF = b"\n"
_POSITIONS = ("error_line", "column", "offset")
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")
_CONTEXT = 2  # records shown around those that differ
_MANY = 12  # records shown of those that differ
_MOST_LEVELS = MAX_DEPTH + 1  # of a record: those of a value, and its own


class RecordError(ValueError):
    """A line that is not an event record; the message says which and why."""


class Number(NamedTuple):
    """A JSON number, exactly: ``sign`` and ``digits`` times ten to the power of ``exponent``."""

    sign: str
    digits: str
    exponent: int


class Record(NamedTuple):
    """An event record: its line as it was written, and its members."""

    text: str
    members: Mapping[str, Any]


def read_records(data: bytes) -> list[Record]:
    """The records of JSON Lines.

    Raises:
        RecordError: A line is not a JSON object, or the last one lacks its LF.
    """
    lines = data.split(_LF)
    if lines.pop():
        raise RecordError(f"the last line does not end with LF: {_quoted(data.rsplit(_LF, 1)[-1])}")
    return [_read_record(number, line) for number, line in enumerate(lines, 1)]


def _read_record(number: int, line: bytes) -> Record:
    if deeper_than(_MOST_LEVELS, line, 0, len(line)):  # measured before the decoder recurses
        raise RecordError(f"line {number} nests deeper than {_MOST_LEVELS} levels: {_quoted(line)}")
    try:
        text = line.decode()
        members = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except ValueError as error:
        raise RecordError(f"line {number} is not JSON ({error}): {_quoted(line)}") from None
    if not isinstance(members, dict):
        raise RecordError(f"line {number} is no JSON object: {_quoted(line)}")
    return Record(text, members)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON value")


def _number(text: str) -> Number:
    sign, whole, fraction, exponent = _NUMBER.fullmatch(text).groups(default="")  # type: ignore[union-attr]  # JSON
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return Number("", "", 0)
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return Number(sign, significant, power)


def is_same(expected: Mapping[str, Any], actual: Mapping[str, Any], ignoring: Iterable[str] = ()) -> bool:
    """Whether the members of two records mean the same, those `ignoring` names left aside."""
    ignored = {"message", *ignoring, *(name for name in _POSITIONS if name not in expected)}
    return _without(ignored, expected) == _without(ignored, actual)


def _without(names: Iterable[str], members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def difference(expected: bytes, actual: bytes, *, ignoring: Sequence[str] = ()) -> str:
    """What differs between two JSON Lines of records, as a diff; empty if nothing does.

    Args:
        expected: The right records.
        actual: Records, or what is given in their place.
        ignoring: Names of members that are not compared.
    """
    right = read_records(expected)
    try:
        given = read_records(actual)
    except RecordError as error:
        return f"not event records: {error}"

    def agree(pair: tuple[Record, Record]) -> bool:
        return is_same(pair[0].members, pair[1].members, ignoring)

    head = _count(agree, zip(right, given, strict=False))
    if head == len(right) == len(given):
        return ""
    tail = _count(agree, zip(reversed(right[head:]), reversed(given[head:]), strict=False))
    end = len(right) - tail
    return "\n".join(
        [
            *_marked(" ", right[max(0, head - _CONTEXT) : head]),
            *_marked("-", right[head:end]),
            *_marked("+", given[head : len(given) - tail]),
            *_marked(" ", right[end : end + _CONTEXT]),
        ]
    )


def _count(agree: Callable[[tuple[Record, Record]], bool], pairs: Iterable[tuple[Record, Record]]) -> int:
    """Number of pairs up to the first that does not agree."""
    return sum(1 for _ in takewhile(agree, pairs))


def _marked(mark: str, records: list[Record]) -> list[str]:
    lines = [f"{mark} {shown(record.text)}" for record in records[:_MANY]]
    rest = len(records) - _MANY
    return [*lines, f"{mark} … and {rest} more"] if rest > 0 else lines


def _quoted(line: bytes) -> str:
    return shown(ascii(line)[1:])
