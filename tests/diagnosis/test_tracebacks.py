"""The exception that ended a job, as its traceback at the end of the output tells it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis, Finding, Place, Severity, diagnose
from planqk_protocol.diagnosis.tracebacks import Tail, last_exception

HEADER = b"Traceback (most recent call last):"
TRACEBACK = HEADER + b'\n  File "job.py", line 3, in <module>\n    solve()\nValueError: no solution\n'
SHOWN = "most likely, an exception ended the job: 'ValueError: no solution'"
INTERIM = b"PlanQK:Job:InterimResult: 1\n"
FENCE = b"PlanQK:Job:MultilineResult\n"


def shown(data: bytes) -> str | None:
    raised = last_exception(data)
    return raised.shown if raised else None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (TRACEBACK, "'ValueError: no solution'"),
        (TRACEBACK[:-1], "'ValueError: no solution'"),
        (TRACEBACK.replace(b"\n", b"\r\n"), "'ValueError: no solution'"),
        (b" 40%|####    | 4/10 [00:01]" + TRACEBACK, "'ValueError: no solution'"),
        (
            TRACEBACK + b"\nDuring handling, another one:\n\n" + HEADER + b"\n  x\nKeyError: 1\n",
            "'KeyError: 1'",
        ),
        (HEADER + b"\n  x\nplanqk.NoBackend\n", "'planqk.NoBackend'"),
        (TRACEBACK + b"for 3 reasons:\n- one\n- two\n- three\n", "'ValueError: no solution'"),
        (TRACEBACK + b"tried again\n" * 11, None),  # the job went on
        (TRACEBACK + b"  indented\n\n" * 11, "'ValueError: no solution'"),
        (TRACEBACK + INTERIM, None),
        (HEADER + b"\n  x\n", None),
        (b"it said " + HEADER + b" and went on\nValueError: x\n", None),
        (TRACEBACK + b" " * 20_000, None),
        (b"", None),
    ],
)
def test_the_last_exception(data: bytes, expected: str | None) -> None:
    assert shown(data) == expected


def test_of_a_long_message_the_beginning_is_shown() -> None:
    assert shown(HEADER + b"\n  x\nValueError: " + b"x" * 5000) == f"'ValueError: {'x' * 88}'…(+4912)"


@pytest.mark.parametrize("before", [b"", b"log\n" * 3, b"log \xc3\xa4\n" * 100_000])
@pytest.mark.parametrize("size", [1000, 65_536, 10_000_000])
def test_the_place_of_a_traceback_does_not_depend_on_the_chunks(before: bytes, size: int) -> None:
    stream = before + "50 % für ".encode() + TRACEBACK
    tail = Tail()
    for at in range(0, len(stream), size):
        tail.feed(stream[at : at + size])
    place = Place(before.count(b"\n") + 1, 10, len(before) + 10, len(HEADER))
    found = tail.exception(stream.count(b"\n") + 1, len(stream))
    assert found == ("'ValueError: no solution'", place)


def no_result(findings: list[Finding]) -> Finding:
    return next(finding for finding in findings if finding.rule == "no-result")


@pytest.mark.parametrize(("exit_code", "severity"), [(None, "error"), (0, "error"), (1, "warning")])
def test_no_result_names_the_exception_that_ended_the_job(exit_code: int | None, severity: str) -> None:
    [found] = diagnose(INTERIM + TRACEBACK, exit_code=exit_code)
    assert (found.rule, found.severity) == ("no-result", Severity(severity))
    assert found.message.endswith(SHOWN)
    assert "InterimResult" not in found.advice
    [related] = found.related
    assert related.place == Place(2, 1, len(INTERIM), len(HEADER))


def test_a_mistake_in_a_marker_tells_more_than_an_exception() -> None:
    found = no_result(diagnose(b" PlanQK:Job:Result: 42\n" + TRACEBACK))
    assert "marker-indented" in found.message
    assert [related.place.line for related in found.related] == [1]


def test_who_ended_a_job_tells_more_than_its_traceback() -> None:
    source, diagnosis = Source("raw"), Diagnosis()
    diagnosis.observe(source.feed(TRACEBACK))
    diagnosis.observe(source.close())
    [found] = diagnosis.close(exit_code=1, why_ended="it ran longer than 2 s")
    assert "it ran longer than 2 s" in found.message


def test_an_exception_that_left_a_block_open_is_why() -> None:
    first, _ = diagnose(FENCE + b'{"sum": 42,\n' + TRACEBACK)
    assert first.rule == "unterminated-block"
    assert first.message == f"the block is never closed: {SHOWN}"
    assert "Close the block" not in first.advice
    assert [related.place.line for related in first.related] == [3]


def test_a_real_traceback_is_found() -> None:
    code = "print('saving')\nraise ValueError('no solution')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    assert no_result(diagnose(done.stdout)).message.endswith(SHOWN)
