"""How jobs that are commands end: by themselves, by a time limit, or because nobody reads them any more."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from planqk_protocol import (
    Event,
    InterimResult,
    JobStatus,
    Log,
    Result,
    Violation,
    descendants,
    runner,
)
from planqk_protocol.runner import Run, command
from tests.runner.jobs import (
    PROCESSES,
    TREE,
    assert_all_are_gone,
    events_of,
    python,
    wait_for,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")


@posix
def test_a_job_that_runs_too_long_is_ended() -> None:
    code = "import time; print('PlanQK:Job:Result: 1', flush=True); time.sleep(60)"
    job = runner.run(python(code), timeout=1.5)
    assert [type(event) for event in events_of(job)] == [Result]
    assert (job.why_ended, job.outcome.exit_code) == ("it ran longer than 1.5 s", -signal.SIGTERM)
    assert job.outcome.status is JobStatus.FAILED
    assert 1.5 <= job.duration < 50
    assert [finding.message for finding in job.findings] == [
        "the job gave a result, but it was ended because it ran longer than 1.5 s, so it counts as failed"
    ]


@posix
def test_a_job_that_is_killed_at_its_time_limit_is_not_said_to_need_memory() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(600)"
    job = runner.run(python(code), timeout=1.5, grace=0)
    events_of(job)
    assert job.outcome.exit_code in {-signal.SIGKILL, -signal.SIGTERM}  # a slow start meets SIGTERM first
    [found] = job.findings
    assert "the job was ended before it printed one, because it ran longer than 1.5 s" in found.message
    assert "memory" not in found.advice


@posix
def test_a_job_may_end_in_its_own_way_within_the_grace_period_and_has_failed() -> None:
    code = """
import signal, sys, time
def end(*_):
    print("PlanQK:Job:Result: 1", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
    job = runner.run(python(code), timeout=1.5)
    assert [type(event) for event in events_of(job)] == [Log, Result]
    assert (job.outcome.exit_code, job.outcome.status) == (0, JobStatus.FAILED)


@posix
@pytest.mark.parametrize("how", ["", "stubborn"])
def test_nothing_is_left_of_a_job_that_is_ended(tmp_path: Path, how: str) -> None:
    pids = tmp_path / "pids"
    job = runner.run(python(TREE + "time.sleep(60)", pids, how), grace=0.3)
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == PROCESSES)
    job.stop("the test has seen enough")
    job.stop("again")
    assert events_of(job) == []
    assert job.why_ended == "the test has seen enough"
    assert job.outcome.exit_code == (-signal.SIGKILL if how else -signal.SIGTERM)
    assert_all_are_gone(pids)


@posix
def test_nothing_is_left_of_a_job_that_ends_by_itself(tmp_path: Path) -> None:
    """Its children hold the pipes, but the job is over when its first process is."""
    pids = tmp_path / "pids"
    code = (
        TREE
        + f"""
if os.getppid() != {os.getpid()}: time.sleep(60)
while len(open(sys.argv[1]).read().split()) < {PROCESSES}: time.sleep(0.01)
print("PlanQK:Job:Result: 1", flush=True)
"""
    )
    started = time.monotonic()
    job = runner.run(python(code, pids))
    assert [type(event) for event in events_of(job)] == [Result]
    assert job.outcome.status is JobStatus.SUCCEEDED
    assert time.monotonic() - started < 30
    assert_all_are_gone(pids)


@posix
def test_a_child_that_cannot_be_found_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descendants, "_PROCESSES", tmp_path)
    monkeypatch.setattr(command, "_PATIENCE", 0.2)
    pid = tmp_path / "pid"
    code = """
import os, sys, time
if not os.fork():
    os.setsid()
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(60)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
print("PlanQK:Job:Result: 1")
"""
    job = runner.run(python(code, pid))
    assert [type(event) for event in events_of(job)] == [Result]
    os.kill(int(pid.read_text()), signal.SIGKILL)


@posix
def test_leaving_the_iteration_ends_the_job(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    job = runner.run(python(TREE + "print('x', flush=True); time.sleep(60)", pids))
    for _ in job:
        break
    gc.collect()
    assert_all_are_gone(pids)
    assert job.why_ended == "its output was not read to the end"
    assert job.outcome.status is JobStatus.FAILED
    assert list(job) == []


@posix
def test_a_job_that_prints_without_end_is_ended() -> None:
    with runner.run(python("while True: print('x' * 1000)"), logs=False) as job:
        assert list(zip(job.steps(), range(3), strict=False))
    wait_for(lambda: not any(thread.name == "planqk-protocol" for thread in threading.enumerate()))
    assert job.outcome.status is JobStatus.FAILED


def test_nothing_is_taken_of_a_job_that_is_closed() -> None:
    job = runner.run(python("print('x')"))
    steps = job.steps()
    next(steps)
    job.close()
    assert job._next_steps(0) == []  # noqa: SLF001  # as a thread calls it whose task was cancelled


@posix
def test_a_job_that_is_forgotten_is_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    job = runner.run(python(TREE + "time.sleep(60)", pids))
    wait_for(pids.exists)
    del job
    gc.collect()
    assert_all_are_gone(pids)


@posix
@pytest.mark.parametrize("how", ["", "stubborn"])
def test_a_program_that_fails_ends_its_jobs(tmp_path: Path, how: str) -> None:
    program, pids = tmp_path / "program.py", tmp_path / "pids"
    command = python(TREE + "print('x', flush=True); time.sleep(60)", pids, how)
    program.write_text(
        f"from planqk_protocol import runner\njob = runner.run({command!r}, grace=0.3)\nsteps = job.steps()\n"
        "next(iter(step for step in steps if step))\nraise SystemExit(7)\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (7, b"")
    assert_all_are_gone(pids)


@posix
def test_a_task_that_is_cancelled_ends_its_job(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def read(job: Run) -> None:
        async with job:
            async for _ in job:
                raise AssertionError

    async def main() -> Run:
        job = runner.run(python(TREE + "time.sleep(60)", pids))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await read(job)
        return job

    job = asyncio.run(main())
    assert job.why_ended == "the task was cancelled"
    assert_all_are_gone(pids)


@posix
def test_the_loop_goes_on_while_a_job_is_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        async for _ in runner.run(
            python(TREE + "print('x', flush=True); time.sleep(60)", pids, "stubborn"), grace=0.5
        ):
            ticks = 0
            break
        await asyncio.sleep(1)
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 10
    assert_all_are_gone(pids)


@posix
@pytest.mark.parametrize(
    ("printed", "kind", "is_outcome_suspect"),
    [
        ("PlanQK:Job:Result: 4", Result, True),
        ("PlanQK:Job:InterimResult: 4", InterimResult, False),
        ("PlanQK:Job:Result: [4", Violation, False),
        ("text", Log, False),
    ],
)
@pytest.mark.parametrize("way", ["crash", "timeout", "exit"])
def test_what_a_killed_job_left_unfinished_is_marked(
    printed: str, kind: type[Event], is_outcome_suspect: bool, way: str
) -> None:
    ends = {
        "crash": "os.kill(os.getpid(), signal.SIGKILL)",
        "timeout": "time.sleep(60)",
        "exit": "os._exit(0)",
    }
    code = f"import os, signal, time; os.write(1, b{printed!r}); {ends[way]}"
    job = runner.run(python(code), timeout=0.5 if way == "timeout" else None)
    [event] = events_of(job)
    assert type(event) is kind
    assert not event.terminated
    is_killed = way != "exit"
    if isinstance(event, Result | InterimResult):
        assert event.suspect is is_killed
    assert job.outcome.suspect is (is_outcome_suspect and is_killed)


@posix
def test_a_job_that_cannot_be_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(command, "_AFTER_KILL", 0.1)
    monkeypatch.setattr(command, "terminate", lambda leader, _tag: running.append(leader))
    monkeypatch.setattr(command, "kill_group", lambda _leader: None)
    monkeypatch.setattr(command, "kill_tagged", lambda _tag: None)
    with runner.run(python("import time; time.sleep(60)"), grace=0.1):
        pass
    running[0].kill()
    running[0].wait()


def test_without_process_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    job = runner.run(python("import time; time.sleep(60)"), timeout=0.3)
    assert events_of(job) == []
    assert job.why_ended == "it ran longer than 0.3 s"
