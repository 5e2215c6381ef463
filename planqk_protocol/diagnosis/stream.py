"""The diagnosis of a stream: what a source returned goes in, findings come out.

What is looked at
-----------------

`LineSearch` searches the bytes and gives the few lines that are worth a look. The
checks look at these lines, and at all events but log text:

*   a line that may be a near miss → `near_misses`,
*   a violation → `violations`,
*   a result or an interim result → `values`,
*   the first bytes → `encodings`, and the end → `outcomes`.

When a finding comes out
------------------------

Findings come in the order of their places. A finding waits (see `waiting`) until none
can come that belongs before it:

*   A violation or a near miss in an open block waits for the end of the block, as the
    violation of the block itself stands at its first line.
*   Some violations wait for the next line, which may show the cause: the JSON that was
    printed there.
*   A near miss may be an *echo*: a trace of the shell or a logger's copy of a line
    that is marked, and no mistake. It waits for 8 lines. If a marked line of the
    same text comes among them, or came as near before it, the near miss is dropped.

So findings do not depend on the chunks, and at most 100 near misses of one block are
held.

Most streams have neither near misses nor violations. So the modules that judge these,
with their many patterns, are imported when the first one comes.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeAlias

from planqk_protocol.captures import Captured, CaptureNotice, Source
from planqk_protocol.diagnosis.encodings import ENOUGH, archive_finding, encoding_finding
from planqk_protocol.diagnosis.event_places import EventPlaces
from planqk_protocol.diagnosis.finding import Finding, Severity
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.line_search import AnchoredLine, FirstLine, LineSearch, MarkedLine, NextLine
from planqk_protocol.diagnosis.outcomes import Course, notice_finding
from planqk_protocol.diagnosis.stderr_search import StderrSearch
from planqk_protocol.diagnosis.tracebacks import Tail
from planqk_protocol.diagnosis.values import value_findings
from planqk_protocol.diagnosis.waiting import WaitingFindings
from planqk_protocol.events import (
    InterimResult,
    Log,
    Marker,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
)
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import JobStatus

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.openapi import ServiceSchemas

__all__ = ["Diagnosis", "diagnose"]

_MOST_NOTICES = 100  # of a kind
_MARK_OF_ARCHIVE = 16  # bytes that tell any archive but one of tar; no marker line is as short

_Marked: TypeAlias = InterimResult | Result | MultilineResult | Violation


class Diagnosis:
    r"""Finds mistakes in the output of a job, chunk by chunk.

    Args:
        capture: The format that the output was captured in, one of `formats`.
        schemas: What the service's OpenAPI file says about its results, if they
            are to be checked against it.

    >>> source, diagnosis = Source("raw"), Diagnosis()
    >>> for chunk in [b"PlanQK:Job:Res", b"ult: {'sum': 42}\n"]:
    ...     for finding in diagnosis.observe(source.feed(chunk)):
    ...         print(finding.line, finding.column, finding.rule)
    1 21 json-single-quotes
    """

    def __init__(self, *, capture: str = "raw", schemas: ServiceSchemas | None = None) -> None:
        self._capture = capture
        self._schemas = schemas
        self._search = LineSearch()
        self._tail = Tail()
        self._course = Course()
        self._head: bytes | None = b""  # the first bytes of the stream, until they are judged
        self._is_archive = False
        self._is_other_encoding = False
        self._waiting = WaitingFindings()
        self._notices: dict[str, list[Finding]] = {}  # by their rules
        # Offset of each marked line whose event may still come, and whether its next line is shown.
        self._marked: dict[int, tuple[int, bool]] = {}
        self._opening = 0  # number of the last line that opened a block
        self._next_lines: dict[int, Line] = {}  # by the number of the line before
        self._deferred: dict[int, tuple[Violation, int]] = {}  # violations that wait for the next line

    def observe(self, captured: Captured) -> list[Finding]:
        """Take what `Source.feed`, `Source.end_of_file`, `Source.cut_off` or `Source.close` returned.

        Returns:
            The findings that are certain now, in the order of their places.
        """
        for chunk, line in zip(captured.chunks, captured.first_lines, strict=True):
            self._observe_bytes(chunk.data, line)
        for event in captured.events:
            if not isinstance(event, Log):
                self._observe_event(event)
        for notice in captured.notices:
            self._observe_notice(notice)
        self._forget()
        return self._release()

    def close(
        self,
        *,
        exit_code: int | None = None,
        status: JobStatus | None = None,
        why_ended: str = "",
        cut_off: bool = False,
        is_on_stderr: bool = False,
        stderr_exception: str = "",
    ) -> list[Finding]:
        """End the stream, and return the findings that are left.

        Observe first what `Source.close` returned.

        Args:
            exit_code: The exit code of the job; ``None`` if it is not known.
            status: The status that a platform gave the job. It takes the place of
                the exit code.
            why_ended: Why you ended the job, such as ``it ran longer than 5 s``; empty
                if it ended by itself. Such a job has failed.
            cut_off: Whether the stream ended before the job's output did, or
                lacks a part of it.
            is_on_stderr: Whether a result was printed on standard error.
            stderr_exception: The exception with whose traceback standard error ends, if there is one.
        """
        search = self._search
        last_line, size = search.line, search.offset
        line_count = last_line - (search.line_start == size)
        if self._head is not None:
            self._judge_head(self._head)
        if not self._is_archive:
            for found in search.close():
                self._look(found)
        for violation, offset in self._deferred.values():
            self._waiting.add(self._cause(violation, offset, None))
        self._deferred.clear()
        placed = self._release(is_end=True)
        if self._is_archive:
            return placed
        notices = [finding for findings in self._notices.values() for finding in findings]
        for finding in notices:
            if finding.severity is not Severity.INFO:
                self._course.suspect(finding)
        return [
            *placed,
            *notices,
            *self._course.close(
                exit_code=exit_code,
                status=status,
                why_ended=why_ended,
                line_count=line_count,
                is_cut_off=cut_off,
                is_on_stderr=is_on_stderr,
                stderr_exception=stderr_exception,
                exception=None if self._course.has_result else self._tail.exception(last_line, size),
            ),
        ]

    def _observe_bytes(self, data: bytes, line: int) -> None:
        if self._head is not None:
            self._judge_head(self._head + data[: ENOUGH - len(self._head)])
        if not self._is_archive:
            self._tail.feed(data)
            for found in self._search.feed(data, line):
                self._look(found)

    def _judge_head(self, head: bytes) -> None:
        """Judge the first bytes of the stream: an archive has no lines to judge."""
        if finding := archive_finding(head):
            self._is_archive = True
            self._waiting.clear()
            self._waiting.add(finding)
        self._head = head if finding is None and len(head) < ENOUGH else None

    def _look(self, found: MarkedLine | NextLine | FirstLine | AnchoredLine) -> None:
        match found:
            case MarkedLine():
                self._mark(found)
            case NextLine() if found.after in self._deferred:
                violation, offset = self._deferred.pop(found.after)
                self._waiting.add(self._cause(violation, offset, found.line))
            case NextLine():
                self._next_lines[found.after] = found.line
            case FirstLine():
                self._judge_encoding(found.line)
            case _:
                self._judge_encoding(found.line)
                if not self._is_other_encoding:
                    self._judge(found)

    def _mark(self, marked: MarkedLine) -> None:
        """Take a marked line: its event will come, and near misses before it may be its echoes."""
        self._marked[marked.number] = marked.offset, marked.shows_next
        self._waiting.drop_echoes(marked)
        if marked.is_opening:
            self._opening = marked.number

    def _judge_encoding(self, line: Line) -> None:
        if not self._is_other_encoding and (finding := encoding_finding(line)):
            self._is_other_encoding = True
            self._waiting.add(finding).is_suspect = True

    def _judge(self, anchored: AnchoredLine) -> None:
        """Judge a line that may be a near miss."""
        from planqk_protocol.diagnosis.near_misses import (  # noqa: PLC0415  # see the top
            is_protected_result,
            near_miss,
            place_of_mention,
        )

        if miss := near_miss(anchored.line, in_block=anchored.in_block):
            block = self._opening if anchored.in_block else 0
            self._waiting.add_near_miss(miss, block)
        elif is_protected_result(anchored.line):
            self._course.see_protected(anchored.line.number)
        elif not anchored.in_block and (place := place_of_mention(anchored.line)):
            self._course.see_mention(place)

    def _observe_event(self, event: _Marked) -> None:
        if self._is_archive:
            return
        offset, shows_next = self._marked.get(event.line, (self._search.line_start, False))
        finding = None
        if isinstance(event, Violation):
            finding = self._violation_finding(event, offset, shows_next=shows_next)
        for about_position in self._course.add(event, offset, violation=finding):
            self._waiting.add(about_position)
        if isinstance(event, Violation):
            waiting = self._waiting.add(finding) if finding else None
            # An oversized block is reported where it is cut, before the lines after that are known.
            if event.marker is Marker.MULTILINE_RESULT and event.code is not ViolationCode.PAYLOAD_TOO_LARGE:
                self._waiting.relate(EventPlaces(event, offset).first_line(), waiting)
        else:
            self._observe_value(event, offset)

    def _violation_finding(self, violation: Violation, offset: int, *, shows_next: bool) -> Finding | None:
        """The finding of a violation; ``None`` if it has to wait for the next line."""
        from planqk_protocol.diagnosis.violations import waits_for_next_line  # noqa: PLC0415  # see the top

        next_line = self._next_lines.get(violation.line)
        if next_line is None and shows_next and waits_for_next_line(violation):
            self._deferred[violation.line] = violation, offset
            return None
        return self._cause(violation, offset, next_line)

    def _cause(self, violation: Violation, offset: int, next_line: Line | None) -> Finding:
        from planqk_protocol.diagnosis.violations import violation_finding  # noqa: PLC0415  # see the top

        return violation_finding(violation, offset, slot=self._course.slot, next_line=next_line)

    def _observe_value(self, event: InterimResult | Result | MultilineResult, offset: int) -> None:
        for about_value in value_findings(event, offset, capture=self._capture):
            self._waiting.add(about_value)
        for about_schema in self._schemas.findings(event, offset) if self._schemas else ():
            self._waiting.add(about_schema)
        if isinstance(event, MultilineResult):
            self._waiting.relate(EventPlaces(event, offset).first_line(), None)

    def _observe_notice(self, notice: CaptureNotice) -> None:
        finding = notice_finding(notice)
        kept = self._notices.setdefault(finding.rule, [])
        if len(kept) < _MOST_NOTICES:
            kept.append(finding)

    def _forget(self) -> None:
        """Forget the marked lines whose events have come."""
        start = self._search.line_start
        opening = self._opening if self._search.in_block else 0
        self._marked = {
            number: item for number, item in self._marked.items() if number == opening or item[0] >= start
        }
        self._waiting.forget_blocks(opening)
        self._next_lines.clear()

    def _release(self, *, is_end: bool = False) -> list[Finding]:
        """Take out the findings before which no other one can come any more, in order."""
        if not self._waiting or (self._may_be_archive() and not is_end):
            return []
        released = self._waiting.release(inf if is_end else self._first_open())
        for item in released:
            if item.is_suspect:
                self._course.suspect(item.finding)
        return [item.finding for item in released]

    def _may_be_archive(self) -> bool:
        """Whether the next bytes may show an archive: one of tar begins with a name and NULs."""
        head = self._head
        return head is not None and (len(head) < _MARK_OF_ARCHIVE or b"\0" in head)

    def _first_open(self) -> float:
        """Number of the first line that may still have, or lose, a finding."""
        block = self._opening if self._search.in_block else inf
        return min([self._waiting.first_open(self._search.line), block, *self._deferred])


def diagnose(
    data: bytes,
    *,
    capture: str = "raw",
    exit_code: int | None = None,
    limits: Limits = Limits(),
    schemas: ServiceSchemas | None = None,
) -> list[Finding]:
    r"""Find the mistakes in the whole output of a job.

    Args:
        data: The output, or a capture of it.
        capture: The format of the capture, one of `planqk_protocol.captures.formats`.
        exit_code: The exit code of the job; ``None`` if it is not known.
        limits: Bounds on lines and payloads.
        schemas: As for `Diagnosis`.

    Returns:
        The findings in the order of their places. Those without a place come last.

    Raises:
        TypeError: `data` is not bytes.
        ValueError: There is no such format.

    >>> for finding in diagnose(b"PlanQK:Job:InterimResult: {'sum': 42}\nPlanQK:Job:Result: 42\n"):
    ...     print(finding.line, finding.column, finding.rule)
    1 28 json-single-quotes
    """
    source, stderr = Source(capture, limits=limits, logs=False), StderrSearch(capture)
    diagnosis = Diagnosis(capture=capture, schemas=schemas)
    findings = diagnosis.observe(source.feed(data))
    if not source.result:  # else no finding tells what is on standard error
        stderr.feed(data, next(iter(source.containers), None))
    findings += diagnosis.observe(source.close())
    stderr.close()
    return findings + diagnosis.close(exit_code=exit_code, is_on_stderr=stderr.found)
