"""Excerpts of data from outside, for messages and for ``repr``: escaped, short, and on one line."""

from __future__ import annotations

__all__ = ["excerpt", "excerpt_of_bytes"]

_MOST = 60  # characters of text, or bytes


def excerpt(text: str | bytes, most: int = _MOST) -> str:
    r"""The beginning of a text, quoted and escaped. Bytes are read as UTF-8.

    Args:
        text: The text.
        most: How many characters, or bytes, are shown.

    >>> excerpt(b"std\0ut"), excerpt("x" * 5_000_000)[-13:]
    ("'std\\x00ut'", "x'…(+4999940)")
    """
    beginning = text[:most]
    beginning = beginning if isinstance(beginning, str) else beginning.decode(errors="replace")
    return f"{beginning!r}{_rest(text, most)}"


def excerpt_of_bytes(data: bytes) -> str:
    r"""The beginning of bytes, as a bytes literal.

    >>> excerpt_of_bytes(b"a\n")
    "b'a\\n'"
    """
    return f"{data[:_MOST]!r}{_rest(data, _MOST)}"


def _rest(data: str | bytes, most: int) -> str:
    rest = len(data) - most
    return f"…(+{rest})" if rest > 0 else ""
