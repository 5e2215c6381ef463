"""Ctrl-C, and the other signals that end a program, as a way to end, not to break off."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["until_interrupt", "until_signal"]

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
