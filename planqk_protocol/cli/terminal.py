"""The terminal: standard output and error, what is harmless to show there, and how commands end."""

from __future__ import annotations

import codecs
import errno
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

__all__ = [
    "ACTIVE",
    "Failure",
    "Notes",
    "OutputClosed",
    "Shown",
    "check_output",
    "harmless",
    "on_one_line",
    "until_interrupt",
    "until_signal",
    "write",
    "write_json",
    "writing",
]


class Failure(Exception):  # noqa: N818  # also where the user breaks off
    """The command could not do its work.

    Args:
        message: What is wrong and what to do, on one line.
        exit_code: The exit code of the command.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class OutputClosed(Exception):  # noqa: N818  # nothing is wrong: the reader has had enough
    """Nobody reads standard output any more, as behind ``| head -1``."""


# C0 but tab and LF, DEL, C1, what ends lines elsewhere, and what reorders the characters beside it.
ACTIVE: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"

_ACTIVE = re.compile(ACTIVE)


def harmless(text: str) -> str:
    """The text with its control characters written as escapes; tabs and LFs remain."""
    return _ACTIVE.sub(lambda match: repr(match[0])[1:-1], text)


def on_one_line(text: str) -> str:
    """Harmless text without line ends."""
    return harmless(text).replace("\n", r"\n")


_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")  # Windows lacks the last two


@contextmanager
def until_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed; pressed twice, it breaks off."""
    is_pressed = False

    def note(_signal: int, _frame: object) -> None:
        nonlocal is_pressed
        is_pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: is_pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def until_signal() -> Iterator[Callable[[], signal.Signals | None]]:
    """Give a function that tells which signal asked the program to end; none of them breaks it off.

    A signal that is ignored, as under nohup, stays ignored. Once one was received, the
    program is about to end, and no later one breaks that off either.
    """
    received: signal.Signals | None = None

    def note(number: int, _frame: object) -> None:
        nonlocal received
        received = received or signal.Signals(number)

    numbers = [signal.Signals[name] for name in _ENDING if name in signal.Signals.__members__]
    handlers = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, note)
        yield lambda: received
    finally:
        if received is None:
            for number, handler in before.items():
                signal.signal(number, handler)


_MOST_OF_A_KIND = 10


class Notes(Console):
    """Standard error: one line per note, whatever its width; coloured at a terminal."""

    def __init__(self) -> None:
        super().__init__(stderr=True, soft_wrap=True, highlight=False)
        self._counts: Counter[str] = Counter()

    @property
    def is_live(self) -> bool:
        """Whether it is a terminal on which a progress bar can move."""
        return self.file.isatty() and self.is_interactive

    def say(self, subject: str, message: str, kind: str = "") -> None:
        """Print ``subject: kind: message``; of very many of a kind, only the first ones."""
        self.report(kind, lambda: (subject, message))

    def report(self, kind: str, what: Callable[[], tuple[str, str]]) -> None:
        """As `say`, for kinds that may be very many: subject and message are made if they are printed."""
        if kind:
            self._counts[kind] += 1
            if self._counts[kind] > _MOST_OF_A_KIND:
                return
        subject, message = what()
        line = Text.assemble((on_one_line(subject), "bold"), ": ")
        if kind:
            line.append(kind, "red").append(": ")
        with suppress(OSError):  # there is nowhere left to say it
            self.print(line.append(on_one_line(message)))

    def has_room_for(self, kind: str) -> bool:
        """Whether what is said of a kind next is printed."""
        return self._counts[kind] < _MOST_OF_A_KIND

    def sum_up(self) -> None:
        """Print how many of each kind were left out."""
        counts, self._counts = self._counts, Counter()
        for kind, count in counts.items():
            if count > _MOST_OF_A_KIND:
                self.say(kind, f"and {count - _MOST_OF_A_KIND} more")

    def on_broken_pipe(self) -> None:
        """Go on: nobody reads the notes, but the work remains."""


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
