"""The output of a job as entries of its log, within a bound."""

from __future__ import annotations

from planqk_protocol import Event, Limits, Log, Parser, Violation
from planqk_protocol.emit import log_line
from planqk_protocol.runner import Step, rfc3339

LIMITS = Limits(max_line=64 * 1024)
PER_ENTRY = 100  # bytes that an entry takes beside its message
FULL = "the log is full: what the job printed from here on is not kept"


class LogEntries:
    """Makes the entries of one log: the first ones, as many as have room.

    The messages of standard output, joined by LF, are what the job printed. So whoever reads the log finds
    the same results in it.

    Args:
        room: How many bytes the entries may take.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._last_line = 0
        self._stderr = Parser(limits=LIMITS)  # for its lines: they have a bound

    @property
    def is_full(self) -> bool:
        """Whether no more entries are made."""
        return self._room <= 0

    def of(self, step: Step) -> list[dict[str, str]]:
        """The entries of what one read of the output brought."""
        entries = []
        for event, stamp in zip(step.captured.events, step.times(), strict=True):
            if not (isinstance(event, Log) and event.line == self._last_line):  # else the rest of a long line
                entries += self._entry(_text(event), _severity(event), stamp)
            self._last_line = event.line
        return entries + self._of_stderr(self._stderr.feed(step.stderr), rfc3339(step.time_ns))

    def close(self, time_ns: int) -> list[dict[str, str]]:
        """The entries of a last line on standard error that no LF ends."""
        return self._of_stderr(self._stderr.close(), rfc3339(time_ns))

    def _of_stderr(self, events: list[Event], stamp: str) -> list[dict[str, str]]:
        # A marker counts on standard output only, so `log_line` puts a space before one.
        texts = [log_line(_text(event)).decode().removesuffix("\n") for event in events]
        return [entry for text in texts for entry in self._entry(text, "WARNING", stamp)]

    def _entry(self, message: str, severity: str, stamp: str) -> list[dict[str, str]]:
        if self.is_full:
            return []
        self._room -= len(message.encode()) + PER_ENTRY
        if self.is_full:
            message, severity = FULL, "WARNING"
        return [{"message": message, "severity": severity, "timestamp": stamp}]


def _text(event: Event) -> str:
    return event.raw.decode(errors="replace").removesuffix("\n")


def _severity(event: Event) -> str:
    match event:
        case Log():
            return "INFO"
        case Violation():
            return "ERROR"
        case _:
            return "NOTICE"
