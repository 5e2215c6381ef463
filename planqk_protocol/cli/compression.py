"""Compressed files, such as engines make of rotated logs: their contents, as they are read."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any

from planqk_protocol.captures import NoticeKind
from planqk_protocol.cli.members import Gzip, Member, Zstd
from planqk_protocol.cli.sources import CutOff, Input
from planqk_protocol.cli.terminal import Failure

__all__ = ["Tell", "decompressed"]

_PIECE = 256 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BEHIND_PADDING = re.compile(rb"[^\0]")
_FIRST_STEP = 256

_BREAKS_OFF = "the compressed file breaks off; what there is of it is read"
_DAMAGED = "the compressed data is damaged; what comes before the damage is read, but may be altered"
_DAMAGED_BEHIND = "what stands behind the compressed data is damaged, or something else; it is left out"


class _Damage(Exception):  # noqa: N818  # it is no fault of the program
    """What ends the data that can be read.

    Args:
        kind: What it is, for programs.
        message: What it is, for people.
        is_altered: Whether what comes before it may be altered, too.
    """

    def __init__(self, kind: NoticeKind, message: str, *, is_altered: bool) -> None:
        super().__init__()
        self.kind = kind
        self.message = message
        self.is_altered = is_altered


Tell = Callable[[str, str, str], None]


def decompressed(inputs: Iterable[Input], tell: Tell) -> Iterator[Input]:
    """The same inputs; what is compressed by gzip or Zstandard is decompressed, told by its first bytes.

    Args:
        inputs: The inputs.
        tell: Takes the name of a file that is damaged, what is wrong, and the kind of that.

    Raises:
        CutOff: From the chunks, behind the last one that could be read.
        Failure: From the chunks, if a library is missing.
    """
    for name, chunks in inputs:
        yield Input(name, _contents(name, iter(chunks), tell))


def _contents(name: str, chunks: Iterator[bytes], tell: Tell) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if not any(magic.startswith(head) for magic in (_GZIP, _ZSTD)):
            break
    if head.startswith(_GZIP):
        yield from _Members(name, _GZIP, Gzip, zlib.error, tell).contents(head, chunks)
    elif head.startswith(_ZSTD):
        library = _zstd(name)
        make = partial(Zstd, library)
        yield from _Members(name, _ZSTD, make, library.ZstdError, tell).contents(head, chunks)
    else:
        yield from [head] if head else []
        yield from chunks


def _zstd(name: str) -> Any:
    try:
        return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ModuleNotFoundError as error:
        raise Failure(
            f'cannot read {name}: {error.name} is missing; run: pip install "planqk_protocol[cli]"'
        ) from None


class _Members:
    """The members of a compressed file, one behind the other.

    A library gives back what stands behind a member as a copy. So a member is
    given little data first, and more the longer it is: there may be thousands
    of members in a chunk.
    """

    def __init__(
        self, name: str, magic: bytes, make: Callable[[], Member], error: type[Exception], tell: Tell
    ) -> None:
        self._name = name
        self._magic = magic
        self._make = make
        self._error = error
        self._tell = tell
        self._is_first = True
        self._is_begun = False
        self._head = b""
        self._step = _FIRST_STEP
        self._member = make()

    def contents(self, head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """What comes out of the chunks; of tiny members, that of many at a time."""
        try:
            yield from self._sound(chain([head], chunks))
        except _Damage as damage:
            self._tell(self._name, damage.message, damage.kind)
            raise CutOff(is_altered=damage.is_altered) from None

    def _sound(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield from _joined(self._pieces(chunk))
        if self._is_begun:
            raise _Damage(NoticeKind.TRUNCATED, _BREAKS_OFF, is_altered=False)

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        at = 0
        while True:
            has_more = self._is_begun and not self._member.needs_input
            if not self._is_begun:
                at = _behind_padding(chunk, at)
            data = b"" if has_more else chunk[at : at + self._step]
            if not (data or has_more):
                return
            self._head += data[: len(self._magic) - len(self._head)]
            try:
                piece = self._member.decompress(data, _PIECE)
            except self._error:
                yield self._rescued(data)
                has_begun = self._is_first or self._head == self._magic
                message = _DAMAGED if has_begun else _DAMAGED_BEHIND
                raise _Damage(NoticeKind.CORRUPT, message, is_altered=has_begun) from None
            yield piece
            self._is_begun = True
            at += len(data)
            self._step = min(2 * self._step, _PIECE)
            if self._member.eof:
                at -= len(self._member.unused_data)
                self._is_first = self._is_begun = False
                self._head = b""
                self._step = _FIRST_STEP
                self._member = self._make()

    def _rescued(self, data: bytes) -> bytes:
        """What stands before the damage in data."""
        if refusal := self._member.refusal:
            raise Failure(f"cannot read {self._name}: {refusal}") from None
        return self._member.rescue(data)


def _behind_padding(chunk: bytes, at: int) -> int:
    found = _BEHIND_PADDING.search(chunk, at)
    return found.start() if found else len(chunk)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, small ones together."""
    ready: list[bytes] = []
    size = 0
    try:
        for piece in filter(None, pieces):
            ready.append(piece)
            size += len(piece)
            if size >= _PIECE:
                yield b"".join(ready)
                ready, size = [], 0
    except (_Damage, Failure):
        if ready:
            yield b"".join(ready)
        raise
    if ready:
        yield b"".join(ready)
