"""Bytes as they come in, and those of a line or block that is not finished yet."""

from __future__ import annotations

from io import BytesIO
from typing import Any, TypeAlias

__all__ = ["Buffer", "BufferMark", "as_bytes"]

BufferMark: TypeAlias = tuple[BytesIO, int]
"""A state of a `Buffer` to go back to."""


class Buffer:
    """Grows by appending at constant cost, and hands its bytes over without copying them.

    `BytesIO` is the one growing buffer of the standard library whose bytes can
    be had as `bytes` for nothing, which counts where a payload has 60 MB.
    """

    __slots__ = ("_bytes", "_size")

    def __init__(self, data: bytes = b"") -> None:
        self._bytes = BytesIO()
        self._size = self._bytes.write(data)

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes, start: int, stop: int) -> None:
        """Append ``data[start:stop]``."""
        whole = start == 0 and stop == len(data)
        self._size += self._bytes.write(data if whole else memoryview(data)[start:stop])

    def take(self) -> bytes:
        """All bytes; the buffer is empty afterwards."""
        if not self._size:
            return b""
        taken = self._bytes.getvalue()
        self._bytes = BytesIO()
        self._size = 0
        return taken

    def mark(self) -> BufferMark:
        """The state, for `reset`."""
        return self._bytes, self._size

    def reset(self, mark: BufferMark) -> None:
        """Go back to a state: bytes appended since are gone, bytes taken are back."""
        self._bytes, self._size = mark
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
    """The bytes that a caller gives, as `bytes`.

    Args:
        data: What is given.
        name: The name that the caller knows it by, for the message.
        kinds: What may be given, for the message.
        advice: What to do instead of giving text.

    Raises:
        TypeError: `data` is not bytes.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    hint = f"; {advice}" if isinstance(data, str) else ""
    raise TypeError(f"{name} must be {kinds}, not {type(data).__name__}{hint}")
