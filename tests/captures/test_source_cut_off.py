"""The end of a capture: a line that it cuts off is no result."""

from __future__ import annotations

import pytest

from planqk_protocol import (
    Log,
    Result,
    Violation,
)
from planqk_protocol.captures import Source
from tests.captures.source_cases import BLOCK, CRI, LOST, RESULT, cri, read, shown


@pytest.mark.parametrize("line", [b"PlanQK:Job:Result: 4", b"PlanQK:Job:InterimResult: 4"])
def test_a_line_that_the_capture_cuts_off_is_no_result(line: bytes) -> None:
    (event,), kinds = read(cri(line)[:-1])
    assert kinds == ["truncated"]
    assert isinstance(event, Violation)
    assert (event.raw, event.suspect, event.code.value) == (line, True, "invalid-json")
    assert (event.line, event.error_line, event.column, event.offset) == (1, 1, len(line) + 1, len(line))


@pytest.mark.parametrize(
    ("format_id", "prefix", "is_result"),
    [
        ("compose-logs", b"job-1 | ", False),
        ("docker-logs-timestamps", b"2024-05-01T10:00:00.000000001Z ", True),
        ("docker-logs-details", b" ", True),
        ("kubectl-logs", b"[pod/a/b] ", True),
        ("planqk-log", b'[{"message":"', False),
    ],
)
def test_a_last_line_without_line_end_is_a_result_where_the_command_prints_it(
    format_id: str, prefix: bytes, is_result: bool
) -> None:
    (event,), kinds = read(prefix + b"PlanQK:Job:Result: 4", format_id)
    assert isinstance(event, Result) == is_result
    assert kinds == ([] if is_result else ["truncated"])


def test_a_block_whose_fence_the_capture_cuts_off_is_no_result() -> None:
    (log, event), _ = read(cri(b"a\n" + BLOCK)[:-1])
    assert isinstance(log, Log)
    assert isinstance(event, Violation)
    assert (event.line, event.error_line, event.column, event.offset) == (2, 6, 27, 2 + len(BLOCK) - 1)


@pytest.mark.parametrize(
    ("capture", "kind"),
    [
        (cri(b"PlanQK:Job:Result: 4", tag="P") + LOST, "corrupt"),
        (cri(b"PlanQK:Job:Result: 4", tag="P") + cri(b"2\n")[:9], "truncated"),
    ],
)
def test_a_line_is_cut_off_wherever_its_next_piece_is_lost(capture: bytes, kind: str) -> None:
    (event,), kinds = read(capture)
    assert kinds == [kind]
    assert isinstance(event, Violation)


def test_a_line_without_line_end_is_a_result_where_nothing_is_lost() -> None:
    capture = cri(LOST) + LOST + cri(b"PlanQK:Job:Result: 4", tag="P") + cri(b"e\n", stream="stderr")[:-1]
    events, kinds = read(capture)
    assert kinds == ["corrupt", "truncated"]
    assert shown(events[-1:]) == [("Result", 2, True)]


def test_log_text_and_violations_are_what_they_are_where_the_capture_cuts_them_off() -> None:
    (event,), _ = read(cri(b"sta")[:-1])
    assert event == Log(1, "sta", b"")
    (violation,), _ = read(cri(b'PlanQK:Job:Result: {"v"')[:-1])
    assert isinstance(violation, Violation)
    assert violation.suspect


def test_a_result_at_the_end_of_a_capture_is_the_result_of_the_source() -> None:
    source = Source(CRI)
    source.feed(cri(RESULT[:-1], tag="P"))
    assert source.result is None
    (event,) = source.close().events
    assert source.result is event


def test_a_result_that_the_capture_cuts_off_is_no_result_of_the_source() -> None:
    source = Source(CRI)
    source.feed(cri(RESULT[:-1], tag="P"))
    source.cut_off()
    (event,) = source.close().events
    assert isinstance(event, Violation)
    assert source.result is None
