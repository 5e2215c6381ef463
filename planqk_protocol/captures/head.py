"""What the first bytes of a capture show of its first records."""

from __future__ import annotations

import re

import msgspec

__all__ = ["UTF8_BOM", "UTF16_BOMS", "FirstObject", "behind_blank_lines", "behind_filler", "first_object"]

UTF8_BOM = b"\xef\xbb\xbf"
"""A byte order mark in UTF-8."""

UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""Those in UTF-16."""

_MOST = 64 * 1024
_FILLER = re.compile(rb"(?:%b|\0++|[ \t\r]*+\n)*+" % UTF8_BOM)

_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT = rb'[\[{](?:%b|[^]["{}]++)*+[\]}]' % _TEXT
_VALUE = rb'%b|[^]["{},\s]++|[\[{](?:%b|[^]["{}]++|%b)*+[\]}]' % (_TEXT, _TEXT, _FLAT)
_FIELD = re.compile(rb'[{,]\s*"([^"\\]*)"\s*:\s*(%b)\s*(?=[,}])' % _VALUE)
_CUT_FIELD = re.compile(rb'[{,]\s*(?:"[^"\\]*(?:"\s*)?|"([^"\\]*)"\s*:\s*(["[{].*|[^]["{},\s]*\s*))?')


class FirstObject(msgspec.Struct, frozen=True):
    """A JSON object on the first line, or what there is of it.

    Attributes:
        fields: The values by their names, as the object has them; the last one may be cut off.
        rest: What follows it on the line; ``None`` where the object is cut off.
    """

    fields: dict[bytes, bytes]
    rest: bytes | None


def behind_blank_lines(head: bytes) -> bytes:
    """The head behind what decoders of prefixed lines pass: a byte order mark, and empty lines."""
    return head.removeprefix(UTF8_BOM).lstrip(b"\n")[:_MOST]


def behind_filler(head: bytes) -> bytes:
    """The head behind what decoders of records pass: a byte order mark, NULs of a power loss, blank lines."""
    filler = _FILLER.match(head)
    start = filler.end() if filler else 0
    return head[start : start + _MOST]


def first_object(head: bytes) -> FirstObject | None:
    """The JSON object that the first line of a capture begins with; ``None`` where it is none."""
    if not head.startswith(b"{"):
        return None
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
