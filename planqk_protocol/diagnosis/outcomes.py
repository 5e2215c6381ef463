"""Findings about the outcome of a job as a whole."""

from __future__ import annotations

from planqk_protocol.captures import CaptureNotice, StdStream
from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.ending import Ending
from planqk_protocol.diagnosis.event_places import EventPlaces
from planqk_protocol.diagnosis.finding import Finding, Place, Related, Rule, Severity
from planqk_protocol.diagnosis.line import finding
from planqk_protocol.diagnosis.rules.outcomes import PRINT
from planqk_protocol.events import InterimResult, Marker, MultilineResult, Result, Violation, ViolationCode
from planqk_protocol.marked import marker_text
from planqk_protocol.outcome import JobStatus

__all__ = ["Course", "notice_finding"]

_MOST = 10  # findings about interim results after the result
_SAID_BY_CAUSE = {"json-truncated", "json-empty"}
_OPEN = {
    ViolationCode.PAYLOAD_TOO_LARGE,
    ViolationCode.UNTERMINATED_BLOCK,
}  # their last line is cut, or is no fence
_NOTHING_PRINTED = (
    "Check that the job {first}prints on standard output, in Python with flush=True, and that it was "
    "captured. A service that returns its result to qhub-commons keeps another contract, and prints none."
)
_MAY_HAVE_FAILED = "If the job failed before that, its standard error says why."
_MEND_EXCEPTION = "Read the traceback: mend what raised the exception, and run the job again."
_NOT_SERIALIZABLE = "is not JSON serializable"  # json.dumps says so
_MEND_VALUE = (
    "Give json.dumps a function default= that converts such values, or print with an Emitter, whose message "
    "names the part of the value."
)
_AFTER_RESULT = "this interim result comes after the result"
_UNTERMINATED = "no line feed ends the result, so its end may be missing"
_READ_AGAIN = (
    "The job may have printed it right: get the whole output of the job once more. If the result stays "
    "broken, run the job again."
)


class Course:
    """What the outcome depends on, gathered from the events of a stream."""

    def __init__(self) -> None:
        self._interim_count = 0
        self._late_count = 0  # interim results after the result
        self._slot: Result | MultilineResult | Violation | None = None
        self.slot: Place | None = None
        """The place of the first line of the event that took the result slot."""
        self._breaks_off = False  # whether that event is JSON that lacks its end, at the end of the stream
        self._suspect: Finding | None = None
        self._protected = 0  # number of the first line with a result that an emitter made log text
        self._mention: Place | None = None  # of the first marker of a result after other text
        self._is_on_stderr = False  # a result was printed there
        self._exception: tuple[str, Place] | None = None  # what it is, and where its traceback begins
        self._stderr_exception = ""

    def add(
        self,
        event: InterimResult | Result | MultilineResult | Violation,
        offset: int,
        *,
        violation: Finding | None = None,
    ) -> list[Finding]:
        """Take the next event that is no log text. Return findings about its position in the stream.

        An interim result after the result has one, and so has a result that no LF ends.

        Args:
            event: The event.
            offset: Offset of its first byte in the stream.
            violation: The finding of the event, if it is a violation.
        """
        if isinstance(event, InterimResult):
            self._interim_count += 1
            return self._late_interim(event, offset)
        if self._slot is not None or _is_interim(event):
            return []
        self._slot = event
        self.slot = EventPlaces(event, offset).first_line()
        is_cut_json = violation is not None and violation.rule in _SAID_BY_CAUSE
        if event.terminated or is_cut_json or not _is_closed(event):
            self._breaks_off = (is_cut_json and not event.terminated) or _is_block_that_breaks_off(event)
            return []
        end = len(event.raw)
        places = EventPlaces(event, offset)
        return [
            finding(rules.RULES["unterminated-result"], places.line(end), places.place(end), _UNTERMINATED)
        ]

    def suspect(self, suspect: Finding) -> None:
        """Take a finding that may tell why there is no result: `no-result` names the first one."""
        self._suspect = self._suspect or suspect

    def see_protected(self, line: int) -> None:
        """Take the number of a line that would be a result, had an emitter not made it log text."""
        self._protected = self._protected or line

    def see_mention(self, place: Place) -> None:
        """Take the place of a marker of a result within a line that does not look like a mistake."""
        self._mention = self._mention or place

    @property
    def has_result(self) -> bool:
        """Whether there is a result: the event that took the slot is one, and no violation."""
        return isinstance(self._slot, Result | MultilineResult)

    def close(
        self,
        *,
        exit_code: int | None,
        status: JobStatus | None = None,
        why_ended: str = "",
        line_count: int,
        is_cut_off: bool,
        is_on_stderr: bool,
        exception: tuple[str, Place] | None = None,
        stderr_exception: str = "",
    ) -> list[Finding]:
        """Judge the outcome at the end of the stream.

        Args:
            exit_code: The exit code of the job; ``None`` if it is not known.
            status: The status that a platform gave the job. It takes the place of
                the exit code.
            why_ended: Why the job was ended, if it did not end by itself.
            line_count: The number of lines of standard output.
            is_cut_off: Whether the stream ended before the output of the job did.
            is_on_stderr: Whether a result was printed on standard error.
            exception: The exception with whose traceback the output ends, as an excerpt, and
                the place of the traceback.
            stderr_exception: The exception with whose traceback standard error ends.

        Returns:
            The finding about the outcome, which has no place, if there is one.
        """
        self._is_on_stderr, self._exception = is_on_stderr, exception
        self._stderr_exception = stderr_exception
        ending = Ending.of(exit_code, status, why_ended=why_ended)
        if self.has_result:
            return self._failed_with_result(ending)
        if broken := self._broken_result(ending):
            return broken
        cause, advice = self._cause(ending, line_count, is_cut_off=is_cut_off and not why_ended)
        there = self._what_there_is(ending)
        message = f"there is no result{there}: {cause}"
        rule = rules.RULES["no-result"]
        severity = Severity.WARNING if ending.has_succeeded is False else rule.severity
        related = self._place_of_cause()
        return [_without_place(rule, message, advice, related, severity)]

    def _late_interim(self, event: InterimResult, offset: int) -> list[Finding]:
        """The finding of an interim result that comes after the result."""
        if not isinstance(self._slot, Result | MultilineResult) or self._late_count == _MOST:
            return []
        self._late_count += 1
        places = EventPlaces(event, offset)
        place, line = places.place(0, event.start), places.line(0)
        related = self._related_slot("the result stands here")
        return [finding(rules.RULES["interim-after-result"], line, place, _AFTER_RESULT, related=related)]

    def _failed_with_result(self, ending: Ending) -> list[Finding]:
        if ending.has_succeeded is not False:
            return []
        message = f"the job gave a result, but {ending.told_by}, so it counts as failed"
        advice = ending.advice if ending.was_ended else None
        related = self._related_slot("the result stands here")
        return [_without_place(rules.RULES["failed-with-result"], message, advice, related)]

    def _broken_result(self, ending: Ending) -> list[Finding]:
        if not ending.has_succeeded or self._slot is None:
            return []
        message = (
            f"{ending.told_by}, but the result on line {self._slot.line} is not "
            "valid, so the job counts as failed"
        )
        advice = _READ_AGAIN if self._slot.suspect or self._breaks_off else None
        related = self._related_slot("this is not a valid result")
        return [_without_place(rules.RULES["succeeded-with-broken-result"], message, advice, related)]

    def _what_there_is(self, ending: Ending) -> str:
        """What there is instead of a result, for the message."""
        there = []
        if self._interim_count:
            there.append(f"{self._interim_count:,} interim result{'s' * (self._interim_count > 1)}")
        if self._is_on_stderr:
            there.append("a result on standard error")
        if ending.short:
            there.append(ending.short)
        return f" ({', '.join(there)})" if there else ""

    def _cause(self, ending: Ending, line_count: int, *, is_cut_off: bool) -> tuple[str, str | None]:
        """The most likely cause, and what to do if that is not the advice of the rule."""
        has_failed, is_unknown = ending.has_succeeded is False, ending.has_succeeded is None
        if not (self._breaks_off and has_failed) and (cause := self._cause_in_output()):
            return cause
        if is_cut_off:
            return "the output was cut off, and the result may have come after that", "Get all of the output."
        # A job that succeeds may print the traceback of an exception that it has dealt with.
        raised = self._exception[0] if self._exception else self._stderr_exception if has_failed else ""
        if raised and not ending.was_ended:
            how = _MEND_VALUE if _NOT_SERIALIZABLE in raised else _MEND_EXCEPTION
            return f"most likely, an exception ended the job: {raised}", how
        if has_failed:
            return ending.cause, ending.advice
        if not line_count:
            first = "did not fail, that it " if is_unknown else ""
            return "nothing was printed on standard output", _NOTHING_PRINTED.format(first=first)
        said, advice = self._cause_in_log_text()  # without advice, that of the rule
        if is_unknown and not advice:
            advice = f"{rules.RULES['no-result'].advice} {_MAY_HAVE_FAILED}"
        return said, advice or None

    def _cause_in_log_text(self) -> tuple[str, str]:
        """The most likely cause if there are only log text and interim results, and what to do."""
        if self._protected:
            return (
                f"the result on line {self._protected} was printed as log text, with `>` before its marker",
                "If it is the job's own, print it with the emitter's method `result`, and not as log text.",
            )
        result = marker_text(Marker.RESULT)
        if self._interim_count:
            interim = marker_text(Marker.INTERIM_RESULT)
            return (
                f"interim results do not count as one, not even the last: the marker of a result is {result}",
                f"Print the last value with `{result}` instead of `{interim}`.",
            )
        if self._mention:
            line = self._mention.line
            how = f"If line {line} was meant as the result, print nothing else on the line: {PRINT}."
            return f"no line begins with {result}, but line {line} has a marker after other text", how
        return f"no line begins with {result}", ""

    def _cause_in_output(self) -> tuple[str, str] | None:
        """What the job most likely meant as the result, and what to do, if something is known of it."""
        if self._slot is not None:
            return self._cause_in_slot(self._slot)
        if self._is_on_stderr:
            return (
                "only results on standard output count",
                "Print the result on standard output: in Python, use `print` without `file=`, and no logger.",
            )
        if self._suspect is not None:
            line = self._suspect.line
            where = "" if line is None else f" on line {line}"
            is_of_capture = self._suspect.rule.startswith("capture-")  # the job may have done all right
            return (
                f"most likely, it is what `{self._suspect.rule}` found{where}",
                "Do what is advised there. If the result stays lost, run the job again."
                if is_of_capture
                else f"Mend what was found{where}, and run the job again.",
            )
        return None

    def _cause_in_slot(self, slot: Result | MultilineResult | Violation) -> tuple[str, str]:
        """What is wrong with the event that took the slot, and what to do."""
        first = f"the first one, on line {slot.line},"
        if slot.suspect:
            return f"{first} is not valid, but bytes of it may be missing or altered", _READ_AGAIN
        if self._breaks_off:
            return f"{first} breaks off at the end of the output", _READ_AGAIN
        return (
            f"{first} is not valid, and only the first one counts",
            f"Mend the result on line {slot.line}, and run the job again.",
        )

    def _place_of_cause(self) -> tuple[Related, ...]:
        if self._slot is not None:
            return self._related_slot("the first result stands here")
        if self._suspect is not None:
            place = self._suspect.place
            return () if place is None else (Related("most likely, this was meant as the result", place),)
        if self._exception:
            return (Related("the traceback begins here", self._exception[1]),)
        return (Related("the marker stands here", self._mention),) if self._mention else ()

    def _related_slot(self, message: str) -> tuple[Related, ...]:
        return () if self.slot is None else (Related(message, self.slot),)


def notice_finding(notice: CaptureNotice) -> Finding:
    """Make the finding of a capture's notice. Its rule is ``capture-`` and the kind of the notice.

    The finding has no place, because a notice counts bytes of the capture, not of
    standard output. If no bytes of standard output are concerned, it is only an
    information.
    """
    rule = rules.RULES[f"capture-{notice.kind}"]
    file = f"file {notice.file + 1}, " if notice.file else ""
    where = f"{file}record {notice.record:,}, at byte {notice.offset:,}"
    severity = rule.severity if notice.concerns(StdStream.STDOUT) else Severity.INFO
    return _without_place(rule, f"{where}: {notice.message}", None, (), severity)


def _without_place(
    rule: Rule,
    message: str,
    advice: str | None,
    related: tuple[Related, ...],
    severity: Severity | None = None,
) -> Finding:
    return Finding(
        rule=rule.id,
        severity=rule.severity if severity is None else severity,
        message=message,
        advice=rule.advice if advice is None else advice,
        related=related,
    )


def _is_interim(event: Result | MultilineResult | Violation) -> bool:
    return isinstance(event, Violation) and event.marker is Marker.INTERIM_RESULT


def _is_block_that_breaks_off(event: Result | MultilineResult | Violation) -> bool:
    if not isinstance(event, Violation):
        return False
    from planqk_protocol.diagnosis.violations import breaks_off  # noqa: PLC0415  # most streams have no violation

    return breaks_off(event)


def _is_closed(event: Result | MultilineResult | Violation) -> bool:
    """Whether an event ends with a result line or a closing fence."""
    return not isinstance(event, Violation) or event.code not in _OPEN
