"""The output of a job as entries of its log and as interim results, within a bound."""

from __future__ import annotations

from typing import NamedTuple

from planqk_protocol import Event, InterimResult, Limits, Log, MultilineResult, Parser, Result, Violation
from planqk_protocol.emit import log_line
from planqk_protocol.runner import Step, rfc3339

LIMITS = Limits(max_line=64 * 1024)
PER_ENTRY = 100  # bytes that an entry takes beside its message
FULL = "the log is full: of what the job printed from here on, only the result is kept"

Entry = dict[str, str]


class Kept(NamedTuple):
    """What is kept of a part of the output: entries, interim results, and the last of all interim results."""

    entries: list[Entry]
    interim: list[bytes]
    last_interim: bytes | None


class LogEntries:
    """Makes the entries of one log: the first ones, as many as have room.

    Whoever joins the messages of standard output by LF has what the job printed,
    and finds the same results in it. The result has an entry even if the log is full.

    Args:
        room: How many bytes the entries may take.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._last_line = 0
        self._stderr = Parser(limits=LIMITS)  # for its lines: they have a bound

    def of(self, step: Step) -> Kept:
        """What is kept of what one read of the output brought."""
        kept, last = Kept([], [], None), None
        for event, stamp in zip(step.captured.events, step.times(), strict=True):
            if not (isinstance(event, Log) and event.line == self._last_line):  # else the rest of a long line
                is_result = isinstance(event, Result | MultilineResult)
                kept.entries.extend(self._entry(_text(event), _severity(event), stamp, is_result=is_result))
            self._last_line = event.line
            if isinstance(event, InterimResult) and not event.suspect:
                last = event.payload.strip()
                kept.interim.extend([] if self._is_full else [last])
        kept.entries.extend(self._of_stderr(self._stderr.feed(step.stderr), rfc3339(step.time_ns)))
        return kept._replace(last_interim=last)

    def close(self, time_ns: int) -> Kept:
        """What is kept of a last line on standard error that no LF ends."""
        return Kept(self._of_stderr(self._stderr.close(), rfc3339(time_ns)), [], None)

    @property
    def _is_full(self) -> bool:
        return self._room <= 0

    def _of_stderr(self, events: list[Event], stamp: str) -> list[Entry]:
        # A marker counts on standard output only, so `log_line` puts a `>` before one.
        texts = [log_line(_text(event)).decode().removesuffix("\n") for event in events]
        return [entry for text in texts for entry in self._entry(text, "WARNING", stamp)]

    def _entry(self, message: str, severity: str, stamp: str, *, is_result: bool = False) -> list[Entry]:
        was_full = self._is_full
        self._room -= len(message.encode()) + PER_ENTRY
        entries = [] if self._is_full and not is_result else [entry(message, severity, stamp)]
        if self._is_full and not was_full:
            entries.insert(0, entry(FULL, "WARNING", stamp))
        return entries


def entry(message: str, severity: str, stamp: str) -> Entry:
    """An entry of a log."""
    return {"message": message, "severity": severity, "timestamp": stamp}


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
