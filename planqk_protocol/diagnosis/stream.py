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

Findings come in the order of their places. A finding waits in `_waiting` until none
can come that belongs before it:

*   A violation or a near miss in an open block waits for the end of the block, as the
    violation of the block itself stands at its first line.
*   Some violations wait for the next line, which may show the cause: the JSON that was
    printed there.
*   A near miss may be an *echo*: a trace of the shell or a logger's copy of a line
    that is marked, and no mistake. It waits for `_NEAR` lines. If a marked line of the
    same text comes among them, or came as near before it, the near miss is dropped.

So findings do not depend on the chunks, and at most `_MOST_IN_BLOCK` near misses of
one block are held.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TypeAlias

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures import Captured, CaptureNotice, Source
from planqk_protocol.diagnosis.encodings import ENOUGH, archive_finding, encoding_finding
from planqk_protocol.diagnosis.finding import Finding, Place, Related, Severity
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.line_search import AnchoredLine, LineSearch, MarkedLine, NextLine
from planqk_protocol.diagnosis.near_misses import NearMiss, echo_key, near_miss
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.diagnosis.outcomes import Course, notice_finding
from planqk_protocol.diagnosis.values import value_findings
from planqk_protocol.diagnosis.violations import violation_finding, waits_for_next_line
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

__all__ = ["Diagnosis", "diagnose"]

_NEAR = 8  # lines between a marked line and its echo
_MOST_IN_BLOCK = 100
_MOST_RELATED = 5
_MOST_NOTICES = 100  # of a kind
_MARK_OF_ARCHIVE = 16  # bytes that tell any archive but one of tar; no marker line is as short
_OPENED = "the block was opened here"
_IN_BLOCK = "this line is inside the block"

_Marked: TypeAlias = InterimResult | Result | MultilineResult | Violation


class _Waiting(msgspec.Struct):
    """A finding with a place that has not come out yet.

    Attributes:
        finding: The finding.
        line: Number of its line.
        column: Its column.
        echo: If it is a near miss: what it has in common with the marked line that it may be an echo of.
        block: If it is a near miss in a block: number of the line that opened the block. No line there is
            an echo, as all of them are part of the JSON.
        is_suspect: Whether it may be why there is no result.
        is_dropped: Whether it turned out to be no mistake.
    """

    finding: Finding
    line: int
    column: int
    echo: bytes | None = None
    block: int = 0
    is_suspect: bool = False
    is_dropped: bool = False


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
        self._course = Course()
        self._head: bytes | None = b""  # the first bytes of the stream, until they are judged
        self._is_archive = False
        self._is_other_encoding = False
        self._waiting: list[_Waiting] = []
        self._notices: dict[str, list[Finding]] = {}  # by their rules
        # Offset of each marked line whose event may still come, and whether its next line is shown.
        self._marked: dict[int, tuple[int, bool]] = {}
        self._recent: deque[MarkedLine] = deque(maxlen=_NEAR)
        self._last_miss = 0  # number of the last line with a near miss
        self._possible_echoes: deque[_Waiting] = deque(maxlen=_NEAR)  # near misses, at most one of a line
        self._misses: dict[int, list[_Waiting]] = {}  # near misses in a block, by the line that opened it
        self._opening = 0  # number of the last line that opened a block
        self._next_lines: dict[int, Line] = {}  # by the number of the line before
        self._deferred: dict[int, tuple[Violation, int]] = {}  # violations that wait for the next line
        self._slot: Place | None = None  # of the event that took the result slot

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
        for chunk in captured.stderr:
            self._course.add_stderr(chunk.data)
        for notice in captured.notices:
            self._observe_notice(notice)
        self._forget()
        return self._release()

    def close(self, *, exit_code: int | None = None, cut_off: bool = False) -> list[Finding]:
        """End the stream, and return the findings that are left.

        Observe first what `Source.close` returned.

        Args:
            exit_code: The exit code of the job; ``None`` if it is not known.
            cut_off: Whether the stream ended before the job's output did, or
                lacks a part of it.
        """
        search = self._search
        line_count = search.line - (search.line_start == search.offset)
        if self._head is not None:
            self._judge_head(self._head)
        if not self._is_archive:
            for found in search.close():
                self._look(found)
        for violation, offset in self._deferred.values():
            self._add(violation_finding(violation, offset, slot=self._slot))
        self._deferred.clear()
        placed = self._release(is_end=True)
        if self._is_archive:
            return placed
        notices = [finding for findings in self._notices.values() for finding in findings]
        for finding in notices:
            if finding.severity is not Severity.INFO:
                self._course.suspect(finding)
        outcome = self._course.close(exit_code=exit_code, line_count=line_count, is_cut_off=cut_off)
        return placed + notices + outcome

    def _observe_bytes(self, data: bytes, line: int) -> None:
        if self._head is not None:
            self._judge_head(self._head + data[: ENOUGH - len(self._head)])
        if not self._is_archive:
            for found in self._search.feed(data, line):
                self._look(found)

    def _judge_head(self, head: bytes) -> None:
        """Judge the first bytes of the stream: an archive has no lines to judge."""
        if finding := archive_finding(head):
            self._is_archive = True
            self._waiting.clear()
            self._add(finding)
        self._head = head if finding is None and len(head) < ENOUGH else None

    def _look(self, found: MarkedLine | NextLine | AnchoredLine) -> None:
        match found:
            case MarkedLine():
                self._mark(found)
            case NextLine() if found.after in self._deferred:
                violation, offset = self._deferred.pop(found.after)
                self._add(violation_finding(violation, offset, slot=self._slot, next_line=found.line))
            case NextLine():
                self._next_lines[found.after] = found.line
            case AnchoredLine():
                self._judge(found)

    def _mark(self, marked: MarkedLine) -> None:
        """Take a marked line: its event will come, and near misses before it may be its echoes."""
        self._marked[marked.number] = marked.offset, marked.shows_next
        self._recent.append(marked)
        if marked.is_opening:
            self._opening = marked.number
        if self._possible_echoes:
            key, first = echo_key(marked.beginning), marked.number - _NEAR
            for item in self._possible_echoes:
                item.is_dropped |= item.echo == key and item.line >= first

    def _judge(self, anchored: AnchoredLine) -> None:
        """Judge a line that may be a near miss."""
        line, block = anchored.line, self._opening if anchored.in_block else 0
        if self._is_other_encoding:
            return
        if finding := encoding_finding(line):
            self._is_other_encoding = True
            self._add(finding).is_suspect = True
        elif (miss := near_miss(line, in_block=anchored.in_block)) and self._has_room(line.number, block):
            self._add_miss(miss, block)

    def _has_room(self, number: int, block: int) -> bool:
        """Whether a near miss is the first one of its line, and not one too many of its block."""
        if number == self._last_miss:
            return False  # of a long line, several parts are looked at
        return len(self._misses.get(block, ())) < _MOST_IN_BLOCK

    def _echoes(self, echo: bytes, number: int) -> bool:
        """Whether a marked line of the same text stands shortly before a line."""
        nearest = (marked for marked in self._recent if marked.number >= number - _NEAR)
        return any(echo_key(marked.beginning) == echo for marked in nearest)

    def _observe_event(self, event: _Marked) -> None:
        if self._is_archive:
            return
        offset, shows_next = self._marked.get(event.line, (self._search.line_start, False))
        finding = None
        if isinstance(event, Violation):
            finding = self._violation_finding(event, offset, shows_next=shows_next)
        for about_position in self._course.add(event, offset, violation=finding):
            self._add(about_position)
        if not isinstance(event, Violation):
            for about_value in value_findings(event, offset, capture=self._capture):
                self._add(about_value)
            for about_schema in self._schemas.findings(event, offset) if self._schemas else ():
                self._add(about_schema)
        elif finding:
            self._add(finding)
        if event.line in self._misses and not isinstance(event, InterimResult | Result):
            self._relate(event, offset)
        if self._slot is None and not isinstance(event, InterimResult):
            self._slot = _first_line(event, offset)

    def _violation_finding(self, violation: Violation, offset: int, *, shows_next: bool) -> Finding | None:
        """The finding of a violation; ``None`` if it has to wait for the next line."""
        next_line = self._next_lines.get(violation.line)
        if next_line is None and shows_next and waits_for_next_line(violation):
            self._deferred[violation.line] = violation, offset
            return None
        return violation_finding(violation, offset, slot=self._slot, next_line=next_line)

    def _relate(self, block: MultilineResult | Violation, offset: int) -> None:
        """Let the violation of a block and the near misses in it point at each other."""
        # An oversized block is reported where it is cut, before the lines after that are known.
        if isinstance(block, Violation) and block.code is ViolationCode.PAYLOAD_TOO_LARGE:
            return
        own = self._waiting[-1].finding if isinstance(block, Violation) else None
        misses, opening = self._misses.pop(block.line), Related(_OPENED, _first_line(block, offset))
        for item in misses:
            # In a valid block it is text in the JSON. And the violation may be about the same marker.
            item.is_dropped = own is None or (item.finding.rule, item.line) == (own.rule, own.line)
            item.finding = _with_related(item.finding, [opening])
        if own:
            kept = [item for item in misses if not item.is_dropped]
            related = [opening] if len(kept) < len(misses) else []
            places = [item.finding.place for item in kept[:_MOST_RELATED]]
            related += [Related(_IN_BLOCK, place) for place in places if place]
            self._waiting[-1].finding = _with_related(own, related)

    def _observe_notice(self, notice: CaptureNotice) -> None:
        finding = notice_finding(notice)
        kept = self._notices.setdefault(finding.rule, [])
        if len(kept) < _MOST_NOTICES:
            kept.append(finding)

    def _add(self, finding: Finding) -> _Waiting:
        self._waiting.append(_Waiting(finding, finding.line or 0, finding.column or 0))
        return self._waiting[-1]

    def _add_miss(self, miss: NearMiss, block: int) -> None:
        if not block and self._echoes(miss.echo, miss.finding.line or 0):
            return
        item = self._add(miss.finding)
        self._last_miss = item.line
        if block:
            item.block = block
            self._misses.setdefault(block, []).append(item)
        else:
            item.echo = miss.echo
            item.is_suspect = miss.marker is not Marker.INTERIM_RESULT
            self._possible_echoes.append(item)

    def _forget(self) -> None:
        """Forget the marked lines whose events have come."""
        start = self._search.line_start
        opening = self._opening if self._search.in_block else 0
        self._marked = {
            number: item for number, item in self._marked.items() if number == opening or item[0] >= start
        }
        self._misses = {number: items for number, items in self._misses.items() if number == opening}
        self._next_lines.clear()

    def _release(self, *, is_end: bool = False) -> list[Finding]:
        """Take out the findings before which no other one can come any more, in order."""
        if not self._waiting or (self._may_be_archive() and not is_end):
            return []
        self._waiting = [item for item in self._waiting if not item.is_dropped]
        self._waiting.sort(key=lambda item: (item.line, item.column))
        count = len(self._waiting)
        if not is_end:
            first = self._first_open()
            count = next((at for at, item in enumerate(self._waiting) if item.line >= first), count)
        released = [item.finding for item in self._waiting[:count]]
        for item in self._waiting[:count]:
            if item.is_suspect:
                self._course.suspect(item.finding)
        del self._waiting[:count]
        return released

    def _may_be_archive(self) -> bool:
        """Whether the next bytes may show an archive: one of tar begins with a name and NULs."""
        head = self._head
        return head is not None and (len(head) < _MARK_OF_ARCHIVE or b"\0" in head)

    def _first_open(self) -> float:
        """Number of the first line that may still have, or lose, a finding."""
        line = self._search.line
        open_lines = [
            item.line
            for item in self._waiting
            # Another part of a long line must not be found once more, so a near miss waits for its end.
            if item.echo is not None and item.line + (_NEAR if item.echo else 0) >= line
        ]
        if self._search.in_block:
            open_lines.append(self._opening)
        return min([*open_lines, *self._deferred], default=inf)


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

    >>> for finding in diagnose(b"PlanQK:Job:Result: {'sum': 42}\n"):
    ...     print(finding.line, finding.column, finding.rule)
    1 21 json-single-quotes
    """
    source = Source(capture, limits=limits, logs=False, stderr=True)
    diagnosis = Diagnosis(capture=capture, schemas=schemas)
    findings = diagnosis.observe(source.feed(data))
    findings += diagnosis.observe(source.close())
    return findings + diagnosis.close(exit_code=exit_code)


def _with_related(finding: Finding, related: list[Related]) -> Finding:
    return msgspec.structs.replace(finding, related=(*finding.related, *related))


def _first_line(event: _Marked, offset: int) -> Place:
    """The place of the first line of an event."""
    line = event.raw.partition(LF)[0].removesuffix(b"\r")
    return Place(event.line, 1, offset, len(line))
