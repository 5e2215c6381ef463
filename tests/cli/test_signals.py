"""Whatever ends ``planqk-protocol conformance``, ends the programs under test."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol.cli.signals import until_signal
from tests.cli.harness import Start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")

ENDING = {
    signal.SIGINT: (130, "interrupted"),
    signal.SIGTERM: (143, "ended by SIGTERM"),
    signal.SIGHUP: (129, "ended by SIGHUP"),
    signal.SIGQUIT: (131, "ended by SIGQUIT"),
}
# A program with a child in its group and, where such processes can be found, one outside of it.
TREE = """
import os, sys, time
if not os.fork():
    if sys.platform.startswith("linux") and not os.fork():
        os.setsid()
open(sys.argv[1], "a").write(f"{os.getpid()} ")
time.sleep(60)
"""
PROCESSES = 3 if sys.platform.startswith("linux") else 2


def state(pid: str) -> str:
    """The state of a process; empty where it is gone, ``Z`` where nobody has asked for its exit code."""
    command = ["ps", "-o", "state=", "-p", pid]
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout.strip()[:1]


def assert_all_are_gone(pids: Path) -> None:
    deadline = time.monotonic() + 40
    while left := [pid for pid in pids.read_text().split() if state(pid) not in {"", "Z"}]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def started(start: Start, pids: Path, kind: str) -> subprocess.Popen[bytes]:
    program = start("conformance", kind, "--", sys.executable, "-I", "-S", "-c", TREE, pids)
    while not (pids.exists() and len(pids.read_text().split()) >= PROCESSES):
        time.sleep(0.01)
        assert program.poll() is None
    return program


@pytest.mark.parametrize(
    ("kind", "number"), [*(("service", number) for number in ENDING), ("decoder", signal.SIGTERM)]
)
def test_a_signal_ends_the_programs_under_test(
    start: Start, tmp_path: Path, kind: str, number: signal.Signals
) -> None:
    program = started(start, tmp_path / "pids", kind)
    program.send_signal(number)
    code, message = ENDING[number]
    assert program.wait(40) == code
    assert program.stderr
    assert program.stderr.read().decode() == f"planqk-protocol: {message}\n"
    assert_all_are_gone(tmp_path / "pids")


@pytest.mark.parametrize("kind", ["decoder", "service"])
def test_signals_in_quick_succession_break_nothing_off(start: Start, tmp_path: Path, kind: str) -> None:
    program = started(start, tmp_path / "pids", kind)
    program.send_signal(signal.SIGINT)
    while program.poll() is None:
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGTERM)
        time.sleep(0.001)
    assert program.stderr
    said = program.stderr.read()
    assert said in {b"planqk-protocol: interrupted\n", b"planqk-protocol: ended by SIGTERM\n"}
    # Python gives up all handlers in its last moments, so that a late signal may end it as it ends others.
    assert program.returncode in {130, 143, -signal.SIGINT, -signal.SIGTERM}
    assert_all_are_gone(tmp_path / "pids")


def test_what_a_program_left_behind_is_ended_too(start: Start, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = TREE.replace("time.sleep(60)", "os.close(0); os.close(1); os.close(2); time.sleep(60)").replace(
        "if not os.fork():\n", "if os.fork(): os._exit(0)\nelse:\n", 1
    )
    program = start(
        "conformance", "service", "--timeout", "20", "--", sys.executable, "-I", "-S", "-c", code, pids
    )
    assert program.wait(20) == 1
    assert_all_are_gone(pids)


@pytest.fixture
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with until_signal() as received:
        signal.raise_signal(signal.SIGHUP)
        assert received() is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("_handlers")
def test_the_first_signal_counts_and_none_breaks_off_what_it_ends() -> None:
    with until_signal() as received:
        assert received() is None
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with until_signal() as received:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert received() is signal.SIGTERM
