"""What is written to a descriptor is given as text, all of it, and in order."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from planqk_protocol.emit import capture
from planqk_protocol.emit.capture import captured, flush_native
from tests.module_copies import copy_with

OWN_DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def descriptor() -> Iterator[tuple[int, int]]:
    """A descriptor to capture, and a copy of it."""
    number = os.open(os.devnull, os.O_WRONLY)
    saved = os.dup(number)
    yield number, saved
    os.close(number)
    os.close(saved)


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "planqk_protocol.emit.capture":
            thread.join(20)


def taken(write: Callable[[int], object]) -> list[str]:
    texts: list[str] = []
    with descriptor() as (number, saved), captured(number, saved, texts.append):
        write(number)
    return "\n".join(texts).split("\n") if texts else []


def test_lines_are_given_in_order_and_the_last_one_may_be_unfinished() -> None:
    assert taken(lambda number: os.write(number, b"one\ntwo")) == ["one", "two"]
    assert taken(lambda _: None) == []


def test_much_more_than_a_pipe_holds() -> None:
    lines = [f"line {number}" for number in range(200_000)]

    def write(number: int) -> None:
        with open(number, "wb", closefd=False) as stream:
            stream.write("\n".join(lines).encode())

    assert taken(write) == lines


@pytest.mark.parametrize("size", [1, 5, 23, 24, 25])
def test_the_beginning_of_the_token_is_output_like_any_other(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = b"0123456789abcdefghijklmn"
    monkeypatch.setattr(capture, "os", copy_with(os, urandom=lambda _: token))
    text = token[: min(size, 23)]
    assert taken(lambda number: os.write(number, text + b"|\n" + text)) == [
        text.decode() + "|",
        text.decode(),
    ]


def test_an_exception_restores_the_descriptor() -> None:
    texts: list[str] = []
    with descriptor() as (number, saved):
        before = os.fstat(number)
        with suppress(KeyError), captured(number, saved, texts.append):
            os.write(number, b"before")
            raise KeyError
        assert os.path.samestat(os.fstat(number), before)
    assert texts == ["before"]


def test_a_function_that_raises_holds_no_writer_up() -> None:
    calls: list[str] = []

    def fail(text: str) -> None:
        calls.append(text)
        raise ValueError(text)

    def run(number: int, saved: int) -> None:
        with captured(number, saved, fail):
            os.write(number, b"one\n")
            os.write(number, b"x" * 2_000_000)

    with descriptor() as (number, saved), pytest.raises(ValueError, match="one"):
        run(number, saved)
    assert len(calls) == 1


def test_a_child_that_outlives_the_capture_holds_nobody_up() -> None:
    texts: list[str] = []
    came = threading.Event()

    def take(text: str) -> None:
        texts.append(text)
        if "late" in text:
            came.set()

    script = "import sys; print('early', flush=True); input(); print('late', flush=True); print('er', end='')"
    with descriptor() as (number, saved):
        with captured(number, saved, take):
            child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=number)
            os.write(number, b"own\n")
        own = list(texts)
        child.communicate(b"\n")
        assert came.wait(20)
    wait_for_threads()
    assert "own" in own
    assert "late" not in own
    assert "\n".join(texts).endswith("early\nlate\ner")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_can_leave_the_context() -> None:
    texts: list[str] = []
    with descriptor() as (number, saved):
        with captured(number, saved, texts.append):
            child = os.fork()
            if not child:
                os.write(number, b"child\n")
        if not child:
            os._exit(0 if os.path.samestat(os.fstat(number), os.fstat(saved)) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert texts in ([], ["child"])  # it may come later, as from any other child


def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts: list[str] = []
    processes = iter([1, 2])
    monkeypatch.setattr(capture, "os", copy_with(os, getpid=lambda: next(processes)))
    with descriptor() as (number, saved):
        with captured(number, saved, texts.append):
            os.write(number, b"from the child")
        assert os.path.samestat(os.fstat(number), os.fstat(saved))
    wait_for_threads()
    assert texts == ["from the child"]


@pytest.mark.skipif(not OWN_DESCRIPTORS.is_dir(), reason="only Linux lists them")
def test_no_descriptor_is_left() -> None:
    wait_for_threads()
    before = len(list(OWN_DESCRIPTORS.iterdir()))
    for _ in range(5):
        taken(lambda number: os.write(number, b"x"))
    wait_for_threads()
    assert len(list(OWN_DESCRIPTORS.iterdir())) == before


def test_systems_without_large_pipes_and_without_a_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("fcntl.F_SETPIPE_SZ", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: None)
    flush_native()
    assert taken(lambda number: os.write(number, b"x")) == ["x"]
