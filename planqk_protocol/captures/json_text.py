"""Text of JSON strings, and the bytes it stands for."""

from __future__ import annotations

import re

__all__ = ["REPLACEMENT", "decode", "encode"]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SURROGATE_OF_NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")


def decode(data: bytes) -> tuple[str, str]:
    """The text of a JSON document, and how its strings are to be encoded.

    Bytes that are not UTF-8 become surrogates, which `encode` turns back.
    """
    try:
        return data.decode(), "strict"
    except UnicodeDecodeError:
        return data.decode(errors="surrogateescape"), "surrogateescape"


def encode(text: str, errors: str) -> bytes:
    """The bytes of a string; lone surrogates become U+FFFD, save those that stand for bytes."""
    lone = _SURROGATE if errors == "strict" else _SURROGATE_OF_NO_BYTE
    return lone.sub(REPLACEMENT, text).encode(errors=errors)
