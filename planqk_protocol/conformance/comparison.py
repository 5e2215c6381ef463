r"""Compare event records by what they mean.

JSON values are compared exactly, but their spelling does not count. Numbers are
decimals of any size. The order of the keys of an object does not count. Of
duplicate keys, the last one counts. A message is never compared. A position
(``error_line``, ``column``, ``offset``) is compared only where it is expected.

>>> expected = b'{"type":"result","line":1,"value":[1,{"b":2,"a":3}]}\n'
>>> actual = b'{"line":1,"type":"result","value":[1.0,{"a":3e0,"b":2}]}\n'
>>> difference(expected, actual)
''
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from itertools import takewhile, zip_longest
from typing import Any, NamedTuple, Never

from planqk_protocol.buffer import LF
from planqk_protocol.conformance.showing import shorten, shorten_both, show_bytes, show_json
from planqk_protocol.conformance.vectors import PLACE
from planqk_protocol.limits import MAX_DEPTH
from planqk_protocol.payload.bounds import deeper_than

__all__ = [
    "EventRecordError",
    "Members",
    "Number",
    "Profile",
    "count_graded",
    "difference",
    "read_event_records",
]

Members = Mapping[str, Any]
"""The members of an event record."""

_Select = Callable[[Members, Members], Members]  # record, wanted record → what is compared of the record
_RESULTS = ("interim_result", "result", "multiline_result")  # a tuple: a program may give any type
_FIRST = ("type", "line", "end_line", "code", "marker")  # members shown before all others
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")
_MOST_ZEROS = 30  # digits that may be added to write a number without an exponent
_CONTEXT = 2  # records shown before and after those that differ
_MOST_RECORDS = 12  # shown of those that differ
_MAX_LEVELS = MAX_DEPTH + 1  # of a record: those of its value, and the record itself


class Profile(StrEnum):
    """Which part of the event records is graded.

    ``full``: all records. ``results``: only interim results and results, by
    their type, their value and their order.
    """

    FULL = "full"
    RESULTS = "results"


class EventRecordError(ValueError):
    """A line is not an event record. The message says which line, and why."""


class Number(NamedTuple):
    """A JSON number, exactly: ``sign`` and ``digits`` times ten to the power of ``exponent``."""

    sign: str
    digits: str
    exponent: int

    def __str__(self) -> str:
        digits, exponent = self.digits or "0", self.exponent
        if 0 <= exponent <= _MOST_ZEROS:
            text = digits + "0" * exponent
        elif -len(digits) - _MOST_ZEROS < exponent < 0:
            whole = digits.rjust(1 - exponent, "0")
            text = f"{whole[:exponent]}.{whole[exponent:]}"
        else:
            text = f"{digits}e{exponent}"
        return self.sign + text


def read_event_records(data: bytes) -> list[Members]:
    """Read event records from JSON Lines.

    Raises:
        EventRecordError: A line is not a JSON object, or the last line does not end with LF.
    """
    *lines, last = data.split(LF)
    if last:
        raise EventRecordError(f"the last line does not end with LF: {show_bytes(last)}")
    return [_read_event_record(number, line) for number, line in enumerate(lines, 1)]


def _read_event_record(number: int, line: bytes) -> Members:
    if deeper_than(_MAX_LEVELS, line, 0, len(line)):  # measured before the JSON decoder recurses
        raise EventRecordError(f"line {number} nests deeper than {_MAX_LEVELS} levels: {show_bytes(line)}")
    try:
        members = json.loads(line.decode(), parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except ValueError as error:
        raise EventRecordError(f"line {number} {_why_no_json(error)}: {show_bytes(line)}") from None
    if not isinstance(members, dict):
        raise EventRecordError(f"line {number} is not a JSON object: {show_bytes(line)}")
    return members


def _why_no_json(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 from byte {error.start + 1} on; a text that is not UTF-8 has to be in base64"
    if not isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error})"
    is_cut = error.pos >= len(error.doc.rstrip()) > 0 or error.msg.startswith("Unterminated string")
    if is_cut:
        return "ends within its record; write an LF in a value as a space, and one in a text as \\n"
    return f"is not JSON ({error.msg} at column {error.colno})"


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not a JSON value")


def _number(text: str) -> Number:
    sign, whole, fraction, exponent = _NUMBER.fullmatch(text).groups(default="")  # type: ignore[union-attr]  # JSON
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return Number("", "", 0)
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return Number(sign, significant, power)


def _is_graded(record: Members, profile: Profile) -> bool:
    return profile is Profile.FULL or record.get("type") in _RESULTS


def count_graded(output: bytes, profile: Profile) -> int:
    """Number of graded records in an output that may go on. An unfinished last line does not count.

    A line that is not a record counts, too: the comparison refuses it later.
    """
    lines = output.split(LF)[:-1]
    return len(lines) if profile is Profile.FULL else sum(map(_may_be_result, lines))


def _may_be_result(line: bytes) -> bool:
    try:
        return _is_graded(_read_event_record(1, line), Profile.RESULTS)
    except EventRecordError:
        return True


def difference(
    expected: bytes, actual: bytes, *, profile: Profile = Profile.FULL, ignoring: Collection[str] = ()
) -> str:
    """Compare event records, and show how they differ.

    Args:
        expected: The right records, as JSON Lines.
        actual: What a program printed.
        profile: Which part of the records is graded.
        ignoring: Names of members that are not compared.

    Returns:
        A diff of the compared members, or why the output cannot be compared.
        Empty if nothing differs.
    """
    try:
        given = read_event_records(actual)
    except EventRecordError as error:
        return f"not event records: {error}"
    wanted = [record for record in read_event_records(expected) if _is_graded(record, profile)]
    given = [record for record in given if _is_graded(record, profile)]
    return _diff(wanted, given, partial(_select, profile=profile, ignoring=ignoring))


def _select(record: Members, wanted: Members, profile: Profile, ignoring: Collection[str]) -> Members:
    """The members of a record that are compared with those of a wanted record."""
    if profile is Profile.RESULTS:
        names = [name for name in ("type", "value") if name in record]
    else:
        ignored = {"message", *ignoring, *(PLACE - wanted.keys())}
        names = [name for name in record if name not in ignored]
    return {name: record[name] for name in names}


def _diff(wanted: Sequence[Members], given: Sequence[Members], select: _Select) -> str:
    """A diff: the records from the first to the last difference, and some around them."""

    def agrees(pair: tuple[Members, Members]) -> bool:
        return select(pair[0], pair[0]) == select(pair[1], pair[0])

    start = _count_while(agrees, zip(wanted, given, strict=False))
    if start == len(wanted) == len(given):
        return ""
    same_end = _count_while(agrees, zip(reversed(wanted[start:]), reversed(given[start:]), strict=False))
    stop, given_stop = len(wanted) - same_end, len(given) - same_end
    return "\n".join(
        [
            *_same_lines(wanted[max(0, start - _CONTEXT) : start], select),
            *_different_lines(wanted[start:stop], given[start:given_stop], select),
            *_same_lines(wanted[stop : stop + _CONTEXT], select),
        ]
    )


def _count_while(
    agrees: Callable[[tuple[Members, Members]], bool], pairs: Iterable[tuple[Members, Members]]
) -> int:
    """Number of pairs before the first that does not agree."""
    return sum(1 for _ in takewhile(agrees, pairs))


def _show(members: Members) -> str:
    """A record on one line. The members that tell its place come first."""
    names = [*(name for name in _FIRST if name in members), *sorted(members.keys() - set(_FIRST))]
    return "{" + ",".join(f"{json.dumps(name)}:{show_json(members[name])}" for name in names) + "}"


def _same_lines(records: Sequence[Members], select: _Select) -> list[str]:
    return [f"  {shorten(_show(select(record, record)))}" for record in records]


def _different_lines(wanted: Sequence[Members], given: Sequence[Members], select: _Select) -> list[str]:
    expected, actual = [], []
    for one, other in zip_longest(wanted[:_MOST_RECORDS], given[:_MOST_RECORDS]):
        left = "" if one is None else _show(select(one, one))
        right = "" if other is None else _show(select(other, one or {}))
        left, right = shorten_both(left, right)
        expected += [left] if one is not None else []
        actual += [right] if other is not None else []
    return [*_signed_lines("-", expected, len(wanted)), *_signed_lines("+", actual, len(given))]


def _signed_lines(sign: str, texts: list[str], count: int) -> list[str]:
    rest = count - len(texts)
    return [f"{sign} {text}" for text in texts] + ([f"{sign} … and {rest} more"] if rest else [])
