"""The first record of a capture in JSON, as far as the first bytes show it."""

from __future__ import annotations

import re

import msgspec

__all__ = ["FirstObject", "first_object"]

_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT = rb'[\[{](?:%b|[^]["{}]++)*+[\]}]' % _TEXT
_VALUE = rb'%b|[^]["{},\s]++|[\[{](?:%b|[^]["{}]++|%b)*+[\]}]' % (_TEXT, _TEXT, _FLAT)
_FIELD = re.compile(rb'[{,]\s*"([^"\\]*)"\s*:\s*(%b)\s*(?=[,}])' % _VALUE)
_CUT_FIELD = re.compile(rb'[{,]?\s*(?:"[^"\\]*(?:"\s*)?|"([^"\\]*)"\s*:\s*(["[{].*|[^]["{},\s]*\s*))?')


class FirstObject(msgspec.Struct, frozen=True):
    """A JSON object on the first line, or what there is of it.

    Attributes:
        fields: The values by their names, as the object has them; the last one may be cut off.
        rest: What follows it on the line; ``None`` where the object is cut off.
    """

    fields: dict[bytes, bytes]
    rest: bytes | None


def first_object(head: bytes) -> FirstObject | None:
    """The JSON object that the first line of a capture begins with; ``None`` where it is none."""
    line, lf, _ = head.partition(b"\n")
    fields: dict[bytes, bytes] = {}
    at = 0
    while field := _FIELD.match(line, at):
        fields[field[1]] = field[2]
        at = field.end()
    if at and line.startswith(b"}", at):
        return FirstObject(fields, line[at + 1 :].strip())
    if lf or not (cut := _CUT_FIELD.fullmatch(line, at)):
        return None
    if cut[1] is not None:
        fields[cut[1]] = cut[2]
    return FirstObject(fields, None)
