"""Report what is wrong with a stream as it is read, and derive the exit code from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal

from planqk_protocol import (
    Event,
    FinalResult,
    InterimResult,
    JobStatus,
    Log,
    MultilineResult,
    Result,
    Violation,
    collect,
)
from planqk_protocol.captures import CaptureNotice, StdStream
from planqk_protocol.cli import hints
from planqk_protocol.cli.detection import another_format, is_no_record
from planqk_protocol.cli.event_stream import EventStream
from planqk_protocol.cli.reading import Live, Reading
from planqk_protocol.cli.terminal import Failure, Messages

__all__ = ["DISORDER", "Sought", "Verdict"]

Sought = Literal["result", "interim result"]

_SUSPECT, DISORDER = "suspect", "disorder"


class Verdict:
    """The verdict on a stream, as an exit code.

    It is 0 if the stream keeps the protocol and holds an intact result or interim
    result, whichever the user asked for. Otherwise it is 1.

    Args:
        stream: The stream.
        reading: The input that it is read from.
        sought: What the user asked for.
        messages: Standard error.
    """

    def __init__(self, stream: EventStream, reading: Reading, sought: Sought, messages: Messages) -> None:
        self._stream = stream
        self._reading = reading
        self._sought = sought
        self._messages = messages
        self._is_broken = False
        self._is_guess_reported = False
        self._has_lost = False
        self._no_records = 0
        self._slot: FinalResult | Violation | None = None
        self._is_found = False
        self._unterminated: FinalResult | InterimResult | None = None

    def report_notices(self, notices: Iterable[CaptureNotice]) -> None:
        """Report what the capture lost."""
        for notice in notices:
            self._has_lost = self._has_lost or notice.concerns(StdStream.STDOUT)
            self._no_records += is_no_record(notice)
            self._report_guess()
            self._messages.report(notice.kind, partial(self._about_notice, notice))

    def observe(self, events: Sequence[Event]) -> None:
        """Report what is wrong with events, and remember what the exit code depends on."""
        for event in events:
            if isinstance(event, Log):
                continue
            self._is_found = self._is_found or self._is_sought(event)
            if self._slot is None and not isinstance(event, InterimResult):
                self._slot = _of_slot(event)
            if (kind := _fault(event)) is not None:
                self._is_broken = self._is_broken or isinstance(event, Violation) or self._is_sought(event)
                self._messages.report(kind, partial(self._about_event, event))
            if not (event.terminated or isinstance(event, Violation)):
                self._unterminated = event

    def will_say(self, event: Event) -> bool:
        """Whether `observe` will print a message about an event."""
        kind = _fault(event)
        return kind is not None and self._messages.has_room_for(kind)

    def exit_code(self, *, is_broken_off: bool = False) -> int:
        """The exit code. Call it when the stream has ended. It explains why nothing was found.

        Args:
            is_broken_off: Whether the job may have printed more than was read.
        """
        self._messages.sum_up()
        if not self._is_found:
            self._report_guess()
        another = self._another_format()
        if not self._is_found:
            self._report_missing(another)
        elif another:
            self._messages.say(self._reading.subject, another)
        for disorder in self._stream.disorder:
            self._is_broken = True
            self._messages.say(disorder.second, hints.backwards(disorder.first), DISORDER)
        is_failed = self._report_failure(is_broken_off=is_broken_off or self._reading.is_cut_off)
        return int(self._is_broken or not self._is_found or is_failed or self._stream.is_altered)

    def _about_notice(self, notice: CaptureNotice) -> tuple[str, str]:
        return self._stream.origin(notice), hints.in_options(notice.message)

    def _about_event(self, event: Event) -> tuple[str, str]:
        return str(self._stream.place(event)), _message(event)

    def _is_sought(self, event: Event) -> bool:
        return isinstance(
            event, InterimResult if self._sought == "interim result" else Result | MultilineResult
        )

    def _report_guess(self) -> None:
        stream = self._stream
        if stream.is_guessed and stream.is_wrapped and not self._is_guess_reported:
            self._is_guess_reported = True
            self._messages.say(self._reading.subject, hints.guess(stream.format))

    def _another_format(self) -> str | None:
        """The message that the capture looks like another format than the one that the user named."""
        stream = self._stream
        if stream.is_guessed or isinstance(self._reading, Live):
            return None
        return another_format(stream.format, self._no_records, stream.line_count, self._reading.again())

    def _report_missing(self, another: str | None) -> None:
        count = self._stream.line_count
        lines = "1 line" if count == 1 else f"{count} lines"
        of_stdout = " of stdout" if self._stream.is_wrapped else ""
        reason = another or self._why_missing(count)
        self._messages.say(self._reading.subject, f"no {self._sought} in {lines}{of_stdout}; {reason}")

    def _why_missing(self, count: int) -> str:
        if (missing := self._stream.missing_container) is not None:
            return missing
        if isinstance(self._slot, Violation) and self._sought == "result":
            return hints.FIRST_IS_INVALID
        if near_miss := self._near_miss():
            return near_miss
        if self._has_lost or self._stream.is_cut_off or self._reading.is_cut_off:
            return hints.LOST
        return hints.how_to_print(self._sought) if count else hints.NOTHING_READ

    def _near_miss(self) -> str | None:
        """Read the input again, and explain the first line that resembles a marker."""
        with suppress(Failure):
            stream = EventStream(
                self._reading.again(), self._stream.format, logs=True, container=self._stream.container
            )
            for captured in stream:
                for event in captured.events:
                    if isinstance(event, Log) and (
                        why := hints.near_miss(event, is_guess=self._stream.is_guessed)
                    ):
                        place = stream.place(event)
                        return f"{place.name}:{place.line} {why}"
        return None

    def _report_failure(self, *, is_broken_off: bool) -> bool:
        """Whether the job failed or its last result may be cut short. Both are reported."""
        container = self._reading if isinstance(self._reading, Live) else None
        exit_code = container.exit_code() if container else None
        last = self._unterminated
        is_cut_short = last is not None and self._is_sought(last) and bool(is_broken_off or exit_code)
        if last is not None and is_cut_short:
            self._messages.say(str(self._stream.place(last)), hints.cut_short(exit_code), _SUSPECT)
        if container is None:
            return is_cut_short
        outcome = collect([self._slot] if self._slot else [], exit_code=exit_code)
        known = "its exit code is not known" if exit_code is None else f"exit code {exit_code}"
        self._messages.say(container.subject, f"{outcome.status}, {known}")
        return is_cut_short or outcome.status is not JobStatus.SUCCEEDED


def _fault(event: Event) -> str | None:
    """The kind of an event's fault; ``None`` if it has none."""
    match event:
        case Log():
            return None
        case Violation():
            return event.code
        case InterimResult():  # an earlier one that was lost does not matter
            return _SUSPECT if event.suspect else None
    return _SUSPECT if event.suspect or event.after_loss else None


def _message(event: Event) -> str:
    """The message about an event with a fault."""
    if isinstance(event, Violation):
        damaged = f"; {hints.DAMAGED}" if event.suspect else ""
        return hints.in_options(event.message) + damaged
    name = "interim result" if isinstance(event, InterimResult) else "result"
    if not isinstance(event, Log) and event.suspect:
        return f"bytes of the {name} may be altered or missing: {hints.DAMAGED}"
    return hints.AFTER_LOSS


def _of_slot(event: FinalResult | Violation) -> FinalResult | Violation | None:
    """The event if it takes the result slot, else ``None``."""
    outcome = collect([event])
    return outcome.result or outcome.reason
