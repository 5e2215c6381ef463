"""Programs under test are run, whatever they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from planqk_protocol import descendants
from planqk_protocol.conformance import programs
from planqk_protocol.conformance.programs import (
    Answer,
    CommandError,
    Dialogue,
    ask,
    kill_all,
    listen,
    run_all,
)
from tests.conformance.small_programs import program

COPY = "import os\nwhile data := os.read(0, 65536): os.write(1, data)"
COUNT = "import os\nwhile data := os.read(0, 65536): os.write(1, b'%d\\n' % len(data))"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX's")

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run(code: str, *pieces: bytes, timeout: float = 20, limit: int = 1000) -> Answer:
    return ask(program(code), pieces, timeout=timeout, limit=limit)


def test_a_program_that_copies() -> None:
    assert run(COPY, b"one\n", b"two\n") == Answer(output=b"one\ntwo\n", errors="", exit_code=0)


def test_pieces_are_read_one_by_one() -> None:
    assert run(COUNT, b"a", b"bb", b"ccc").output == b"1\n2\n3\n"


def test_a_large_piece() -> None:
    data = b"x" * 10_000_000
    assert run(COPY, data, limit=len(data)).output == data


def test_pieces_pause_where_the_system_does_not_tell_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_unread_bytes", lambda _: None)
    monkeypatch.setattr(programs, "_PAUSE", 0.5)
    assert run(COUNT, b"a", b"bb").output == b"1\n2\n"


def test_what_was_read_cannot_be_told_of_everything() -> None:
    with open(os.devnull, "rb") as file:  # noqa: PTH123  # no path of the repository
        assert programs._unread_bytes(file) is None  # noqa: SLF001  # a pipe that cannot tell is hard to come by


def test_a_program_that_reads_at_its_end_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_READ_PATIENCE", 0.01)
    code = "import os, time\ntime.sleep(0.5)\nos.write(1, os.read(0, 100))"
    assert run(code, b"a", b"b", b"c").output == b"abc"


def test_a_program_that_reads_nothing() -> None:
    answer = run("print('done')", b"x" * 1_000_000, b"y")
    assert (answer.output.strip(), answer.exit_code, answer.fault) == (b"done", 0, "")


def test_exit_code_and_errors() -> None:
    answer = run("import sys\nsys.stderr.write('x' * 5000 + 'end')\nsys.exit(7)")
    assert answer.exit_code == 7
    assert answer.errors.endswith("end")
    assert len(answer.errors) == 2000


def test_a_program_that_hangs() -> None:
    started = time.monotonic()
    answer = run("import time\nprint('x', flush=True)\ntime.sleep(60)", timeout=1.5)
    assert time.monotonic() - started < 50
    assert (answer.output.strip(), answer.fault) == (b"x", "the program did not end within 1.5 s")


def test_a_program_that_hangs_and_reads_nothing() -> None:
    answer = run("import time\ntime.sleep(60)", b"x" * 1_000_000, timeout=0.5)
    assert answer.fault == "the program did not end within 0.5 s"


@posix
def test_a_program_whose_child_hangs() -> None:
    code = "import os, time\nif not os.fork(): time.sleep(60)"
    assert (
        run(code, timeout=1.5).fault
        == "the program ended, but a process that it started did not end within 1.5 s"
    )


# A child that leaves the process group, and holds the pipes that it was given.
ESCAPE = """
import os, sys, time
if not os.fork():
    os.setsid()
    open(sys.argv[1], "w").write(str(os.getpid()))
    {}
    time.sleep(60)
while not os.path.exists(sys.argv[1]) or not os.path.getsize(sys.argv[1]):
    time.sleep(0.01)
"""
HOLDS_ALL, HOLDS_INPUT = ESCAPE.format("pass"), ESCAPE.format("os.close(1); os.close(2)")


def is_running(pid: Path) -> bool:
    try:
        return Path("/proc", pid.read_text(), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@linux
@pytest.mark.parametrize("data", [b"", b"x" * 1_000_000], ids=["no input", "more input than anybody reads"])
@pytest.mark.parametrize("code", [HOLDS_ALL, HOLDS_INPUT], ids=["all pipes", "standard input"])
def test_a_program_ends_in_time_whatever_it_leaves_behind(tmp_path: Path, code: str, data: bytes) -> None:
    pid = tmp_path / "pid"
    started = time.monotonic()
    answer = ask([*program(code), str(pid)], [data], timeout=1.5, limit=100)
    assert time.monotonic() - started < 50
    is_held = code == HOLDS_ALL or bool(data)
    assert answer.exit_code == 0
    assert answer.fault == (
        "the program ended, but a process that it started did not end within 1.5 s" if is_held else ""
    )
    kill_all()
    wait_for(lambda: not is_running(pid))


@posix
def test_where_the_system_does_not_show_who_escaped_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_GRACE", 0.1)
    monkeypatch.setattr(descendants, "_PROCESSES", tmp_path)
    pid = tmp_path / "pid"
    dialogue = Dialogue([*program(HOLDS_ALL), str(pid)], timeout=0.5, limit=100)
    dialogue.write([b"x" * 1_000_000])
    assert dialogue.end().fault == "the program ended, but a process that it started did not end within 0.5 s"
    os.kill(int(pid.read_text()), signal.SIGKILL)


@posix
def test_nothing_is_taken_of_a_program_that_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_GRACE", 0.1)
    monkeypatch.setattr(descendants, "_PROCESSES", tmp_path)
    pid, go = tmp_path / "pid", tmp_path / "go"
    waiting = "while not os.path.exists(sys.argv[2]): time.sleep(0.01)"
    code = ESCAPE.format(f"{waiting}\n    os.write(1, b'late'); os._exit(0)")
    taken: list[bytes] = []
    assert listen([*program(code), str(pid), str(go)], taken.append, timeout=0.5).fault
    go.touch()
    wait_for(lambda: not any(isinstance(thread, programs._PipeReader) for thread in threading.enumerate()))  # noqa: SLF001
    assert taken == []


@posix
def test_a_program_that_cannot_be_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(programs, "_GRACE", 0.1)
    monkeypatch.setattr(programs, "kill_group", running.append)
    monkeypatch.setattr(programs, "kill_tagged", lambda _: None)
    answer = run("import time\ntime.sleep(60)", timeout=0.2)
    assert (answer.exit_code, answer.fault) == (None, "the program did not end within 0.2 s")
    descendants.kill_group(running[0])
    running[0].wait()


@posix
@pytest.mark.parametrize(("number", "name"), [(11, "SIGSEGV"), (35, "signal 35")])
def test_a_program_that_crashes(number: int, name: str) -> None:
    answer = run(f"import os\nos.kill(os.getpid(), {number})")
    assert (answer.exit_code, answer.fault) == (None, f"the program was ended by {name}")


def test_a_program_that_prints_without_end() -> None:
    answer = run("while True: print('x' * 1000)", b"y" * 1_000_000)
    assert answer.fault == "the program printed far more than was expected"
    assert len(answer.output) < 2_000_000


def test_a_program_may_complain_at_length() -> None:
    answer = run("import sys\nsys.stderr.write('x' * 5_000_000 + 'end')")
    assert (answer.exit_code, answer.fault) == (0, "")
    assert (answer.errors[-4:], len(answer.errors)) == ("xend", 2000)


def test_a_program_that_complains_without_end() -> None:
    answer = run("import sys\nwhile True: sys.stderr.write('x' * 1000)", timeout=1)
    assert (answer.fault, len(answer.errors)) == ("the program did not end within 1 s", 2000)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="cannot run /no/such/program: No such file or directory"):
        ask(["/no/such/program"], [], timeout=1, limit=1)


def test_without_process_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert run("import time\ntime.sleep(60)", timeout=0.5).fault == "the program did not end within 0.5 s"


@posix
def test_all_programs_that_run_are_ended() -> None:
    dialogues = [Dialogue(program("import time\ntime.sleep(60)"), timeout=60, limit=1) for _ in range(2)]
    kill_all()
    for dialogue in dialogues:
        assert dialogue.end().fault == "the program was ended by SIGKILL"


def test_a_dialogue() -> None:
    dialogue = Dialogue(program(COPY), timeout=20, limit=100)
    dialogue.write([b"one\n"])
    assert dialogue.expect(lambda output: output == b"one\n", 10, "one")
    dialogue.write([b"two"])
    assert not dialogue.expect(lambda output: output.endswith(b"three"), 0.2, "three did not come")
    answer = dialogue.end()
    assert (answer.output[:4], answer.fault) == (b"one\n", "three did not come")


def test_a_dialogue_with_a_program_that_ends() -> None:
    dialogue = Dialogue(program(""), timeout=60, limit=100)
    started = time.monotonic()
    assert not dialogue.expect(bool, 50, "nothing came")
    assert time.monotonic() - started < 40
    answer = dialogue.end()
    assert (answer.fault, answer.exit_code) == ("", 0)


def test_the_pool_keeps_the_order() -> None:
    later = threading.Event()

    def run(number: int) -> int:
        if number == 0:
            later.wait(20)
        later.set()
        return number * 2

    assert list(run_all(run, range(5), 2, should_stop=lambda: False, stop=later.set)) == [0, 2, 4, 6, 8]


def test_the_pool_stops_at_an_error() -> None:
    ran: list[int] = []

    def run(number: int) -> None:
        ran.append(number)
        raise CommandError(str(number))

    with pytest.raises(CommandError, match="0"):
        list(run_all(run, range(1000), 1, should_stop=lambda: False, stop=lambda: None))
    assert len(ran) < 1000


@pytest.mark.parametrize("is_closed", [True, False])
def test_the_pool_stops_what_runs_when_it_is_over(is_closed: bool) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def run(number: int) -> int:
        if number == 0:
            assert begun.wait(20)
        else:
            begun.set()
            assert stopped.wait(20)
        return number

    over = threading.Event()
    cases = run_all(run, range(1000), 2, should_stop=over.is_set, stop=stopped.set)
    assert next(cases) == 0
    if is_closed:
        cases.close()
    else:
        over.set()
        with pytest.raises(KeyboardInterrupt):
            next(cases)
    assert stopped.is_set()
