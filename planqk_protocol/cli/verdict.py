"""Say what is wrong with a stream as it is read, and derive the exit code from it."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from planqk_protocol import (
    Event,
    FinalResult,
    InterimResult,
    JobStatus,
    Log,
    Marker,
    MultilineResult,
    Result,
    Violation,
    collect,
)
from planqk_protocol.captures import Captured, CaptureNotice
from planqk_protocol.cli import capture_messages
from planqk_protocol.cli.input_doubts import InputDoubts
from planqk_protocol.cli.reading import Files, Reading
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.diagnosis import Finding
from planqk_protocol.diagnosis.outcomes import notice_finding
from planqk_protocol.inputs.event_stream import EventStream
from planqk_protocol.marked import marker_text

__all__ = ["Remark", "Sought", "Verdict"]

Sought = Literal["result", "interim result"]

_SUSPECT = "suspect"
_NO_RESULT, _CAPTURE = "no-result", "capture-"
_BEHIND_ALL = sys.maxsize


class Remark(NamedTuple):
    """A message about a line of the stream.

    Attributes:
        line: Number of the line.
        kind: The kind of the message: the id of a rule, or ``suspect``.
        describe: Makes its subject and its text.
    """

    line: int
    kind: str
    describe: Callable[[], tuple[str, str]]


class Verdict:
    """The verdict on a stream, as an exit code.

    The exit code is 0 if all of this holds, and 1 otherwise:

    - The stream holds what the user asked for: a result, or an interim result.
    - There is no violation in it.
    - No bytes of what the user asked for may be altered or missing.
    - The bytes of compressed files are intact up to where they can be read.
    - No file is older than the one that was read before it.
    - A live container ended with exit code 0, and its result is no violation. An
      execution has the status SUCCEEDED instead, and the platform's own result is
      the same.

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
        self._doubts = InputDoubts(stream, reading.subject, messages)
        self._is_broken = False
        self._slot: FinalResult | Violation | None = None
        self._is_found = False
        self._unterminated: FinalResult | InterimResult | None = None

    def observe(self, captured: Captured) -> list[Remark]:
        """Remember what the exit code depends on. Return what is to be said, in the order of the lines."""
        self._doubts.observe(captured)
        remarks = [self._of_notice(notice) for notice in captured.notices]
        remarks += [self._remark(finding) for finding in self._stream.findings(captured)]
        for event in captured.events:
            if not isinstance(event, Log):
                remarks += self._observe_event(event)
        return sorted(remarks, key=lambda remark: remark.line)

    def say(self, remarks: Iterable[Remark]) -> None:
        """Print remarks on standard error. Of each kind, only the first ones are printed."""
        for remark in remarks:
            self._messages.report(remark.kind, remark.describe)

    def batches(
        self, events: Sequence[Event], remarks: Iterable[Remark]
    ) -> Iterator[tuple[Sequence[Event], list[Remark]]]:
        """Split events so that each remark follows the event it is about. Say the remarks before going on."""
        start = 0
        waiting: list[Remark] = []
        for remark in remarks:
            waiting.append(remark)
            if self._messages.has_room_for(remark.kind):
                stop = bisect_right(events, remark.line, start, key=lambda event: event.line)
                yield events[start:stop], waiting
                start, waiting = stop, []
        yield events[start:], waiting

    def exit_code(self, *, is_broken_off: bool = False) -> int:
        """The exit code. Call it when the stream has ended. It says what is wrong with the whole of it.

        Args:
            is_broken_off: Whether the job may have printed more than was read.

        Raises:
            Failure: The engine of a live container could not tell its exit code.
        """
        reading = self._reading
        findings = self._stream.last_findings(
            reading.exit_code, reading.status, is_cut_off=reading.is_cut_off
        )
        wrong = self._doubts.wrong_input()
        if not self._is_found:
            self._doubts.say_guess()
        is_no_result_wanted = self._sought == "result" and not wrong
        self.say(
            self._remark(finding)
            for finding in findings
            if not finding.rule.startswith(_CAPTURE)  # said at their time
            and (is_no_result_wanted or finding.rule != _NO_RESULT)
        )
        self._messages.sum_up()
        if not self._is_found:
            wrong = wrong or self._missing_interim_result()
        for message in wrong:
            self._messages.say(self._reading.subject, message)
        is_in_disorder = self._doubts.say_disorder()
        is_cut_short = self._is_cut_short(is_broken_off=is_broken_off or self._reading.is_cut_off)
        is_failed = self._has_failed()
        differs = reading.differs(self._stream.result)
        is_broken = self._is_broken or is_in_disorder or is_cut_short or is_failed or self._stream.is_altered
        is_broken = is_broken or differs
        return int(is_broken or not self._is_found)

    def _observe_event(self, event: InterimResult | FinalResult | Violation) -> list[Remark]:
        is_sought = self._is_sought(event)
        self._is_found = self._is_found or is_sought
        if self._slot is None and not isinstance(event, InterimResult):
            self._slot = _of_slot(event)
        is_suspect = event.suspect or (event.after_loss and isinstance(event, Result | MultilineResult))
        self._is_broken = self._is_broken or isinstance(event, Violation) or (is_suspect and is_sought)
        if not (event.terminated or isinstance(event, Violation)):
            self._unterminated = event
        return [Remark(event.line, _SUSPECT, partial(self._about_suspect, event))] if is_suspect else []

    def _remark(self, finding: Finding) -> Remark:
        return Remark(
            finding.place.line if finding.place else _BEHIND_ALL, finding.rule, partial(self._about, finding)
        )

    def _about(self, finding: Finding) -> tuple[str, str]:
        from planqk_protocol.cli.found import Locator, in_one_line  # noqa: PLC0415  # most streams have none

        text = in_one_line(self._reading.advised(finding))
        return Locator(self._stream, self._reading).shown(finding), text

    def _of_notice(self, notice: CaptureNotice) -> Remark:
        def describe() -> tuple[str, str]:
            from planqk_protocol.cli.found import in_one_line  # noqa: PLC0415  # see `_about`

            finding = self._reading.advised(notice_finding(notice))
            return self._stream.name_of(notice), in_one_line(finding)

        return Remark(0, f"{_CAPTURE}{notice.kind}", describe)

    def _about_suspect(self, event: InterimResult | FinalResult | Violation) -> tuple[str, str]:
        return self._stream.shown(*self._stream.locate_line(event.line), 1), _why_suspect(event)

    def _is_sought(self, event: Event) -> bool:
        return isinstance(
            event, InterimResult if self._sought == "interim result" else Result | MultilineResult
        )

    def _missing_interim_result(self) -> list[str]:
        if self._sought == "result":
            return []
        marker = marker_text(Marker.INTERIM_RESULT)
        return [
            f"no interim result; print it, in Python with print('{marker}', json.dumps(value), flush=True)"
        ]

    def _is_cut_short(self, *, is_broken_off: bool) -> bool:
        """Whether the end of the last result may be missing. If so, it is said."""
        last, exit_code = self._unterminated, self._reading.exit_code
        if last is None or not self._is_sought(last) or not (is_broken_off or exit_code):
            return False
        place = self._stream.shown(*self._stream.locate_line(last.line), 1)
        self._messages.say(place, capture_messages.cut_short(exit_code), _SUSPECT)
        return True

    def _has_failed(self) -> bool:
        """Whether a live container or execution did not succeed. Its status is said."""
        reading = self._reading
        if isinstance(reading, Files):
            return False
        reading.check_exit_code()
        slot = [self._slot] if self._slot else []
        outcome = collect(slot, exit_code=reading.exit_code, status=reading.status)
        is_agreed = outcome.status is reading.status
        said = outcome.status if is_agreed else f"{outcome.status}, {reading.ending}"
        self._messages.say(reading.subject, said)
        return outcome.status is not JobStatus.SUCCEEDED


def _why_suspect(event: InterimResult | FinalResult | Violation) -> str:
    if not event.suspect:
        return capture_messages.AFTER_LOSS
    name = {InterimResult: "interim result", Violation: "violation"}.get(type(event), "result")
    return f"bytes of the {name} may be altered or missing: {capture_messages.DAMAGED}"


def _of_slot(event: FinalResult | Violation) -> FinalResult | Violation | None:
    """The event if it takes the result slot, else ``None``."""
    outcome = collect([event])
    return outcome.result or outcome.reason
