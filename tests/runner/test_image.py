"""Images as jobs, with docker-py against a small engine."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol import Event, JobStatus, Result, runner
from planqk_protocol.engines import EngineError, docker
from planqk_protocol.engines.docker_api import NO_ENGINE
from planqk_protocol.runner import JobInput, RunError, image
from tests.engines.servers import serving
from tests.engines.small_engine import BEGIN, SECOND
from tests.runner.image_engine import ImageEngine
from tests.runner.jobs import input_folders, use_own_temporary_folder


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ImageEngine]:
    use_own_temporary_folder(tmp_path, monkeypatch)
    made = ImageEngine()
    monkeypatch.setattr(docker, "_FIRST_DELAY", 0)
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 0.01)
    monkeypatch.setattr(docker, "_GIVE_UP_AFTER", 0.2)
    monkeypatch.setattr(image, "_AFTER_KILL", 5)
    with serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made
        made.exited.set()
    assert input_folders() == set()


def test_a_container_is_a_job(engine: ImageEngine) -> None:
    engine.errors = b"warning\n"
    errors: list[bytes] = []
    job = runner.run_image(
        "job", ["run", "--in={input}"], job_input=JobInput(b"[1]"), stderr=errors.append, logs=False
    )
    assert [type(event) for event in job] == [Result]
    assert (job.outcome.status, job.outcome.exit_code) == (JobStatus.SUCCEEDED, 0)
    assert errors == [b"warning\n"]
    assert not job.wrote_output_file
    assert engine.done == ["start", "remove"]
    assert engine.created["Cmd"] == ["run", "--in=/var/input"]
    assert engine.created["Env"] == ["PLANQK_INPUT=/var/input"]
    [mount] = engine.created["HostConfig"]["Mounts"]
    assert (mount["Target"], mount["Type"], mount["ReadOnly"]) == ("/var/input", "bind", True)


def test_events_have_the_time_that_the_engine_gives(engine: ImageEngine) -> None:
    assert engine.records[1][0] == BEGIN + SECOND
    with runner.run_image("job") as job:
        times = [moment for step in job.steps() if step for moment in step.times()]
    assert times == ["2024-05-01T10:00:00.000000000Z", "2024-05-01T10:00:01.000000000Z"]
    assert "Cmd" not in engine.created


def test_an_image_is_pulled_unless_that_is_forbidden(engine: ImageEngine) -> None:
    engine.pulled = False
    with pytest.raises(RunError, match=r"^cannot run 'job': No such image: job:latest$"):
        runner.run_image("job", pull=False)
    assert len(list(runner.run_image("job"))) == 2
    assert engine.done == ["pull job", "start", "remove"]


def test_a_container_that_cannot_start_is_removed(engine: ImageEngine) -> None:
    engine.start_error = "no such file or directory"
    with pytest.raises(RunError, match=r"^cannot run 'job': no such file or directory$"):
        runner.run_image("job")
    assert engine.done == ["start", "remove"]


def test_a_container_that_runs_too_long_is_stopped(engine: ImageEngine) -> None:
    engine.waits = True
    job = runner.run_image("job", timeout=0.3, grace=0.5)
    events: list[Event] = list(job)
    assert len(events) == 2
    assert (job.why_ended, job.outcome.exit_code) == ("it ran longer than 0.3 s", 137)
    assert job.outcome.status is JobStatus.FAILED
    assert engine.done == ["start", "stop 1", "remove"]
    assert job.duration > 0.2


def test_a_container_that_prints_much_is_removed_while_it_prints(engine: ImageEngine) -> None:
    engine.records = [(BEGIN, b"x" * 9_999 + b"\n")] * 1000
    with runner.run_image("job", logs=False, grace=0) as job:
        next(job.steps())
        time.sleep(0.2)
    assert engine.done[-1] == "remove"


def test_a_broken_stream_of_errors_is_no_failure(engine: ImageEngine) -> None:
    engine.broken_errors = b"\x07garbage"
    errors: list[bytes] = []
    job = runner.run_image("job", stderr=errors.append)
    assert len(list(job)) == 2
    assert errors == []


def test_a_container_is_stopped_once(engine: ImageEngine) -> None:
    engine.waits = True
    with runner.run_image("job", grace=0) as job:
        job.stop("the test has seen enough")
        job.stop("again")
        assert len(list(job)) == 2
    assert job.why_ended == "the test has seen enough"
    assert engine.done == ["start", "stop 0", "remove"]


def test_leaving_the_iteration_removes_the_container(engine: ImageEngine) -> None:
    engine.waits = True
    with runner.run_image("job", grace=0) as job:
        next(iter(job))
        started = time.monotonic()
    assert time.monotonic() - started < 30
    assert engine.done == ["start", "stop 0", "remove"]
    assert job.outcome.status is JobStatus.FAILED


@pytest.mark.parametrize(("path", "is_one"), [("/var/runtime/output/output.json", True), ("/tmp/x", False)])  # noqa: S108
def test_a_container_that_writes_its_result_to_a_file(engine: ImageEngine, path: str, is_one: bool) -> None:
    engine.changes = [{"Path": "/var", "Kind": 0}, {"Path": path, "Kind": 1}]
    job = runner.run_image("job")
    list(job)
    assert job.wrote_output_file is is_one


def test_an_engine_that_cannot_tell_what_was_written(engine: ImageEngine) -> None:
    engine.refused = {"changes": [500]}
    engine.changes = [{"Path": "/var/runtime/output/output.json", "Kind": 1}]
    job = runner.run_image("job")
    list(job)
    assert not job.wrote_output_file


def test_an_engine_that_does_not_give_the_output(engine: ImageEngine) -> None:
    engine.refusals = [500] * 100_000
    with pytest.raises(EngineError, match="the engine is starting"):
        list(runner.run_image("job"))
    assert engine.done == ["start", "remove"]


def test_what_the_engine_lost_is_a_finding(engine: ImageEngine) -> None:
    engine.said = ["Error grabbing logs: damaged"]
    engine.records[1] = (BEGIN + SECOND, b"PlanQK:Job:Result: 42")
    job = runner.run_image("job")
    list(job)
    assert "capture-system-error" in {finding.rule for finding in job.findings}
    assert job.outcome.suspect


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(RunError, match=rf"^cannot run 'job': .*; {NO_ENGINE}$"):
        runner.run_image("job")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(RunError, match=r"docker is missing; run .* install '\.\[docker\]'"):
        runner.run_image("job")
