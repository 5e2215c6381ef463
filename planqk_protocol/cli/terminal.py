"""The process a command runs in: how it ends, and what it writes.

The order of this module: how a command ends (`Failure`, `OutputClosed`), text
that is safe at a terminal, standard output, standard error.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from planqk_protocol.cli.console import ErrorConsole

__all__ = [
    "Failure",
    "Messages",
    "OutputClosed",
    "SafeErrors",
    "SafeOutput",
    "check_output",
    "escape_controls",
    "escape_line",
    "write",
    "write_json",
    "writing",
]

# The C0 controls except tab and LF, DEL, the C1 controls, Unicode's line and paragraph separators, and
# the characters that reorder the text beside them. It is compiled when it is used, as that takes long.
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_CLOSED = frozenset({errno.EPIPE, errno.EINVAL})  # Windows reports a closed pipe as EINVAL
_MOST_OF_A_KIND = 10
_TERMINAL_VARIABLES = ("FORCE_COLOR", "TTY_COMPATIBLE")  # with them, rich may take any stream for a terminal


class Failure(Exception):  # noqa: N818  # an interrupt by the user is one, too
    """The command could not do its work.

    Args:
        message: What is wrong and what to do, on one line.
        exit_code: The exit code of the command.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class OutputClosed(Exception):  # noqa: N818  # not an error: the reader has read enough
    """The reader of standard output is gone, as ``| head -1`` is after one line."""


def escape_controls(text: str) -> str:
    """Replace the control characters in a text by escapes. Tabs and LFs stay."""
    return re.sub(_CONTROLS, lambda match: repr(match[0])[1:-1], text)


def escape_line(text: str) -> str:
    """Replace the control characters and the LFs in a text by escapes."""
    return escape_controls(text).replace("\n", r"\n")


def check_output() -> None:
    """Check that there is a standard output.

    Raises:
        Failure: It was closed before the command started.
    """
    if sys.stdout is None:
        raise Failure("standard output is closed")


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
    """Redirect standard output to the null device: the interpreter flushes its buffer at exit."""
    # To import pathlib takes long.
    with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # see above
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def write(data: bytes) -> None:
    """Write bytes to standard output, and flush it.

    Raises:
        OutputClosed: The reader is gone.
        Failure: The bytes could not be written.
    """
    with writing():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def write_json(data: bytes) -> None:
    """Write JSON texts to standard output. At a terminal, control characters become escapes of JSON.

    Raises:
        OutputClosed: The reader is gone.
        Failure: The bytes could not be written.
    """
    write(re.sub(_CONTROLS, _json_escape, data.decode()).encode() if sys.stdout.isatty() else data)


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\r":  # white space, as no string of JSON holds a CR
        return ""
    return f"\\u{ord(character):04x}"


class SafeOutput:
    """Standard output for bytes of any kind. At a terminal, control characters become escapes."""

    def __init__(self) -> None:
        self._stream = self._open()
        self._is_terminal = self._stream is not None and self._stream.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._cr = ""  # held back, because an LF may follow

    def write(self, data: bytes, *, is_end: bool = False) -> None:
        """Write bytes, and flush.

        Raises:
            OutputClosed: The reader is gone.
            Failure: The bytes could not be written.
        """
        if self._is_terminal and self._stream is not None:
            text = self._cr + self._decoder.decode(data, is_end)
            self._cr = "" if is_end or not text.endswith("\r") else "\r"
            text = text.removesuffix(self._cr).replace("\r\n", "\n")
            data = escape_controls(text).encode(self._stream.encoding, "backslashreplace")
        self._put(data)

    def _open(self) -> TextIO | None:
        return sys.stdout

    def _put(self, data: bytes) -> None:
        write(data)


class SafeErrors(SafeOutput):
    """Standard error for bytes of any kind. If it is closed, the bytes are dropped."""

    def _open(self) -> TextIO | None:
        return sys.stderr

    def _put(self, data: bytes) -> None:
        if self._stream is not None:
            with suppress(OSError):  # there is no other place for them
                self._stream.buffer.write(data)
                self._stream.flush()


class Messages:
    """Standard error, with one line per message. It is coloured at a terminal."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @cached_property
    def console(self) -> ErrorConsole:
        """The console that prints the messages at a terminal. To import rich takes long."""
        from planqk_protocol.cli.console import ErrorConsole  # noqa: PLC0415

        return ErrorConsole()

    @property
    def is_live(self) -> bool:
        """Whether standard error is a terminal that can show a progress bar."""
        return sys.stderr is not None and sys.stderr.isatty() and self.console.is_interactive

    def say(self, subject: str, message: str, kind: str = "") -> None:
        """Print ``subject: kind: message``. Of each kind, only the first ten messages are printed."""
        self.report(kind, lambda: (subject, message))

    def report(self, kind: str, describe: Callable[[], tuple[str, str]]) -> None:
        """Print a message as `say` does, but make its text only if it is printed.

        Args:
            kind: The kind of the message, of which there may be very many.
            describe: Makes the subject and the message.
        """
        if kind:
            self._counts[kind] += 1
            if self._counts[kind] > _MOST_OF_A_KIND:
                return
        subject, message = map(escape_line, describe())
        with suppress(OSError):  # standard error is gone, and there is no other place for messages
            if self._has_colours:
                self.console.print_message(subject, kind, message)
            elif sys.stderr is not None:
                sys.stderr.write(f"{subject}: {kind}: {message}\n" if kind else f"{subject}: {message}\n")
                sys.stderr.flush()

    @cached_property
    def _has_colours(self) -> bool:
        """Whether rich decides on colours; if not, there are none."""
        is_terminal = sys.stderr is not None and sys.stderr.isatty()
        return is_terminal or any(name in os.environ for name in _TERMINAL_VARIABLES)

    def has_room_for(self, kind: str) -> bool:
        """Whether the next message of a kind will be printed."""
        return self._counts[kind] < _MOST_OF_A_KIND

    def sum_up(self) -> None:
        """Print how many messages of each kind were left out."""
        counts, self._counts = self._counts, Counter()
        for kind, count in counts.items():
            if count > _MOST_OF_A_KIND:
                self.say(kind, f"and {count - _MOST_OF_A_KIND} more")
