"""Reads the chunks of a stream from a file, a pipe, a socket or an asyncio stream.

The parser takes chunks and reads nothing itself. These functions call one method
of the object that they are given, the one that reads. Each chunk comes as soon as
there are bytes: neither function waits until a chunk is full, so no event is held
back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol, TypeAlias

from planqk_protocol.buffer import as_bytes

__all__ = ["AsyncReadable", "Readable", "aread_chunks", "read_chunks"]

_SIZE = 64 * 1024  # what a pipe of Linux holds


class _File(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


class _Socket(Protocol):
    def recv(self, size: int, /) -> bytes: ...


Readable: TypeAlias = _File | _Socket
"""What `read_chunks` takes: an object with ``read1``, ``recv`` or ``read``."""


class AsyncReadable(Protocol):
    """What `aread_chunks` takes: an object with an asynchronous ``read``."""

    async def read(self, size: int, /) -> bytes:
        """Wait for some bytes, and give them; none at the end."""


def read_chunks(file: Readable) -> Iterator[bytes]:
    """The chunks of a file, a pipe or a socket, each as soon as it arrives, until the end.

    Args:
        file: A file opened in binary mode, the ``stdout`` of a `subprocess.Popen`
            with any ``bufsize``, a socket, or any other object with ``read1``, ``recv``
            or ``read``. The first of these methods that it has is called.

    Raises:
        BlockingIOError: `file` is in non-blocking mode, and has no bytes yet.
        TypeError: `file` has none of these methods, or is in text mode.

    >>> from io import BytesIO
    >>> list(read_chunks(BytesIO(b"PlanQK:Job:Result: 42")))
    [b'PlanQK:Job:Result: 42']
    """
    return _chunks(_reading_method(file))


def _reading_method(file: object) -> Callable[[int], bytes | None]:
    for name in ("read1", "recv", "read"):
        if method := getattr(file, name, None):
            found: Callable[[int], bytes | None] = method
            return found
    raise TypeError(
        f"read_chunks() takes a file in binary mode or a socket, not {type(file).__name__}:"
        " it has none of the methods read1, recv and read"
    )


def _chunks(read: Callable[[int], bytes | None]) -> Iterator[bytes]:
    while (chunk := read(_SIZE)) is None or chunk:
        if chunk is None:
            raise BlockingIOError("the file is in non-blocking mode and has no bytes yet; make it blocking")
        yield as_bytes(chunk, name="what the file gives", advice="open it in binary mode")


async def aread_chunks(reader: AsyncReadable) -> AsyncIterator[bytes]:
    """The chunks of an asynchronous stream, each as soon as it arrives, until the end.

    Args:
        reader: An `asyncio.StreamReader`, or any other object with an asynchronous
            ``read``. (An ``async for`` over a ``StreamReader`` gives lines, and
            fails at a line that is longer than its buffer.)

    Raises:
        TypeError: `reader` gives text.
    """
    while chunk := await reader.read(_SIZE):
        yield as_bytes(chunk, name="what the reader gives", advice="open it in binary mode")
