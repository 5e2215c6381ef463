"""Take what is written to a file descriptor, and give it away as lines of text.

Native code writes to file descriptor 1 and knows nothing of `sys.stdout`. So for
some time, the descriptor leads to a pipe, and a thread reads the pipe.

How does the end find all that was written? The pipe may never end, because a child
process may still hold it. So after the descriptor leads back, the capture writes a
random token into the pipe: everything before the token was written before. From
then on, the thread goes on until the pipe ends, for the children's sake.

The C library has a buffer of its own for standard output. What is in there has to
be flushed at both ends (``fflush``).

The thread needs the interpreter's lock. Native code that holds this lock while it
writes more than the pipe takes would wait for ever. So the pipe is made as large as
Linux allows anybody (``/proc/sys/fs/pipe-max-size``: 1 MiB by default).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from planqk_protocol.emit.log_pieces import LogPieces

__all__ = ["captured", "flush_native"]

_CHUNK = 64 * 1024
_LARGE = 1024 * 1024


@contextmanager
def captured(number: int, saved: int, take: Callable[[str], None]) -> Iterator[None]:
    """Give what is written to a descriptor to a function, as texts of one or more lines.

    Args:
        number: The descriptor.
        saved: A copy of it, to which it leads back in the end.
        take: Called in a thread. If it raises, the rest is dropped, and the
            exception is raised at the end.
    """
    read, write = os.pipe()
    _enlarge(write)
    reader = _Reader(read, take)
    owner = os.getpid()
    os.dup2(write, number)
    reader.start()
    try:
        yield
    finally:
        flush_native()
        os.dup2(saved, number)
        is_owner = os.getpid() == owner  # a forked child does not have the thread
        try:
            if is_owner:
                reader.finish(write)
        finally:
            os.close(write)
    if is_owner and reader.error is not None:
        raise reader.error


def _enlarge(pipe: int) -> None:
    """Make a pipe hold more, where it can."""
    with suppress(ImportError, AttributeError, OSError):  # Windows, macOS, a Linux that allows less
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _LARGE)


class _Reader(threading.Thread):
    def __init__(self, read: int, take: Callable[[str], None]) -> None:
        super().__init__(name="planqk_protocol.emit.capture", daemon=True)
        self._read = read
        self._take_text = take
        self._token = os.urandom(24)
        self._is_done = threading.Event()
        self._pieces = LogPieces()
        self.error: BaseException | None = None

    def finish(self, write: int) -> None:
        """Wait until all is given that was written before."""
        os.write(write, self._token)
        self._is_done.wait()

    def run(self) -> None:
        held = b""  # bytes that may be the beginning of the token
        while data := os.read(self._read, _CHUNK):
            data = held + data
            before, token, after = data.partition(self._token)
            if token:
                self._feed(before)
                self._give(self._pieces.close())
                self._pieces = LogPieces()
                self._is_done.set()
                held = b""
                self._feed(after)
            else:
                keep = _overlap(data, self._token)
                held = data[len(data) - keep :]
                self._feed(data[: len(data) - keep])
        self._give(self._pieces.close())
        os.close(self._read)

    def _feed(self, data: bytes) -> None:
        self._give(self._pieces.feed(data))

    def _give(self, text: str | None) -> None:
        if text is None or self.error is not None:
            return
        try:
            self._take_text(text)
        except BaseException as error:  # noqa: BLE001  # raised where the capture ends; the writers must not wait
            self.error = error


def _overlap(data: bytes, token: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of the token."""
    return next((size for size in range(len(token) - 1, 0, -1) if data.endswith(token[:size])), 0)


def flush_native() -> None:
    """Flush the buffers of the C library, if this process has one that can be asked."""
    with suppress(OSError, TypeError, AttributeError):  # Windows has no name for it
        ctypes.CDLL(None).fflush(None)
