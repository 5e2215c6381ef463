"""Compressed files, such as engines make of rotated logs: their contents, as they are read."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any, NoReturn, Protocol

from planqk_protocol.captures import NoticeKind
from planqk_protocol.cli.failures import Failure
from planqk_protocol.cli.sources import Input

__all__ = ["CutOff", "Tell", "decompressed"]

_PIECE = 256 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PADDING = b"\0"

_BREAKS_OFF = "the compressed file breaks off; what there is of it is read"
_DAMAGED = "the compressed data is damaged; what comes before the damage is read, but may be altered"
_DAMAGED_BEHIND = "what stands behind the compressed data is damaged, or something else; it is left out"

Tell = Callable[[str, str, str], None]


class CutOff(Exception):  # noqa: N818  # the bytes before it are good
    """The bytes of an input end before their time.

    Attributes:
        is_altered: Whether those before may not be what was compressed, either.
    """

    def __init__(self, *, is_altered: bool) -> None:
        super().__init__()
        self.is_altered = is_altered


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
        yield from _Members(name, _Gzip, zlib.error, tell).contents(head, chunks)
    elif head.startswith(_ZSTD):
        zstd = _zstd(name)
        yield from _Members(
            name, partial(_Zstd, zstd.ZstdDecompressor, zstd.ZstdError), zstd.ZstdError, tell
        ).contents(head, chunks)
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


class _Decompressor(Protocol):
    """One member, or frame, in the terms of the standard library's modules."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    def rescue(self, data: bytes) -> bytes:
        """What can be had of the data with which the last call failed."""


class _Gzip:
    def __init__(self, state: Any = None) -> None:
        self._zlib = state or zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._unread = b""
        self._before = self._zlib

    def decompress(self, data: bytes, max_length: int) -> bytes:
        self._before = self._zlib.copy()
        piece: bytes = self._zlib.decompress(self._unread + data, max_length)
        self._unread = self._zlib.unconsumed_tail
        return piece

    def rescue(self, data: bytes) -> bytes:
        return _byte_by_byte(_Gzip(self._before), self._unread + data, 0, zlib.error)

    @property
    def eof(self) -> bool:
        return bool(self._zlib.eof)

    @property
    def unused_data(self) -> bytes:
        data: bytes = self._zlib.unused_data
        return data

    @property
    def needs_input(self) -> bool:
        return not self._unread


class _Zstd:
    """A decompressor, and one that lags behind it, as there is no way to copy one."""

    def __init__(self, make: Callable[[], Any], error: type[Exception]) -> None:
        self._zstd, self._before = make(), make()
        self._error = error
        self._data = b""  # what the other one was not given yet
        self._given = 0  # bytes that came out of it

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            if self._data:
                self._before.decompress(self._data, _PIECE)
                while not self._before.needs_input:
                    self._before.decompress(b"", _PIECE)
            self._data, self._given = data, 0
        piece: bytes = self._zstd.decompress(data, max_length)
        self._given += len(piece)
        return piece

    def rescue(self, _data: bytes) -> bytes:
        return _byte_by_byte(self._before, self._data, self._given, self._error)

    @property
    def eof(self) -> bool:
        return bool(self._zstd.eof)

    @property
    def unused_data(self) -> bytes:
        data: bytes = self._zstd.unused_data
        return data

    @property
    def needs_input(self) -> bool:
        return bool(self._zstd.needs_input)


class _Members:
    """The members of a compressed file, one behind the other."""

    def __init__(
        self, name: str, make: Callable[[], _Decompressor], error: type[Exception], tell: Tell
    ) -> None:
        self._name = name
        self._make = make
        self._error = error
        self._tell = tell

    def contents(self, head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member, is_begun, is_first = self._make(), False, True
        for chunk in chain([head], chunks):
            data = chunk if is_begun else chunk.lstrip(_PADDING)
            while data or (is_begun and not member.needs_input):
                try:
                    piece = member.decompress(data, _PIECE)
                except self._error:
                    rest = member.rescue(data)
                    yield from [rest] if rest else []
                    has_begun = is_first or is_begun or bool(rest)
                    message = _DAMAGED if has_begun else _DAMAGED_BEHIND
                    self._break_off(NoticeKind.CORRUPT, message, is_altered=has_begun)
                data, is_begun = b"", True
                if piece:
                    yield piece
                if member.eof:
                    data = member.unused_data.lstrip(_PADDING)
                    member, is_begun, is_first = self._make(), False, False
        if is_begun:
            self._break_off(NoticeKind.TRUNCATED, _BREAKS_OFF, is_altered=False)

    def _break_off(self, kind: NoticeKind, message: str, *, is_altered: bool) -> NoReturn:
        self._tell(self._name, message, kind)
        raise CutOff(is_altered=is_altered) from None


def _byte_by_byte(member: Any, data: bytes, given: int, error: type[Exception]) -> bytes:
    """What comes out of data up to the damage in it, behind what was given already."""
    pieces = []
    size = 0
    with suppress(error):
        for at in range(len(data)):
            more = data[at : at + 1]
            while piece := member.decompress(more, max(1, min(_PIECE, given - size))):
                more = b""
                pieces += [piece] if size >= given else []
                size += len(piece)
    return b"".join(pieces)
