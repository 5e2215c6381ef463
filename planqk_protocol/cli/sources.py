"""Where the bytes come from: files, standard input, and one growing file.

A source is an iterator of `Input`, one per file, whose chunks are read as they
are asked for. Whatever changes the bytes on their way to the parser, or counts
them, takes such an iterator and gives one.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TextIO, TypeAlias

import rich_click as click

from planqk_protocol.cli.failures import Failure

__all__ = ["STDIN", "CutOff", "Input", "follow", "label", "read", "total_size"]

STDIN = "-"
_CHUNK = 256 * 1024
_PAUSE = 0.1  # seconds between two looks at a file that is followed

# What can become of a file that is followed; the last two end what is read of it.
_GONE = "not there; waiting for it"
_REPLACED = "replaced by another file"
_TRUNCATED = "truncated"
_ENDS = (_REPLACED, _TRUNCATED)

Tell: TypeAlias = Callable[[str, str], None]


class CutOff(Exception):  # noqa: N818  # the bytes before it are good
    """The bytes of an input end before their time.

    Attributes:
        is_altered: Whether those before may not be what was written, either.
    """

    def __init__(self, *, is_altered: bool) -> None:
        super().__init__()
        self.is_altered = is_altered


class Input(NamedTuple):
    """One file, or what a file held until it was replaced."""

    name: str
    chunks: Iterator[bytes]


def label(name: str) -> str:
    """How a file is called in messages."""
    return "<stdin>" if name == STDIN else click.format_filename(name)


def read(names: Sequence[str]) -> Iterator[Input]:
    """The files, in the order given, each up to its end.

    Args:
        names: Paths; ``-`` is standard input.

    Raises:
        Failure: From the chunks, if a file cannot be read.
    """
    return (Input(label(name), _chunks(name)) for name in names)


def total_size(names: Sequence[str]) -> int | None:
    """Size of all files in bytes, or ``None`` if one is not a regular file.

    Raises:
        Failure: A file is not there, or is a directory.
    """
    sizes = [_size(name) for name in names]
    return None if None in sizes else sum(filter(None, sizes))


def follow(name: str, is_over: Callable[[], bool], tell: Tell) -> Iterator[Input]:
    """A file that grows, as ``tail -F`` reads it: its name counts, not the file behind it.

    A file that is not there is waited for. One that was truncated, or replaced
    by another, is read again from its start, as the next `Input`.

    Args:
        name: Path of a regular file.
        is_over: Tells whether to end.
        tell: Takes the file's name and what happened to it.

    Raises:
        Failure: From the chunks, if the file cannot be read.
    """
    while not is_over():
        yield Input(label(name), _growing(name, is_over, tell))


def _chunks(name: str) -> Iterator[bytes]:
    with _reading(name):
        if name == STDIN:
            yield from _stdin_chunks()
            return
        with Path(name).open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _stdin_chunks() -> Iterator[bytes]:
    buffered: IO[bytes] = _stdin().buffer
    unbuffered: IO[bytes] = getattr(buffered, "raw", buffered)
    while chunk := unbuffered.read(_CHUNK):
        yield chunk
    if chunk is None:  # a non-blocking pipe that is empty for now, which is not its end
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _stdin() -> TextIO:
    if sys.stdin is None:
        raise Failure("standard input is closed; give a FILE")
    return sys.stdin


def _size(name: str) -> int | None:
    with _reading(name):
        try:
            status = os.fstat(_stdin().fileno()) if name == STDIN else Path(name).stat()
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
            missed = False
            while not is_over():
                if chunk := file.read(_CHUNK):
                    yield chunk
                    continue
                fate = _fate(file, name)
                if fate in _ENDS:
                    yield from iter(lambda: file.read(_CHUNK), b"")  # written since the last look
                    tell(label(name), f"{fate}; reading it from its start")
                    return
                if fate and not missed:
                    tell(label(name), fate)
                missed = fate is not None
                time.sleep(_PAUSE)


def _wait_for(name: str, is_over: Callable[[], bool], tell: Tell) -> IO[bytes] | None:
    missed = False
    while not is_over():
        try:
            if not stat.S_ISREG(Path(name).stat().st_mode):
                raise Failure(f"cannot follow {label(name)}: it is no regular file; leave out --follow")
            return Path(name).open("rb", buffering=0)
        except FileNotFoundError:
            if not missed:
                tell(label(name), _GONE)
            missed = True
            time.sleep(_PAUSE)
    return None


def _fate(file: IO[bytes], name: str) -> str | None:
    """What became of the open file, if its name does not mean it any more, or not all of it."""
    try:
        now = Path(name).stat()
    except FileNotFoundError:
        return _GONE
    if not os.path.samestat(now, os.fstat(file.fileno())):
        return _REPLACED
    return _TRUNCATED if now.st_size < file.tell() else None
