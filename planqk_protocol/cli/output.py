"""Standard output: bytes out at once, and what to do when they can't go."""

from __future__ import annotations

import codecs
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planqk_protocol.cli.failures import Failure, OutputClosed
from planqk_protocol.cli.harmless import ACTIVE, harmless

__all__ = ["Shown", "check_output", "write", "write_json", "writing"]

_ACTIVE = re.compile(ACTIVE)

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


def write_json(data: bytes) -> None:
    """Write JSON texts; at a terminal, with escapes of JSON for the characters that would act on it.

    Raises:
        OutputClosed: The reader is gone.
        Failure: The bytes could not be written.
    """
    write(_ACTIVE.sub(_escaped, data.decode()).encode() if sys.stdout.isatty() else data)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return "" if character == "\r" else f"\\u{ord(character):04x}"  # outside strings, CR is white space


class Shown:
    """Bytes of any kind to standard output; at a terminal, what would act on it is written as escapes."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._cr = ""  # which an LF may follow

    def write(self, data: bytes, *, is_end: bool = False) -> None:
        """Write and flush.

        Raises:
            OutputClosed: The reader is gone.
            Failure: The bytes could not be written.
        """
        if not self._is_terminal:
            write(data)
            return
        text = self._cr + self._decoder.decode(data, is_end)
        self._cr = "" if is_end or not text.endswith("\r") else "\r"
        text = text.removesuffix(self._cr).replace("\r\n", "\n")
        write(harmless(text).encode(sys.stdout.encoding, "backslashreplace"))


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
