"""All bytes go to the stream: pipes that are full, closed or do not block, and streams of all kinds."""

from __future__ import annotations

import errno
import gzip
import io
import os
import select
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import planqk_protocol.emit.output as module
from planqk_protocol.emit.output import Output, descriptor
from tests.module_copies import copy_with

BIG = b"0123456789abcde\n" * 20_000


def drained(read: int, into: bytearray) -> threading.Thread:
    """A thread that reads a pipe slowly to its end."""

    def run() -> None:
        while data := os.read(read, 50_000):
            into.extend(data)
            time.sleep(0.001)
        os.close(read)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("has_poll", [True, False])
def test_a_full_pipe_gets_everything(blocking: bool, has_poll: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_poll:
        monkeypatch.delattr(select, "poll", raising=False)
    read, write = os.pipe()
    os.set_blocking(write, blocking)
    got = bytearray()
    with os.fdopen(write, "wb") as stream:
        thread = drained(read, got)
        Output(stream).write(BIG)
    thread.join()
    assert got == BIG


def test_short_writes_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "os", copy_with(os, write=lambda number, data: os.write(number, data[:7])))
    with (tmp_path / "out").open("wb") as stream:
        Output(stream).write(BIG[:1000])
    assert (tmp_path / "out").read_bytes() == BIG[:1000]


def test_one_call_is_one_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes: list[int] = []

    def write(number: int, data: bytes) -> int:
        sizes.append(len(data))
        return os.write(number, data)

    monkeypatch.setattr(module, "os", copy_with(os, write=write))
    with (tmp_path / "out").open("wb") as stream:
        Output(stream).write(BIG)
    assert sizes == [len(BIG)]


def test_what_was_printed_before_comes_before(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="utf-16") as stream:
        output = Output(stream)
        stream.write("a")
        output.flush()
        output.write("ä\n".encode())
    assert path.read_bytes() == "a".encode("utf-16") + "ä\n".encode()


class Chunky(io.StringIO):
    """A text stream that counts its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []
        self.flushes = 0

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)

    def flush(self) -> None:
        self.flushes += 1


def test_a_text_stream_gets_one_write_and_a_flush() -> None:
    stream = Chunky()
    Output(stream).write("ä\nb\n".encode())
    assert stream.writes == ["ä\nb\n"]
    assert stream.flushes == 1


class Own:
    """Somebody's own standard output, which returns nothing."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None: ...


def test_standard_output_is_what_it_is_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(None)
    first, second = Own(), Own()
    for own in (first, second):
        monkeypatch.setattr(sys, "stdout", own)
        output.flush()
        output.write(b"x")
    assert first.text == second.text == "x"


def test_a_binary_stream_in_memory_gets_bytes() -> None:
    stream = io.BytesIO()
    Output(stream).write(b"x\xc3\xa4")
    assert stream.getvalue() == b"x\xc3\xa4"


def test_a_text_stream_of_another_encoding_gets_utf_8() -> None:
    below = io.BytesIO()
    stream = io.TextIOWrapper(below, encoding="latin-1", newline="\r\n")
    Output(stream).write("ä\n".encode())
    assert below.getvalue() == "ä\n".encode()


def test_a_compressed_file_gets_bytes(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "out.gz", "wb") as stream:
        Output(stream).write(b"x")  # type: ignore[arg-type]
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == b"x"


def test_a_temporary_file_gets_bytes() -> None:
    with tempfile.NamedTemporaryFile() as stream:
        Output(stream).write(b"x")
        stream.seek(0)
        assert stream.read() == b"x"


def test_a_stream_that_takes_a_part_is_an_error() -> None:
    class Short(io.BytesIO):
        def write(self, data: Any) -> int:
            return super().write(data[:3])

    with pytest.raises(OSError, match="the stream took 3 of 5 bytes; give one that is buffered"):
        Output(Short()).write(b"12345")


def test_descriptors_are_found_below_buffers_and_nowhere_else(tmp_path: Path) -> None:
    for mode, options in (("w", {}), ("wb", {}), ("w+b", {}), ("wb", {"buffering": 0})):
        with (tmp_path / "out").open(mode, **options) as stream:  # type: ignore[call-overload]
            assert descriptor(stream) == stream.fileno()
    one, other = socket.socketpair()
    with one, other, one.makefile("wb") as stream:
        assert descriptor(stream) is None
    assert descriptor(io.BytesIO()) is None
    assert descriptor(io.TextIOWrapper(io.BytesIO())) is None
    assert descriptor(Own()) is None


GONE = "the reader of the job's output is gone, so nothing more can be printed; end the job"


def test_a_closed_pipe_is_named_at_each_call() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as stream:
        output = Output(stream)
        calls: list[Callable[[], None]] = [
            partial(output.write, b"x"),
            output.flush,
            partial(output.write, b"x"),
        ]
        for call in calls:
            with pytest.raises(BrokenPipeError, match=GONE) as caught:
                call()
            assert caught.value.errno == errno.EPIPE
        assert os.fstat(write).st_mode & 0o170000 == 0o010000  # still the pipe: it is not standard output


def test_standard_output_leads_nowhere_once_its_reader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        output = Output(None)
        stream.write("buffered")
        with pytest.raises(BrokenPipeError, match=GONE):
            output.flush()
        with pytest.raises(BrokenPipeError, match=GONE):
            output.write(b"x")
        stream.flush()
        monkeypatch.undo()


def test_a_stream_whose_reader_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.EPIPE, "")

    stream = Closed()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(BrokenPipeError, match=GONE):
        Output(None).flush()


def test_after_a_write_that_failed_comes_a_fresh_line() -> None:
    class Failing(io.BytesIO):
        fails = True

        def write(self, data: Any) -> int:
            if not self.fails:
                return super().write(data)
            super().write(data[:3])
            raise KeyboardInterrupt

    stream = Failing()
    output = Output(stream)
    with pytest.raises(KeyboardInterrupt):
        output.write(b"unfinished\n")
    stream.fails = False
    output.write(b"one\n")
    output.write(b"two\n")
    assert stream.getvalue() == b"unf\none\ntwo\n"


def test_other_errors_pass() -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "full")

    output = Output(Full())
    for _ in range(2):
        with pytest.raises(OSError, match="full") as caught:
            output.write(b"x")
        assert caught.value.errno == errno.ENOSPC


def test_without_standard_output_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError, match="standard output is closed; start the job with one"):
        Output(None).flush()
