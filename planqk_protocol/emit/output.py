"""Write whole lines to a stream: to its file descriptor, where it has one.

A text stream of Python buffers, and encodes by the locale. So the bytes go to the
file descriptor by `os.write`, after the stream was flushed. A stream that is no
more than a file descriptor with buffers is recognised by its classes: a
`TextIOWrapper`, a `BufferedWriter`, and below them a `FileIO`. The `fileno` of
others may lead elsewhere, such as that of a notebook's standard output. They get
one ``write`` and a flush.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

__all__ = ["Output", "descriptor"]

_PAUSE = 0.01  # seconds
# Windows reports a closed pipe as EINVAL.
_CLOSED = frozenset({errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE})


class Output:
    """A stream to write whole lines to.

    Args:
        stream: A text or binary stream; ``None`` for what is ``sys.stdout`` at each call.
    """

    def __init__(self, stream: IO[Any] | None) -> None:
        self._stream = stream
        self._is_closed = False
        self._is_cut = False  # whether the latest write failed, and may have left an unfinished line
        self.instead: dict[int, int] = {}
        """Descriptors that were redirected, and those that lead to where they led before."""

    @property
    def stream(self) -> Any:
        """The stream.

        Raises:
            OSError: There is no standard output.
        """
        stream = sys.stdout if self._stream is None else self._stream
        if stream is None:
            raise OSError(errno.EBADF, "standard output is closed; start the job with one")
        return stream

    def flush(self) -> None:
        """Write out what the stream has buffered.

        Raises:
            BrokenPipeError: The reader is gone.
            OSError: It cannot be written.
        """
        with self._closing():
            self.stream.flush()

    def write(self, data: bytes) -> None:
        """Write whole lines of ASCII or UTF-8. They begin on a fresh line if the call before failed.

        Raises:
            BrokenPipeError: The reader is gone.
            OSError: They cannot be written.
        """
        stream = self.stream
        number = descriptor(stream)
        data = b"\n" + data if self._is_cut else data
        self._is_cut = True
        with self._closing():
            if number is None:
                _write_to_stream(stream, data)
            else:
                _write_to_descriptor(self.instead.get(number, number), data)
        self._is_cut = False

    @contextmanager
    def _closing(self) -> Iterator[None]:
        """Say in plain words that the reader is gone, and again at each later call."""
        try:
            if self._is_closed:
                raise BrokenPipeError(errno.EPIPE, "")
            yield
        except OSError as error:
            if error.errno not in _CLOSED:
                raise
            self._is_closed = True
            self._discard_the_rest()
            raise BrokenPipeError(
                errno.EPIPE,
                "the reader of the job's output is gone, so nothing more can be printed; end the job",
            ) from None

    def _discard_the_rest(self) -> None:
        """Send what standard output still holds nowhere: the interpreter would fail to flush it at exit."""
        stream = self.stream
        number = descriptor(stream)
        if stream is not sys.stdout or number is None:
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.instead.get(number, number))
        os.close(nowhere)


def descriptor(stream: Any) -> int | None:
    """The file descriptor of a stream that is no more than one with buffers; else ``None``."""
    if isinstance(stream, io.TextIOWrapper):
        stream = stream.buffer
    if isinstance(stream, io.BufferedWriter | io.BufferedRandom):
        stream = stream.raw
    return stream.fileno() if isinstance(stream, io.FileIO) else None


def _write_to_descriptor(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:  # a pipe that does not block, and is full
            _wait_until_writable(number)


def _wait_until_writable(number: int) -> None:
    if not hasattr(select, "poll"):  # Windows, where select() takes sockets only
        time.sleep(_PAUSE)
        return
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    poll.poll()


def _write_to_stream(stream: Any, data: bytes) -> None:
    binary = getattr(stream, "buffer", stream)
    takes_bytes = isinstance(binary, io.RawIOBase | io.BufferedIOBase) or "b" in getattr(binary, "mode", "")
    given = data if takes_bytes else data.decode()
    taken = binary.write(given)
    binary.flush()
    if taken is not None and taken < len(given):
        raise OSError(f"the stream took {taken} of {len(given)} bytes; give one that is buffered")
