"""Read bytes from files, from standard input, and from a growing file, each as an `Input`."""

# ruff: noqa: PTH116, PTH123  # to import pathlib takes as long as to read a small log

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TextIO, TypeAlias

import click

from planqk_protocol.cli.terminal import Failure
from planqk_protocol.inputs.input import CutOff, Input

__all__ = ["STDIN", "follow", "label", "read", "total_size"]

STDIN = "-"
_CHUNK = 256 * 1024
_PAUSE = 0.1  # seconds between two reads at the end of a file that is followed
_COMPARED = 4096  # bytes that were read last from such a file; if they have changed, it was truncated

# What can happen to a file that is followed.
_GONE = "not there; waiting for it"
_REPLACED = "replaced by another file; reading it from its start"
_TRUNCATED = "truncated; what was written to it just before may be lost; reading it from its start"

Tell: TypeAlias = Callable[[str, str], None]


def label(name: str) -> str:
    """The name of a file in messages."""
    return "<stdin>" if name == STDIN else click.format_filename(name)


def read(names: Sequence[str]) -> Iterator[Input]:
    """Read files in the order given, each up to its end.

    Args:
        names: Paths; ``-`` is standard input.

    Raises:
        Failure: From the chunks, if a file cannot be read.
    """
    return (Input(label(name), _chunks(name)) for name in names)


def total_size(names: Sequence[str]) -> int | None:
    """The size of all files in bytes, or ``None`` if one of them is not a regular file.

    Raises:
        Failure: A file does not exist, or is a directory.
    """
    sizes = [_size(name) for name in names]
    return None if None in sizes else sum(filter(None, sizes))


def follow(name: str, is_over: Callable[[], bool], tell: Tell) -> Iterator[Input]:
    """Read a growing file by its name, as ``tail -F`` does.

    If the file does not exist, this waits for it. If it was truncated or
    replaced by another file, it is read again from its start, as the next
    `Input`. The size of a file does not show whether it was truncated: it may
    have grown again. So the last bytes that were read are compared with the bytes
    that stand in their place now.

    Args:
        name: Path of a regular file.
        is_over: Tells whether to stop.
        tell: Called with the file's name and what happened to it.

    Raises:
        CutOff: From the chunks, if the file was truncated. Bytes that were
            written just before may be lost.
        Failure: From the chunks, if the file cannot be read.
    """
    while not is_over():
        yield Input(label(name), _growing(name, is_over, tell))


def _chunks(name: str) -> Iterator[bytes]:
    with _reading(name):
        if name == STDIN:
            yield from _stdin_chunks()
            return
        with open(name, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _stdin_chunks() -> Iterator[bytes]:
    buffered: IO[bytes] = _stdin().buffer
    unbuffered: IO[bytes] = getattr(buffered, "raw", buffered)
    while chunk := unbuffered.read(_CHUNK):
        yield chunk
    if chunk is None:  # a non-blocking pipe is empty, but not at its end
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _stdin() -> TextIO:
    if sys.stdin is None:
        raise Failure("standard input is closed; give a FILE")
    return sys.stdin


def _size(name: str) -> int | None:
    with _reading(name):
        try:
            status = os.fstat(_stdin().fileno()) if name == STDIN else os.stat(name)
        except ValueError:  # standard input without a file descriptor
            return None
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return status.st_size if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(f"cannot read {label(name)}: {error.strerror}") from None


def _growing(name: str, is_over: Callable[[], bool], tell: Tell) -> Iterator[bytes]:
    with _reading(name):
        file = _wait_for(name, is_over, tell)
        if file is None:
            return
        with file:
            unread = _Unread(file)
            fate = None
            while not is_over():
                if (chunk := unread.take()) is None:
                    tell(label(name), _TRUNCATED)
                    raise CutOff(is_altered=False)
                if chunk:
                    yield chunk
                    continue
                before, fate = fate, _fate(file, name)
                if fate == before == _REPLACED:  # seen twice, so the old file was read to its end in between
                    tell(label(name), _REPLACED)
                    return
                if fate == _GONE != before:
                    tell(label(name), _GONE)
                time.sleep(_PAUSE)


class _Unread:
    """The part of a file that was not read yet."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = 0
        self._before = b""

    def take(self) -> bytes | None:
        """The next bytes, or no bytes at the end; ``None`` if the bytes before them have changed."""
        # A single read gets both, so that the file cannot change between them.
        self._file.seek(self._place - len(self._before))
        data = self._file.read(len(self._before) + _CHUNK)
        if not data.startswith(self._before):
            return None
        chunk = data[len(self._before) :]
        self._place += len(chunk)
        self._before = data[-_COMPARED:]
        return chunk


def _wait_for(name: str, is_over: Callable[[], bool], tell: Tell) -> IO[bytes] | None:
    missed = False
    while not is_over():
        try:
            if not stat.S_ISREG(os.stat(name).st_mode):
                raise Failure(f"cannot follow {label(name)}: it is not a regular file; leave out --follow")
            return open(name, "rb", buffering=0)
        except FileNotFoundError:
            if not missed:
                tell(label(name), _GONE)
            missed = True
            time.sleep(_PAUSE)
    return None


def _fate(file: IO[bytes], name: str) -> str | None:
    """What happened to the name of an open file; ``None`` if it still names that file."""
    try:
        now = os.stat(name)
    except FileNotFoundError:
        return _GONE
    return None if os.path.samestat(now, os.fstat(file.fileno())) else _REPLACED
