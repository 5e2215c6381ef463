"""Real jobs: whatever prints beside an emitter, the parser finds exactly the results given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planqk_protocol import (
    Event,
    InterimResult,
    Log,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
    parse,
)
from tests.emit.jobs import NUMBERS

JOBS = Path(__file__).with_name("jobs.py")
DEADLINE = 40  # seconds
ROOT = JOBS.parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@contextmanager
def start(name: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a job. One that hangs is ended, with its children."""
    pipe = subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""} | environment
    command = [sys.executable, str(JOBS), name]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment, start_new_session=True) as job:
        timer = threading.Timer(DEADLINE, os.killpg, [job.pid, signal.SIGKILL])
        timer.start()
        try:
            yield job
        finally:
            timer.cancel()


def output(name: str, **environment: str) -> bytes:
    """What a job prints that ends well and says nothing on standard error."""
    with start(name, **environment) as job:
        out, err = job.communicate()
    assert (job.returncode, err) == (0, b"")
    return out


def marked(data: bytes) -> list[Event]:
    return [event for event in parse(data) if not isinstance(event, Log)]


@pytest.mark.parametrize("size", ["short", "long"])
def test_threads_processes_and_native_code(size: str) -> None:
    events = marked(output(f"crowd-{size}"))
    assert not [event for event in events if isinstance(event, Violation)]
    (result,) = (event for event in events if isinstance(event, Result))
    assert result.value["sum"] == 42
    interims = [event.value for event in events if isinstance(event, InterimResult)]
    writers = [f"{kind} {number}" for kind in ("thread", "child") for number in range(3)]
    assert sorted({value["by"] for value in interims}) == sorted(writers)
    for writer in writers:
        numbers = [value["number"] for value in interims if value["by"] == writer]
        assert numbers == list(range(NUMBERS))
    assert {type(event) for event in events} == {Result, InterimResult}


def test_lines_that_others_leave_unfinished() -> None:
    *interims, result = marked(output("beside_others"))
    assert isinstance(result, MultilineResult)
    assert result.value == {"sum": 42}
    numbers = [event.value["number"] for event in interims if isinstance(event, InterimResult)]
    assert numbers == list(range(len(interims))) == list(range(NUMBERS))


def streams(data: bytes) -> list[bytes]:
    """The streams that `jobs.killed` reports."""
    found = []
    while data:
        size = int.from_bytes(data[:8]) + 8
        found.append(data[8:size])
        data = data[size:]
    return found


def test_a_job_that_is_killed_leaves_whole_lines_up_to_the_size_of_an_atomic_write() -> None:
    found = streams(output("killed-short"))
    assert len(found) == 25
    for stream in found:
        events = marked(stream)
        assert {type(event) for event in events} <= {InterimResult, MultilineResult}
        assert all(event.terminated for event in events)
        numbers = [event.value[0] for event in events if isinstance(event, InterimResult)]
        assert numbers == list(range(len(numbers)))


def test_what_a_kill_cuts_is_no_result() -> None:
    found = streams(output("killed-long"))
    assert len(found) == 25
    for stream in found:
        events = marked(stream)
        for event in events:
            if isinstance(event, Violation):
                assert event.code in {ViolationCode.INVALID_JSON, ViolationCode.UNTERMINATED_BLOCK}
                assert event is events[-1]
                assert stream.endswith(event.raw)
            else:
                assert isinstance(event, InterimResult | MultilineResult)
                assert event.terminated or event is events[-1]  # only its LF was cut


def test_one_of_many_processes_prints_its_result() -> None:
    out = output("one_of_many")
    assert [type(event) for event in marked(out)] == [Result]
    assert b"exit codes [0, 3, 3, 3, 3, 3, 3, 3]\n" in out


def test_a_reader_that_goes_ends_the_job_without_noise() -> None:
    with start("until_closed") as job:
        assert job.stdout
        assert job.stderr
        assert job.stdout.read(1000)
        job.stdout.close()
        errors = job.stderr.read().decode()
        assert job.wait() == 1
    assert errors.count("Traceback (most recent call last)") == 1
    assert errors.endswith(
        "BrokenPipeError: [Errno 32] the reader of the job's output is gone, so nothing more can be printed; "
        "end the job\n"
    )


def test_a_signal_handler_that_prints_keeps_the_exit_code() -> None:
    with start("until_signal") as job:
        assert job.stdout
        data = job.stdout.read(3_000_000)
        time.sleep(0.05)  # the job waits for its reader now, in the middle of a line
        job.terminate()
        data += job.stdout.read()
        assert job.wait() == 7
    events = parse(data)
    assert isinstance(events[-1], Log)
    assert events[-1].text == "asked to end"
    assert isinstance(events[1], InterimResult)


def test_utf_8_whatever_the_locale() -> None:
    out = output("of_another_locale", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="latin-1")
    assert out == "grün €\n".encode() + b'\nPlanQK:Job:Result: "gr\\u00fcn \\u20ac"\n'


def test_text_that_the_c_library_holds_back_stays_on_its_side() -> None:
    first, *captured, last = output("native_text_at_the_end").splitlines()
    assert first == b"PlanQK:Job:InterimResult: 1"
    assert sorted(captured) == [b">PlanQK:Job:Result: 2", b">PlanQK:Job:Result: 3"]
    assert last == b"PlanQK:Job:InterimResult: 4"
