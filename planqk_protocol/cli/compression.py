"""Compressed files, such as engines make of rotated logs: their contents, as they are read."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
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
_DAMAGED = "the compressed data is damaged from here on; what comes before is read"
_DAMAGED_BEHIND = "what stands behind the compressed data is damaged, or something else; it is left out"

Tell = Callable[[str, str, str], None]


class CutOff(Exception):  # noqa: N818  # the bytes before it are good
    """The bytes of an input end before their time."""


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
        yield from _Members(name, zstd.ZstdDecompressor, zstd.ZstdError, tell).contents(head, chunks)
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


class _Gzip:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail


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
                    self._break_off(NoticeKind.CORRUPT, _DAMAGED if is_first else _DAMAGED_BEHIND)
                data, is_begun = b"", True
                if piece:
                    yield piece
                if member.eof:
                    data = member.unused_data.lstrip(_PADDING)
                    member, is_begun, is_first = self._make(), False, False
        if is_begun:
            self._break_off(NoticeKind.TRUNCATED, _BREAKS_OFF)

    def _break_off(self, kind: NoticeKind, message: str) -> NoReturn:
        self._tell(self._name, message, kind)
        raise CutOff from None
