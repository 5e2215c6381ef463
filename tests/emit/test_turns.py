"""Turns: threads and forked children wait for each other, and the dead hold nobody up."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from planqk_protocol.emit import turns
from planqk_protocol.emit.turns import Turns

OWN_DESCRIPTORS = Path("/proc/self/fd")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_child(function: Callable[[], None]) -> int:
    """Start a forked child that calls the function, and give its process id."""
    if process := os.fork():
        return process
    code = 1
    try:
        function()
        code = 0
    finally:
        os._exit(code)


def end(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_threads_take_turns() -> None:
    shared = Turns()
    inside: list[int] = []
    most: list[int] = []

    def write() -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()

    threads = [threading.Thread(target=shared.take, args=[write]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


@needs_fork
def test_forked_children_take_turns() -> None:
    shared = Turns()
    read, write = os.pipe()

    def slowly() -> None:
        for letter in (b"(", b")"):
            os.write(write, letter)
            time.sleep(0.02)

    children = [in_child(lambda: shared.take(slowly)) for _ in range(3)]
    shared.take(slowly)
    assert [end(child) for child in children] == [0, 0, 0]
    assert os.read(read, 100) == b"()" * 4
    os.close(read)
    os.close(write)


@needs_fork
def test_a_process_that_is_killed_in_its_turn_holds_nobody_up() -> None:
    shared = Turns()
    read, write = os.pipe()

    def stay() -> None:
        os.write(write, b"in")
        time.sleep(60)

    child = in_child(lambda: shared.take(stay))
    assert os.read(read, 2) == b"in"
    os.kill(child, signal.SIGKILL)
    shared.take(lambda: os.close(write))
    assert end(child) == -signal.SIGKILL
    os.close(read)


@needs_fork
def test_a_fork_in_the_turn_of_another_thread_leaves_the_child_free() -> None:
    shared = Turns()
    is_in, may_go = threading.Event(), threading.Event()

    def stay() -> None:
        is_in.set()
        may_go.wait()

    thread = threading.Thread(target=shared.take, args=[stay])
    thread.start()
    is_in.wait()
    read, write = os.pipe()

    def child() -> None:
        signal.alarm(20)
        os.write(write, b"begun")
        shared.take(lambda: None)  # waits for the other process only

    process = in_child(child)
    assert os.read(read, 5) == b"begun"
    time.sleep(0.05)
    assert os.waitpid(process, os.WNOHANG) == (0, 0)
    may_go.set()
    assert end(process) == 0
    thread.join()
    os.close(read)
    os.close(write)


def test_a_forked_child_begins_anew() -> None:
    shared = Turns()
    done: list[str] = []

    def write() -> None:
        shared.take(lambda: done.append("put off, by the parent"))
        turns.without_forks.acquire()
        turns._begin_child()  # noqa: SLF001  # what a forked child does first
        shared.take(lambda: done.append("at once"))

    shared.take(write)
    assert done == ["at once"]


@needs_fork
def test_a_fork_waits_for_who_must_not_be_forked() -> None:
    held, may_go = threading.Event(), threading.Event()
    order: list[str] = []

    def hold() -> None:
        with turns.without_forks:
            held.set()
            may_go.wait()
            order.append("released")

    def fork() -> None:
        order.append(f"forked {end(in_child(acquire))}")

    def acquire() -> None:
        assert turns.without_forks.acquire(timeout=20)

    threads = [threading.Thread(target=hold), threading.Thread(target=fork)]
    threads[0].start()
    held.wait()
    threads[1].start()
    time.sleep(0.05)
    may_go.set()
    for thread in threads:
        thread.join()
    assert order == ["released", "forked 0"]
    assert turns.without_forks.acquire(blocking=False)
    turns.without_forks.release()


def test_a_turn_within_a_turn_comes_after_it() -> None:
    shared = Turns()
    order: list[str] = []

    def outer() -> None:
        shared.take(lambda: order.append("second"))
        order.append("first")

    shared.take(outer)
    assert order == ["first", "second"]


def test_a_turn_within_a_turn_that_fails_is_not_lost() -> None:
    shared = Turns()
    order: list[str] = []

    def outer() -> None:
        shared.take(lambda: order.append("second"))
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        shared.take(outer)
    assert order == ["second"]
    shared.take(lambda: order.append("third"))
    assert order[-1] == "third"


@needs_fork
def test_a_flag_is_seen_by_all_processes() -> None:
    shared = Turns()
    assert not shared.is_flagged
    assert end(in_child(lambda: shared.take(shared.flag))) == 0
    assert shared.is_flagged

    def child() -> None:
        assert shared.is_flagged

    assert end(in_child(child)) == 0
    assert not Turns().is_flagged


def test_without_memory_files_a_temporary_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    made: list[object] = []
    temporary = tempfile.TemporaryFile

    def make() -> object:
        made.append(1)
        return temporary()

    monkeypatch.setattr(tempfile, "TemporaryFile", make)
    shared = Turns()
    assert made
    shared.take(shared.flag)
    assert shared.is_flagged


def test_without_locks_of_files_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "fcntl", None)
    shared = Turns()
    assert not shared.is_flagged
    shared.take(shared.flag)
    assert shared.is_flagged


@pytest.mark.skipif(not OWN_DESCRIPTORS.is_dir(), reason="only Linux lists them")
def test_no_descriptor_is_left() -> None:
    before = set(OWN_DESCRIPTORS.iterdir())
    made = [Turns() for _ in range(5)]
    assert len(list(OWN_DESCRIPTORS.iterdir())) == len(before) + 5
    made.clear()
    gc.collect()
    assert set(OWN_DESCRIPTORS.iterdir()) == before


@needs_fork
def test_an_interrupt_while_waiting_leaves_the_lock_as_it_was() -> None:
    shared = Turns()
    read, write = os.pipe()

    def stay() -> None:
        os.write(write, b"in")
        time.sleep(60)

    def interrupt(_number: int, _frame: object) -> None:
        raise InterruptedError

    def wait() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        shared.take(lambda: pytest.fail("the child has its turn"))

    child = in_child(lambda: shared.take(stay))
    assert os.read(read, 2) == b"in"
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(InterruptedError):
            wait()
    finally:
        signal.signal(signal.SIGALRM, before)
        os.kill(child, signal.SIGKILL)
    done: list[int] = []
    other = threading.Thread(target=shared.take, args=[lambda: done.append(1)])
    other.start()
    other.join()
    assert done == [1]
    assert end(child) == -signal.SIGKILL
    os.close(read)
    os.close(write)
