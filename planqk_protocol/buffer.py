"""Holds the bytes of an unfinished line or block; checks that a caller gives bytes."""

from __future__ import annotations

from io import BytesIO
from typing import Any, TypeAlias

__all__ = ["LF", "Buffer", "BufferCheckpoint", "as_bytes"]

LF = b"\n"
"""The end of a line."""

_FEW = 4096  # bytes

BufferCheckpoint: TypeAlias = tuple[BytesIO, int]
"""A state of a `Buffer` that `Buffer.roll_back` goes back to."""


class Buffer:
    """A growing buffer that hands its bytes over without copying them.

    Appending costs constant time per byte. `BytesIO` is the only growing buffer of
    the standard library that gives its content as `bytes` without a copy:
    ``getvalue`` shares the memory with the result, and a later write copies it
    (``SHARED_BUF`` in CPython's ``Modules/_io/bytesio.c``). That saves a copy of each
    payload, which may have 64 MiB.
    """

    __slots__ = ("_bytes", "_size")

    def __init__(self, data: bytes = b"") -> None:
        self._bytes = BytesIO()
        self._size = self._bytes.write(data)

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes, start: int, stop: int) -> None:
        """Append ``data[start:stop]``."""
        size = stop - start
        # A copy of few bytes is cheaper than a view. To slice all bytes copies none.
        source = data if size < _FEW or size == len(data) else memoryview(data)
        self._size += self._bytes.write(source[start:stop])

    def take(self) -> bytes:
        """Remove all bytes, and return them."""
        if not self._size:
            return b""
        taken = self._bytes.getvalue()
        # A new buffer: writing to the old one would copy its bytes, and a checkpoint may refer to it.
        self._bytes = BytesIO()
        self._size = 0
        return taken

    def checkpoint(self) -> BufferCheckpoint:
        """The state now, for `roll_back`. No bytes are copied."""
        return self._bytes, self._size

    def roll_back(self, checkpoint: BufferCheckpoint) -> None:
        """Go back to a state: drop the bytes appended since, and bring back those taken since."""
        self._bytes, self._size = checkpoint
        self._bytes.seek(self._size)
        self._bytes.truncate()

    def __reduce__(self) -> tuple[Any, ...]:
        return Buffer, (self._bytes.getvalue(),)


def as_bytes(
    data: object,
    *,
    name: str = "data",
    kinds: str = "bytes, bytearray or memoryview",
    advice: str = "encode it, or open the file in binary mode",
) -> bytes:
    """Make `bytes` of what a caller gives, or refuse it.

    Args:
        data: An argument of the caller.
        name: What the message calls the argument.
        kinds: The types that the message names.
        advice: What the message tells a caller who gives text to do.

    Raises:
        TypeError: `data` is not bytes, bytearray or memoryview.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    hint = f"; {advice}" if isinstance(data, str) else ""
    raise TypeError(f"{name} must be {kinds}, not {type(data).__name__}{hint}")
