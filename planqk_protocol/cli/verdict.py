"""What is wrong with a stream, said as it comes, and the exit code it leads to."""

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
    """The verdict on a stream: 0 if it kept the protocol and held what was asked for, unharmed, else 1.

    Args:
        stream: The stream.
        reading: What it is read from.
        sought: What is asked for.
        messages: Where to say what is wrong.
    """

    def __init__(self, stream: EventStream, reading: Reading, sought: Sought, messages: Messages) -> None:
        self._stream = stream
        self._reading = reading
        self._sought = sought
        self._messages = messages
        self._is_broken = False
        self._is_guess_told = False
        self._has_lost = False
        self._no_records = 0
        self._slot: FinalResult | Violation | None = None
        self._is_found = False
        self._unterminated: FinalResult | InterimResult | None = None

    def note(self, notices: Iterable[CaptureNotice]) -> None:
        """Say what the capture lost."""
        for notice in notices:
            self._has_lost = self._has_lost or notice.concerns(StdStream.STDOUT)
            self._no_records += is_no_record(notice)
            self._tell_guess()
            self._messages.report(notice.kind, partial(self._about_notice, notice))

    def observe(self, events: Sequence[Event]) -> None:
        """Take note of events, and say what is wrong with them."""
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
        """Whether `hear` is going to say something about an event."""
        kind = _fault(event)
        return kind is not None and self._messages.has_room_for(kind)

    def exit_code(self, *, is_broken_off: bool = False) -> int:
        """The exit code, once the stream has ended; why nothing was found is said.

        Args:
            is_broken_off: Whether the job may have printed more than was read.
        """
        self._messages.sum_up()
        if not self._is_found:
            self._tell_guess()
        another = self._another_format()
        if not self._is_found:
            self._say_missing(another)
        elif another:
            self._messages.say(self._reading.subject, another)
        for disorder in self._stream.disorder:
            self._is_broken = True
            self._messages.say(disorder.second, hints.backwards(disorder.first), DISORDER)
        is_failed = self._has_failed(is_broken_off=is_broken_off or self._reading.is_cut_off)
        return int(self._is_broken or not self._is_found or is_failed or self._stream.is_altered)

    def _about_notice(self, notice: CaptureNotice) -> tuple[str, str]:
        return self._stream.origin(notice), hints.in_options(notice.message)

    def _about_event(self, event: Event) -> tuple[str, str]:
        return str(self._stream.place(event)), _message(event)

    def _is_sought(self, event: Event) -> bool:
        return isinstance(
            event, InterimResult if self._sought == "interim result" else Result | MultilineResult
        )

    def _tell_guess(self) -> None:
        stream = self._stream
        if stream.is_guessed and stream.is_wrapped and not self._is_guess_told:
            self._is_guess_told = True
            self._messages.say(self._reading.subject, hints.guess(stream.format))

    def _another_format(self) -> str | None:
        """What to say if nearly nothing in the capture is a record of the format that the user named."""
        stream = self._stream
        if stream.is_guessed or isinstance(self._reading, Live):
            return None
        return another_format(stream.format, self._no_records, stream.line_count, self._reading.again())

    def _say_missing(self, another: str | None) -> None:
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
        return hints.HOW_TO_PRINT[self._sought] if count else hints.NOTHING_READ

    def _near_miss(self) -> str | None:
        """What the first line that looks marked lacks, in what can be read once more."""
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

    def _has_failed(self, *, is_broken_off: bool) -> bool:
        """Fold the exit code of a live container into the outcome, and say it, and what may be cut short."""
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
    """The kind of what is wrong with an event, if something is."""
    match event:
        case Log():
            return None
        case Violation():
            return event.code
        case InterimResult():  # one that was lost before it makes it no worse
            return _SUSPECT if event.suspect else None
    return _SUSPECT if event.suspect or event.after_loss else None


def _message(event: Event) -> str:
    """What is wrong with an event, and what to do."""
    if isinstance(event, Violation):
        damaged = f"; {hints.DAMAGED}" if event.suspect else ""
        return hints.in_options(event.message) + damaged
    name = "interim result" if isinstance(event, InterimResult) else "result"
    if not isinstance(event, Log) and event.suspect:
        return f"bytes of the {name} may be altered or missing: {hints.DAMAGED}"
    return hints.AFTER_LOSS


def _of_slot(event: FinalResult | Violation) -> FinalResult | Violation | None:
    """The event, if it takes the result slot."""
    outcome = collect([event])
    return outcome.result or outcome.reason
