"""A file from any place of it, decompressed if it is compressed."""

from __future__ import annotations

import io
from functools import partial
from typing import IO

from planqk_protocol.inputs.compression import decompressed, is_compressed
from planqk_protocol.inputs.input import CutOff, Input

__all__ = ["SeekableFile", "seekable"]

_PIECE = 256 * 1024


class SeekableFile:
    """A file that is not compressed.

    Args:
        opened: The open file.

    Attributes:
        is_compressed: Whether it is one that is decompressed.
        damage: The message about damage in compressed data, if some was found. Nothing after it can be read.
        is_altered: Whether bytes before the damage may be corrupt, too.
    """

    is_compressed = False

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self._size = opened.seek(0, io.SEEK_END)
        opened.seek(0)
        self.damage: str | None = None
        self.is_altered = False

    def read(self, size: int) -> bytes:
        """Read some bytes. There are fewer at the end."""
        return self._opened.read(size)

    def seek(self, offset: int) -> None:
        """Go to a place, or to the end if that is before it."""
        self._opened.seek(min(offset, self._size))  # past the end, systems refuse some places

    def tell(self) -> int:
        """The place of the next byte."""
        return self._opened.tell()

    def seek_end(self) -> int:
        """Go to the end, and return its place."""
        return self._opened.seek(self._size)


class _DecompressedFile(SeekableFile):
    """A compressed file. To go back in it, it is decompressed anew."""

    is_compressed = True

    def __init__(self, opened: IO[bytes], name: str) -> None:
        super().__init__(opened)
        self._name = name
        self._rewind()

    def read(self, size: int) -> bytes:
        while len(self._ready) < size and (chunk := self._next()):
            self._ready += chunk
        data = bytes(self._ready[:size])
        del self._ready[:size]
        self._at += len(data)
        return data

    def seek(self, offset: int) -> None:
        if offset < self._at:
            self._rewind()
        while self._at < offset and self.read(min(_PIECE, offset - self._at)):
            pass

    def tell(self) -> int:
        return self._at

    def seek_end(self) -> int:
        while self.read(_PIECE):
            pass
        return self._at

    def _rewind(self) -> None:
        self._opened.seek(0)
        self._at = 0
        self._ready = bytearray()
        chunks = iter(partial(self._opened.read, _PIECE), b"")
        self._chunks = next(decompressed([Input(self._name, chunks)], self._tell)).chunks

    def _next(self) -> bytes:
        try:
            return next(self._chunks, b"")
        except CutOff as end:
            self.is_altered = end.is_altered
            return b""

    def _tell(self, _name: str, message: str, _kind: str) -> None:
        self.damage = message


def seekable(opened: IO[bytes], name: str) -> SeekableFile:
    """Make a file readable from any place, whether it is compressed or not. Its first bytes show that.

    Args:
        opened: The open file, at its beginning.
        name: Its name in messages.

    Raises:
        InputError: From what is returned, if a library is missing or decompression takes too much memory.
    """
    return _DecompressedFile(opened, name) if is_compressed(opened) else SeekableFile(opened)
