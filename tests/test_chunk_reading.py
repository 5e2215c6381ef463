"""Chunks out of files, pipes, sockets and asyncio streams, each as soon as it arrives."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from planqk_protocol import aiter_events, aread_chunks, iter_events, parse, read_chunks
from planqk_protocol.chunk_reading import AsyncReadable, Readable

DATA = b"starting\nPlanQK:Job:Result: 42\n" * 10_000
JOB = "import sys; sys.stdout.buffer.write(sys.argv[1].encode() * 10_000)"
PROGRAM = [sys.executable, "-c", JOB, DATA[:31].decode()]


def file(path: Path) -> IO[bytes]:
    return path.open("rb")


def unbuffered(path: Path) -> IO[bytes]:
    return path.open("rb", buffering=0)


def zipped(path: Path) -> gzip.GzipFile:
    path.write_bytes(gzip.compress(path.read_bytes()))
    return gzip.open(path)


@pytest.mark.parametrize("opened", [file, unbuffered, zipped])
def test_files_are_read_to_the_end(
    opened: Callable[[Path], IO[bytes] | gzip.GzipFile], tmp_path: Path
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(DATA)
    with opened(path) as stream:
        chunks = list(read_chunks(stream))
        assert not stream.closed
    assert b"".join(chunks) == DATA
    assert all(0 < len(chunk) <= 65536 for chunk in chunks)


@pytest.mark.parametrize("bufsize", [0, -1])
def test_the_pipe_of_a_process_is_read_to_the_end(bufsize: int) -> None:
    with subprocess.Popen(PROGRAM, stdout=subprocess.PIPE, bufsize=bufsize) as process:
        assert process.stdout
        assert list(iter_events(read_chunks(process.stdout))) == parse(DATA)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.rule("latency")
@pytest.mark.parametrize("buffering", [0, -1])
def test_a_chunk_comes_as_soon_as_there_are_bytes(pipe: tuple[int, int], buffering: int) -> None:
    with os.fdopen(pipe[0], "rb", buffering, closefd=False) as stream:
        chunks = read_chunks(stream)
        for data in (b"one", b"two\n"):
            os.write(pipe[1], data)
            assert next(chunks) == data


@pytest.mark.rule("latency")
def test_a_socket_is_read_as_its_bytes_come() -> None:
    here, there = socket.socketpair()
    with there:
        with here:
            chunks = read_chunks(there)
            for data in (b"one", b"two\n"):
                here.sendall(data)
                assert next(chunks) == data
        assert list(chunks) == []


def test_what_has_no_bytes_yet_is_not_at_its_end(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)
    with os.fdopen(pipe[0], "rb", 0, closefd=False) as stream:
        chunks = read_chunks(stream)
        os.write(pipe[1], b"one")
        assert next(chunks) == b"one"
        with pytest.raises(BlockingIOError, match="in non-blocking mode and has no bytes yet; make it block"):
            next(chunks)


def test_text_and_other_things_are_refused() -> None:
    with pytest.raises(TypeError, match=r"^what the file gives must be bytes.*, not str; open it in binary"):
        list(read_chunks(io.StringIO("text")))  # type: ignore[arg-type]
    wrong = r"^read_chunks\(\) takes a file in binary mode or a socket, not list: it has none of"
    with pytest.raises(TypeError, match=wrong):
        read_chunks([b"chunk"])  # type: ignore[arg-type]


def test_an_asyncio_stream_is_read_to_the_end() -> None:
    async def events() -> list[object]:
        process = await asyncio.create_subprocess_exec(*PROGRAM, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        found: list[object] = [event async for event in aiter_events(aread_chunks(process.stdout))]
        assert await process.wait() == 0
        return found

    assert asyncio.run(events()) == parse(DATA)


@pytest.mark.rule("latency")
def test_an_asyncio_stream_is_read_as_its_bytes_come() -> None:
    async def chunks() -> list[bytes]:
        reader = asyncio.StreamReader()
        arriving = aread_chunks(reader)
        found = []
        for data in (b"x" * 100_000, b"no line feed"):
            reader.feed_data(data)
            got = b""
            while len(got) < len(data):
                got += await anext(arriving)
            found.append(got)
        reader.feed_eof()
        return [*found, *[chunk async for chunk in arriving]]

    assert asyncio.run(chunks()) == [b"x" * 100_000, b"no line feed"]


def test_an_asyncio_stream_of_text_is_refused() -> None:
    class Text:
        async def read(self, _size: int, /) -> str:
            return "text"

    async def chunks() -> list[bytes]:
        return [chunk async for chunk in aread_chunks(Text())]  # type: ignore[arg-type]

    with pytest.raises(
        TypeError, match=r"^what the reader gives must be bytes.*, not str; open it in binary"
    ):
        asyncio.run(chunks())


def test_what_is_read_is_named_by_its_types(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with path.open("rb") as stream, socket.socket() as connection:
        readable: list[Readable] = [stream, io.BytesIO(), connection]
        assert list(read_chunks(readable[0])) == []
        assert len(readable) == 3
    asynchronous: type[AsyncReadable] = asyncio.StreamReader
    assert asynchronous
