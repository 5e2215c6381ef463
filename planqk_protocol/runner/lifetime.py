"""The time of a job: its start, its end, why it was ended, and what happens after some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Lifetime"]


class Lifetime:
    """The time from the start of a job to its end. It begins when this is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._ended: float | None = None
        self._has_ended = threading.Event()
        self._lock = threading.Lock()
        self._timers: list[threading.Timer] = []
        self.why_ended = ""

    @property
    def duration(self) -> float:
        """How long the job has run, in seconds."""
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    def limit(self, seconds: float | None, stop: Callable[[str], None]) -> None:
        """Stop the job if it runs too long.

        Args:
            seconds: How long it may run; ``None`` for no limit.
            stop: Called with the reason.
        """
        if seconds is not None:
            self.after(seconds, lambda: stop(f"it ran longer than {seconds:g} s"))

    def after(self, seconds: float, function: Callable[[], None]) -> None:
        """Call a function in a thread after some seconds, unless the job has ended by then."""
        timer = threading.Timer(seconds, function)
        timer.daemon = True
        with self._lock:
            if self._ended is None:
                self._timers.append(timer)
                timer.start()

    def begin_stop(self, why: str) -> bool:
        """Note why the job is ended. Return whether that is still to be done."""
        with self._lock:
            if self.why_ended or self._ended is not None:
                return False
            self.why_ended = why
            return True

    def end(self) -> None:
        """The job has ended."""
        with self._lock:
            self._ended = time.monotonic()
            for timer in self._timers:
                timer.cancel()
        self._has_ended.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, up to some seconds. Return whether it has come."""
        return self._has_ended.wait(seconds)
