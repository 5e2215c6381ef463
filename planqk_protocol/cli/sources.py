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

from planqk_protocol.cli.terminal import Failure

__all__ = ["STDIN", "CutOff", "Input", "follow", "label", "read", "total_size"]

STDIN = "-"
_CHUNK = 256 * 1024
_PAUSE = 0.1  # seconds between two looks at a file that is followed

_COMPARED = 4096  # bytes before the place in a file that is followed; if others stand there, it was rewritten

# What can become of a file that is followed.
_GONE = "not there; waiting for it"
_REPLACED = "replaced by another file; reading it from its start"
_TRUNCATED = "truncated; what was written to it just before may be lost; reading it from its start"

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
    by another, is read again from its start, as the next `Input`. A file was
    truncated if what was read of it does not stand there any more, whatever its
    size: others may have written to it since.

    Args:
        name: Path of a regular file.
        is_over: Tells whether to end.
        tell: Takes the file's name and what happened to it.

    Raises:
        CutOff: From the chunks, where the file was truncated, as nobody knows
            what it held by then.
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
                if fate == before == _REPLACED:  # so a last record in the old file is not missed
                    tell(label(name), _REPLACED)
                    return
                if fate == _GONE != before:
                    tell(label(name), _GONE)
                time.sleep(_PAUSE)


class _Unread:
    """What a file holds behind the bytes that were read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = 0
        self._before = b""

    def take(self) -> bytes | None:
        """The next bytes, none at the end; ``None`` if the place is not behind those read before."""
        # One read for both, so that nothing can happen to the file between them.
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
    """What became of the name of the open file, if it does not mean that file any more."""
    try:
        now = Path(name).stat()
    except FileNotFoundError:
        return _GONE
    return None if os.path.samestat(now, os.fstat(file.fileno())) else _REPLACED
