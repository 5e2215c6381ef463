"""Decompress files while they are read: engines and logrotate compress the logs that they rotate."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from importlib import import_module
from itertools import chain
from typing import IO, Any

from planqk_protocol.captures import NoticeKind
from planqk_protocol.errors import missing_extra
from planqk_protocol.inputs.input import CutOff, Input, InputError
from planqk_protocol.inputs.members import Bzip2, Gzip, Member, Xz, Zstd

__all__ = ["Tell", "decompressed", "is_compressed"]

_PIECE = 256 * 1024
_BEHIND_PADDING = re.compile(rb"[^\0]")
_FIRST_STEP = 256
_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_KINDS: dict[type[Member], str | None] = {Gzip: None, Zstd: _ZSTD, Bzip2: "bz2", Xz: "lzma"}
"""How files are compressed, and the module that decompresses each. A Python may lack it."""
_MAGICS = tuple(magic for kind in _KINDS for magic in kind.magics)
_LONGEST_MAGIC = max(map(len, _MAGICS))

_BREAKS_OFF = "the compressed file ends too early; the part that is there is read"
_DAMAGED = "the compressed data is damaged; the part before the damage is read, but it may be altered"
_DAMAGED_AFTER = "the bytes after the compressed data are damaged, or not compressed; they are left out"


class _Damage(Exception):  # noqa: N818  # a fault of the file, not of the program
    """Damage in compressed data. Nothing after it can be read.

    Args:
        kind: The kind of the damage.
        message: The message about it.
        is_altered: Whether earlier bytes may be corrupt, too.
    """

    def __init__(self, kind: NoticeKind, message: str, *, is_altered: bool) -> None:
        super().__init__()
        self.kind = kind
        self.message = message
        self.is_altered = is_altered


Tell = Callable[[str, str, str], None]


def decompressed(inputs: Iterable[Input], tell: Tell) -> Iterator[Input]:
    """Decompress the inputs that are compressed by gzip, Zstandard, bzip2 or xz. Their first bytes show that.

    Args:
        inputs: The inputs.
        tell: Called with the name of a damaged file, a message, and the kind of the damage.

    Raises:
        CutOff: From the chunks, after the last one that could be read.
        InputError: From the chunks, if a library is missing.
    """
    for name, chunks in inputs:
        yield Input(name, _contents(name, iter(chunks), tell))


def is_compressed(opened: IO[bytes]) -> bool:
    """Whether the first bytes of an open file show that it is compressed. Goes back to its beginning."""
    head = opened.read(_LONGEST_MAGIC)
    opened.seek(0)
    return _kind(head) is not None


def _kind(head: bytes) -> type[Member] | None:
    if not head.startswith(_MAGICS):  # most files are not compressed
        return None
    return next(kind for kind in _KINDS if head.startswith(kind.magics))


def _contents(name: str, chunks: Iterator[bytes], tell: Tell) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LONGEST_MAGIC or not any(magic.startswith(head) for magic in _MAGICS):
            break
    kind = _kind(head)
    if kind is None:
        yield from [head] if head else []
        yield from chunks
    else:
        library = _KINDS[kind]
        try:
            make = partial(kind, _load(library, name)) if library else kind
            yield from _Members(name, kind.magics, make, tell).contents(head, chunks)
        finally:
            if isinstance(chunks, Generator):
                chunks.close()  # an exception that is kept would keep the file open


def _load(library: str, name: str) -> Any:
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        missing = str(error.name).removeprefix("_")
        advice = f"{missing} is missing; this Python was built without it"
        if library == _ZSTD:
            advice = missing_extra(missing, "cli")
        raise InputError(f"cannot read {name}: {advice}") from None


class _Members:
    """Decompresses a file of one or more members (gzip), frames (Zstandard) or streams (bzip2, xz).

    At the end of a member, the library returns a copy of the data after it. A
    chunk may hold thousands of members, so passing on all of a chunk each time
    would take quadratic time. Therefore a member first gets little data, and then
    twice as much each time.
    """

    def __init__(self, name: str, magics: tuple[bytes, ...], make: Callable[[], Member], tell: Tell) -> None:
        self._name = name
        self._magics = magics
        self._make = make
        self._tell = tell
        self._is_first = True
        self._is_begun = False
        self._head = b""
        self._step = _FIRST_STEP
        self._member = make()

    def contents(self, head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Decompress a file from its first bytes and its other chunks."""
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
            self._head += data[: len(self._magics[0]) - len(self._head)]
            try:
                piece = self._member.decompress(data, _PIECE)
            except self._member.error:
                has_begun = self._is_first or self._head in self._magics
                yield self._rescued(data, has_begun)
                message = _DAMAGED if has_begun else _DAMAGED_AFTER
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

    def _rescued(self, data: bytes, has_begun: bool) -> bytes:
        """The decompressed bytes before the damage in the latest data."""
        if has_begun and (refusal := self._member.refusal):
            raise InputError(f"cannot read {self._name}: {refusal}") from None
        return self._member.rescue(data)


def _behind_padding(chunk: bytes, at: int) -> int:
    found = _BEHIND_PADDING.search(chunk, at)
    return found.start() if found else len(chunk)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces to larger ones."""
    ready: list[bytes] = []
    size = 0
    try:
        for piece in filter(None, pieces):
            ready.append(piece)
            size += len(piece)
            if size >= _PIECE:
                yield b"".join(ready)
                ready, size = [], 0
    except (_Damage, InputError):
        if ready:
            yield b"".join(ready)
        raise
    if ready:
        yield b"".join(ready)
