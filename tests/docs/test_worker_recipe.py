"""The recipe of a queue worker: jobs go on without it, and the next worker goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from planqk_protocol import JobStatus
from tests.docs.pages import blocks
from tests.docs.recipes import PAGES, recipe, value_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the programs of the page write where they run


STARTER = """
import sys
from pathlib import Path
exec(Path("recipe.py").read_text().partition("\\nlog = ")[0])
job = "import os, time\\nwhile not os.path.exists('go'): time.sleep(0.01)\\nprint(1); raise SystemExit(3)"
print(start([sys.executable, "-c", job], Path("job.log")).pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started() -> int:
    """The process id of the shell of a job. The worker that has started it was killed."""
    [program] = [block.text for page in PAGES for block in blocks(page) if "def exit_code_of(" in block.text]
    Path("recipe.py").write_text(program)
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout
        shell = int(worker.stdout.readline())
        worker.kill()
    return shell


def wait_for_the_end(names: dict[str, Any]) -> None:
    end = time.monotonic() + 60
    while not names["has_ended"](Path("job.log")):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.usefixtures("started")
def test_a_job_outlives_the_worker_that_started_it() -> None:
    names = recipe("exit_code_of")
    assert not names["has_ended"](Path("job.log"))
    assert names["exit_code_of"](Path("job.log")) is None
    Path("go").touch()
    wait_for_the_end(names)
    assert names["exit_code_of"](Path("job.log")) == 3
    assert Path("job.log").read_text() == "1\n"


def test_a_job_that_is_killed_with_its_shell_has_ended_without_an_exit_code(started: int) -> None:
    names = recipe("exit_code_of")
    assert not names["has_ended"](Path("job.log"))
    os.killpg(started, signal.SIGKILL)
    wait_for_the_end(names)
    assert names["exit_code_of"](Path("job.log")) is None
    reader = recipe("read_on")
    with closing(reader["opened"](Path("jobs.sqlite"))) as database:
        outcome = reader["finished"](database, Path("job.log"), None)
    assert (outcome.status, outcome.result) == (JobStatus.FAILED, None)


def test_what_a_job_has_started_does_not_hold_it(tmp_path: Path) -> None:
    names, wanted = recipe("exit_code_of"), Path("wanted")
    wanted.touch()
    process = names["start"](
        ["sh", "-c", f"while [ -e '{tmp_path}/wanted' ]; do sleep 0.05; done & exit 3"], Path("job.log")
    )
    try:
        process.wait(60)
        assert names["has_ended"](Path("job.log"))
        assert names["exit_code_of"](Path("job.log")) == 3
    finally:
        wanted.unlink()


WORKER = """
import contextlib, io, runpy, sys
from pathlib import Path
with contextlib.redirect_stdout(io.StringIO()):
    names = runpy.run_path(sys.argv[1])
database = names["opened"](Path("jobs.sqlite"))
while names["read_on"](database, Path("job.log"), size=100):
    print(end=".", flush=True)
"""


def test_a_worker_that_is_killed_again_and_again_loses_nothing() -> None:
    [program] = [block.text for page in PAGES for block in blocks(page) if "def read_on(" in block.text]
    Path("recipe.py").write_text(program)
    lines = [b"PlanQK:Job:InterimResult: %d\n" % number for number in range(3000)]
    Path("job.log").write_bytes(b"".join([*lines, b"PlanQK:Job:Result: 42\n"]))
    for _ in range(3):
        worker = subprocess.Popen([sys.executable, "-c", WORKER, "recipe.py"], stdout=subprocess.PIPE)
        assert worker.stdout
        assert worker.stdout.read(1) == b"."
        time.sleep(0.02)
        worker.kill()
        worker.wait()
        worker.stdout.close()
    names = recipe("read_on")
    database = names["opened"](Path("jobs.sqlite"))
    assert value_of(names["finished"](database, Path("job.log"), 0)) == 42
    found = database.execute("SELECT line, value FROM interim WHERE log = 'job.log' ORDER BY line").fetchall()
    assert found == [(number + 1, str(number)) for number in range(3000)]
    database.close()


def test_the_last_interim_result_is_kept_though_no_lf_ends_it() -> None:
    names, log = recipe("read_on"), Path("job.log")
    log.write_bytes(b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:InterimResult: 2")
    with closing(names["opened"](Path("jobs.sqlite"))) as database:
        for _ in range(2):  # a worker that is killed after it has stored the last one, and another one
            names["finished"](database, log, 0)
        assert database.execute("SELECT line, value FROM interim").fetchall() == [(1, "1"), (2, "2")]
