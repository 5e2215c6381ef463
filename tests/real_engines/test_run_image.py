"""``planqk-protocol run --image`` with a real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_engines.daemons import IMAGE, Docker
from tests.runner.jobs import input_folders, use_own_temporary_folder, wait_for

pytestmark = [
    pytest.mark.engine,
    # docker-py leaves a socket open that it cannot connect (docker/transport/unixconn.py).
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

JOB = """
echo starting
echo warning >&2
echo PlanQK:Job:InterimResult: 1
echo x > {input}/more || echo cannot write
printf 'PlanQK:Job:Result: '
cat /var/input/data.json
echo
"""


@pytest.fixture(autouse=True)
def _nothing_is_left(docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_own_temporary_folder(tmp_path, monkeypatch)
    yield
    assert docker("ps", "--all", "--quiet") == b""
    assert input_folders() == set()


def command(*args: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "planqk_protocol", "run", "--image", IMAGE, "--pull", "never", *args]


def run(docker: Docker, *args: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DOCKER_HOST": f"unix://{docker.socket}"}
    return subprocess.run(
        command(*args), env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_container_finds_its_input_and_is_removed(docker: Docker, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"data": {"sum": 42.0}, "params": {}}')
    done = run(docker, "--request", request, "--", "sh", "-c", JOB)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "starting",
        "PlanQK:Job:InterimResult: 1",
        "cannot write",
        'PlanQK:Job:Result: {"sum": 42.0}',
    ]
    lines = done.stderr.splitlines()
    assert "warning" in lines
    assert lines[-1] == 'job:4: result {"sum": 42.0}'


def test_records_have_the_times_of_the_engine(docker: Docker) -> None:
    script = "echo one; sleep 1; printf 'PlanQK:Job:Result: 42'; exit 3"
    done = run(docker, "--output", "jsonl", "--", "sh", "-c", script)
    assert done.returncode == 1
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["type"] for record in records] == ["log", "result", "outcome"]
    assert records[0]["time"] < records[1]["time"]
    assert (records[2]["status"], records[2]["exit_code"], records[2]["suspect"]) == ("FAILED", 3, True)


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_container_that_runs_too_long_is_ended(docker: Docker, trap: str) -> None:
    started = time.monotonic()
    done = run(docker, "--timeout", "1", "--grace", "1", "--", "sh", "-c", f"{trap}echo x; sleep 100")
    assert time.monotonic() - started < 30
    assert (done.stdout, done.returncode) == ("x\n", 1)
    assert "because it ran longer than 1 s, exit code 1" in done.stderr


def test_a_signal_ends_the_container(docker: Docker) -> None:
    environment = os.environ | {"DOCKER_HOST": f"unix://{docker.socket}"}
    process = subprocess.Popen(
        command("--grace", "1", "--", "sh", "-c", "echo x; sleep 100"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "x\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert "FAILED after" in process.stderr.read()


def test_a_container_that_writes_its_result_to_a_file(docker: Docker) -> None:
    script = "cd /; echo 42 > /output.json; exec 2>/dev/null; /bin/busybox mkdir -p /var/runtime/output; "
    done = run(docker, "--", "sh", "-c", script + "echo 42 > /var/runtime/output/output.json")
    assert done.returncode == 1
    assert "that is another contract" in done.stderr


def test_much_output_on_both_streams(docker: Docker) -> None:
    script = "i=0; while [ $i -lt 20000 ]; do echo line $i; echo error $i >&2; i=$((i+1)); done; "
    done = run(docker, "--", "sh", "-c", script + "echo PlanQK:Job:Result: 42")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:-1] == [f"line {number}" for number in range(20000)]
    said = done.stderr.splitlines()
    assert [line for line in said if line.startswith("error ")] == [
        f"error {number}" for number in range(20000)
    ]


def test_what_cannot_be_started(docker: Docker) -> None:
    done = run(docker, "--", "/no/such/program")
    assert done.returncode == 2
    assert done.stderr.startswith(f"planqk-protocol: cannot run '{IMAGE}': ")
    wait_for(lambda: docker("ps", "--all", "--quiet") == b"")
