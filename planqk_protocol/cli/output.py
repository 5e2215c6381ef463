"""Standard output: bytes out at once, and what to do when they can't go."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planqk_protocol.cli.failures import Failure, OutputClosed

__all__ = ["check_output", "write", "writing"]

_CLOSED = frozenset({errno.EPIPE, errno.EINVAL})  # Windows says EINVAL where the reader is gone


def check_output() -> None:
    """Raise unless there is a standard output.

    Raises:
        Failure: It was closed before the command started.
    """
    if sys.stdout is None:
        raise Failure("standard output is closed")


def write(data: bytes) -> None:
    """Write and flush.

    Raises:
        OutputClosed: The reader is gone.
        Failure: The bytes could not be written.
    """
    with writing():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def writing() -> Iterator[None]:
    """Turn the errors of writing to standard output into `OutputClosed` and `Failure`."""
    try:
        yield
    except OSError as error:
        _discard_output()
        if error.errno in _CLOSED:
            raise OutputClosed from None
        raise Failure(f"cannot write to standard output: {error.strerror}") from None


def _discard_output() -> None:
    """Send what is still buffered nowhere, or the interpreter would fail on it at its end."""
    with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
