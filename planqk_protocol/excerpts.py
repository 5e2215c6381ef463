"""Excerpts of data from outside, for messages and for ``repr``: escaped, short, and on one line."""

from __future__ import annotations

__all__ = ["excerpt", "excerpt_of_bytes"]

_MOST = 60  # characters of text, or bytes


def excerpt(text: str | bytes) -> str:
    r"""The beginning of a text, quoted and escaped. Bytes are read as UTF-8.

    >>> excerpt(b"std\0ut"), excerpt("x" * 5_000_000)[-13:]
    ("'std\\x00ut'", "x'…(+4999940)")
    """
    beginning = text[:_MOST]
    beginning = beginning if isinstance(beginning, str) else beginning.decode(errors="replace")
    return f"{beginning!r}{_rest(text)}"


def excerpt_of_bytes(data: bytes) -> str:
    r"""The beginning of bytes, as a bytes literal.

    >>> excerpt_of_bytes(b"a\n")
    "b'a\\n'"
    """
    return f"{data[:_MOST]!r}{_rest(data)}"


def _rest(data: str | bytes) -> str:
    rest = len(data) - _MOST
    return f"…(+{rest})" if rest > 0 else ""
