"""Bytes that come in pieces to the lines of log text in them."""

from __future__ import annotations

import codecs

__all__ = ["LogPieces"]

_LONGEST = 64 * 1024  # characters of a line that are held back; a longer line becomes several


class LogPieces:
    r"""Cuts a stream of bytes into texts of whole lines.

    Bytes that are not UTF-8 are shown as escapes. A line that does not end for a
    long time is given in pieces, so that little is held.

    >>> pieces = LogPieces()
    >>> pieces.feed(b"one\ntw"), pieces.feed(b"o"), pieces.close()
    ('one', None, 'two')
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._unfinished: list[str] = []
        self._held = 0

    def feed(self, data: bytes) -> str | None:
        """The lines that these bytes complete, without the last LF; ``None`` if they complete none."""
        text = self._decode(data)
        lines, lf, rest = text.rpartition("\n")
        complete = self._take(lines) if lf else None
        self._unfinished.append(rest)
        self._held += len(rest)
        if self._held <= _LONGEST:
            return complete
        piece = self._take("")
        return piece if complete is None else f"{complete}\n{piece}"

    def close(self) -> str | None:
        """The last line, if no LF ended it."""
        return self._take(self._decode(b"", True)) or None  # noqa: FBT003  # codecs have it so

    def _take(self, text: str) -> str:
        joined = "".join([*self._unfinished, text])
        self._unfinished.clear()
        self._held = 0
        return joined
