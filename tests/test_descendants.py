"""A program is ended together with all that it started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planqk_protocol import descendants
from planqk_protocol.descendants import kill_tagged, tagged_environment, terminate
from tests.conformance.small_programs import program
from tests.runner.jobs import wait_for

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


@linux
def test_only_processes_with_the_tag_are_ended() -> None:
    environments = [tagged_environment() for _ in range(2)]
    command = program("import time\ntime.sleep(60)")
    sleeping = [subprocess.Popen(command, env=environment) for environment, _ in environments]
    plain = subprocess.Popen(command)
    kill_tagged(environments[0][1])
    assert sleeping[0].wait(40) == -signal.SIGKILL
    assert sleeping[1].poll() is None
    kill_tagged()
    assert sleeping[1].wait(40) == -signal.SIGKILL
    assert plain.poll() is None
    plain.kill()
    plain.wait()


@linux
def test_a_process_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []

    def kill(process: Path, _tag: bytes, _number: int) -> bool:
        looked.append(process)
        return True

    monkeypatch.setattr(descendants, "_signal_if_tagged", kill)
    kill_tagged()
    assert looked.count(Path("/proc/1")) == 20


COUNTS = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1], "a").write(f"{os.getpid()} "))
child = os.fork()
if not child:
    os.setsid()
open(sys.argv[2], "a").write(f"{os.getpid()} ")
while True: time.sleep(0.01)
"""


@linux
def test_each_process_is_asked_to_end_once(tmp_path: Path) -> None:
    asked, started = tmp_path / "asked", tmp_path / "started"
    environment, tag = tagged_environment()
    command = [*program(COUNTS), str(asked), str(started)]
    leader = subprocess.Popen(command, env=environment, start_new_session=True)
    wait_for(lambda: started.exists() and len(started.read_text().split()) == 2)
    terminate(leader, tag)
    wait_for(lambda: asked.exists() and len(asked.read_text().split()) == 2)
    time.sleep(0.1)
    assert sorted(asked.read_text().split()) == sorted(started.read_text().split())
    kill_tagged(tag)
    assert leader.wait(40) == -signal.SIGKILL
