"""The signals that stop a command: what to do until one comes, and how the command ends then."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from planqk_protocol.cli.terminal import Failure

__all__ = ["ended_by", "until_interrupt", "until_signal"]

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")  # Windows lacks the last two


@contextmanager
def until_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C was pressed. A second Ctrl-C raises `KeyboardInterrupt`."""
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
    """Yield a function that tells which signal asked the program to end. No signal interrupts the work.

    A signal that is ignored stays ignored, as SIGHUP does under ``nohup``. Once a
    signal was received, the handlers stay: the program is about to end, and a
    second signal must not interrupt that.
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


def ended_by(number: signal.Signals | None) -> Failure:
    """The failure for a signal, with the exit code that a shell reports for it."""
    if number in {None, signal.SIGINT}:
        return Failure("interrupted", exit_code=128 + signal.SIGINT)
    return Failure(f"ended by {number.name}", exit_code=128 + number)
