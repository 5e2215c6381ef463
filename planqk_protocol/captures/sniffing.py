"""Helpers of format detection: what the first bytes of a capture look like.

Each format has a function ``sniff`` that uses them. A format is recognised only if
the first record is sound, as the engine writes it: a job may print what resembles
one. JSON is matched by regular expressions: the first bytes may end inside the record,
and a JSON parser would only report an error there.

No regular expression here has possessive groups, which early releases of Python
3.11 get wrong. Each can match a text in one way only, so the time that a
text takes grows no faster than its length.
"""

from __future__ import annotations

import codecs
import json
import re

import msgspec

__all__ = [
    "MOST_EXAMINED",
    "UTF8_BOM",
    "UTF16_EVIDENCE",
    "UTF16_FAULT",
    "UTF32_FAULT",
    "FirstObject",
    "after_blank_lines",
    "after_filler",
    "begins_like_utf16",
    "first_line_end",
    "first_object",
    "is_text_in",
    "is_utf16",
]

MOST_EXAMINED = 64 * 1024
"""The most bytes that detection examines."""

UTF8_BOM = b"\xef\xbb\xbf"
"""A byte order mark in UTF-8."""

UTF16_EVIDENCE = 256
"""Number of bytes from the start of a file that decide whether it is in UTF-16."""

UTF16_FAULT = "is in UTF-16, which '>' writes in Windows PowerShell; convert it to UTF-8"
"""The fault of a file in UTF-16, for messages."""

UTF32_FAULT = "is in UTF-32; convert it to UTF-8"
"""The fault of a text in UTF-32, for messages."""

_ENCODINGS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_BOM_SIZE = len(codecs.BOM_UTF16_LE)
_FEW = 4  # characters: fewer are no evidence
_CONTROLS = "\t\n\r\f\b\x1b"  # control characters that occur in texts

_FILLER = re.compile(rb"[\0 \t\r\n%b]*" % UTF8_BOM)

_SMALLEST_TEXT = 4  # smaller bytes begin the header of a frame or the length of a record
_BINARY_SIZE = 7  # bytes of such a header or length

_IN_TEXT = rb'[^"\\\0-\x1f]*'  # engines escape control characters
_ESCAPE = rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_TEXT = rb'"%b(?:%b%b)*"' % (_IN_TEXT, _ESCAPE, _IN_TEXT)
_PLAIN = rb"[-+.\w\s,:]*"
_FLAT = rb"[\[{]%b(?:%b%b)*[\]}]" % (_PLAIN, _TEXT, _PLAIN)
_VALUE = rb"%b|[-+.\w]+|[\[{]%b(?:(?:%b|%b)%b)*[\]}]" % (_TEXT, _PLAIN, _TEXT, _FLAT, _PLAIN)
_FIELD = re.compile(rb'[{,]\s*"(%b)"\s*:\s*(%b)\s*(?=[,}])' % (_IN_TEXT, _VALUE))
_CUT_VALUE = rb'["[{][^\0-\x1f]*|[-+.\w]*\s*'
_CUT_FIELD = re.compile(rb'[{,]\s*(?:"%b(?:"\s*)?|"(%b)"\s*:\s*(%b))?' % (_IN_TEXT, _IN_TEXT, _CUT_VALUE))


class FirstObject(msgspec.Struct, frozen=True):
    """The JSON object at the beginning of a capture, whole or cut off.

    Attributes:
        fields: The values by their names, as JSON text. The last value may be cut off.
        rest: The bytes after the object on its line; ``None`` if the object is cut off.
    """

    fields: dict[bytes, bytes]
    rest: bytes | None


def begins_like_utf16(head: bytes) -> bool:
    """Whether a file begins with a byte order mark of UTF-16. Other files may begin so, too."""
    return head[:_BOM_SIZE] in _ENCODINGS


def is_utf16(head: bytes) -> bool:
    r"""Whether a file is text in UTF-16, judged by its first bytes.

    It has to begin with a byte order mark. That alone is no evidence, so the
    characters after it are judged, too: all of them must be printable, and at
    least a quarter ASCII. Line ends, blanks and digits are ASCII in any language.

    Args:
        head: The first bytes of the file; no more than `UTF16_EVIDENCE` count.

    >>> is_utf16("\ufeffPlanQK:Job:Result: 42\r\n".encode("utf-16-le"))
    True
    >>> is_utf16(b"\xff\xfe" + bytes(range(100, 200)))
    False
    """
    encoding = _ENCODINGS.get(head[:_BOM_SIZE])
    return encoding is not None and is_text_in(encoding, head[_BOM_SIZE:UTF16_EVIDENCE])


def is_text_in(encoding: str, data: bytes, *, least: int = _FEW, least_ascii: float = 0.25) -> bool:
    """Whether bytes are text in an encoding: a few characters, printable, and some of them ASCII.

    Args:
        encoding: The name of the encoding.
        data: The bytes. A character that is cut at their end is ignored.
        least: The least number of characters.
        least_ascii: The least share of the characters that must be ASCII.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    is_printable = all(character.isprintable() or character in _CONTROLS for character in text)
    return is_printable and len(text) >= least and sum(map(str.isascii, text)) >= least_ascii * len(text)


def after_blank_lines(head: bytes) -> bytes:
    """The first bytes without what decoders of prefixed lines skip: a byte order mark, and empty lines."""
    return head.removeprefix(UTF8_BOM).lstrip(b"\n")[:MOST_EXAMINED]


def after_filler(head: bytes) -> bytes:
    """The first bytes without what decoders of records skip: a byte order mark, NULs, and blank lines."""
    match = _FILLER.match(head)
    end = match.end() if match else 0
    start = max(head.rfind(last, 0, end) + 1 for last in (b"\0", b"\n", UTF8_BOM[-1:]))
    return head[start : start + MOST_EXAMINED]


def first_line_end(head: bytes | bytearray) -> int | None:
    r"""Where the first line of a capture that is not blank ends, after its LF.

    A capture in docker-mux or docker-local begins with binary numbers. A byte in
    them may be equal to LF, so the search for the LF starts after them.

    Args:
        head: The first bytes of the capture.

    Returns:
        The number of bytes up to the end of the line; ``None`` if the line has
        not ended.

    >>> first_line_end(b"\n\nlog\nmore"), first_line_end(b"log")
    (6, None)
    """
    start = _BINARY_SIZE if head and head[0] < _SMALLEST_TEXT else 0
    filler = _FILLER.match(head, start)
    return head.find(b"\n", filler.end() if filler else start) + 1 or None


def first_object(head: bytes, errors: str = "strict") -> FirstObject | None:
    """The JSON object at the beginning of the first line; ``None`` if there is none.

    Args:
        head: The first bytes of the capture.
        errors: How bytes that are not UTF-8 are decoded, as for `bytes.decode`.
    """
    if not head.startswith(b"{"):
        return None
    line, lf, _ = head.partition(b"\n")
    fields: dict[bytes, bytes] = {}
    at = 0
    while field := _FIELD.match(line, at):
        fields[field[1]] = field[2]
        at = field.end()
    if at and line.startswith(b"}", at):
        if not _is_json(line[: at + 1], errors):
            return None
        return FirstObject(fields, line[at + 1 :].strip())
    if lf or not (cut := _CUT_FIELD.fullmatch(line, at)):
        return None
    if cut[1] is not None:
        fields[cut[1]] = cut[2]
    return FirstObject(fields, None)


def _is_json(text: bytes, errors: str) -> bool:
    """Whether a text is JSON. The caller makes sure that it nests only a few levels deep."""
    try:
        json.loads(text.decode(errors=errors))
    except ValueError:
        return False
    return True
