"""JSON documents in captures: their text, the bytes of their strings, and a bound on their nesting.

Engines store what a container printed in JSON strings. Some of these bytes are
not UTF-8. They become lone surrogates while the document is parsed, as Python's
``surrogateescape`` does it (PEP 383), and bytes again afterwards.
"""

from __future__ import annotations

import re

from planqk_protocol.limits import MAX_DEPTH
from planqk_protocol.payload.bounds import deeper_than

__all__ = ["REPLACEMENT", "is_too_deep", "to_bytes", "to_text"]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SURROGATE_OF_NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")


def to_text(data: bytes) -> tuple[str, str]:
    """Decode a JSON document to text, and return with it the error handler that `to_bytes` needs.

    Bytes that are not UTF-8 become surrogates, which `to_bytes` turns back.
    """
    try:
        return data.decode(), "strict"
    except UnicodeDecodeError:
        return data.decode(errors="surrogateescape"), "surrogateescape"


def to_bytes(text: str, errors: str) -> bytes:
    """Encode a string of the document. Lone surrogates become U+FFFD, save those that stand for bytes."""
    lone = _SURROGATE if errors == "strict" else _SURROGATE_OF_NO_BYTE
    return lone.sub(REPLACEMENT, text).encode(errors=errors)


def is_too_deep(data: bytes) -> bool:
    """Whether the brackets of a JSON text nest deeper than `MAX_DEPTH`. Ask this before you parse the text.

    Parsers written in C call themselves for each level. They end the process if
    the thread's stack is too small for that, and raise `RecursionError` near
    Python's own limit. Any stack is large enough for 128 levels, and no engine
    nests a record deeper than three.

    Args:
        data: One text, or several texts one after the other.
    """
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH and deeper_than(MAX_DEPTH, data, 0, len(data))
