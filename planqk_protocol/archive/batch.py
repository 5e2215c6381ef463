"""A batch of captures, and how a worker makes the rows of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from planqk_protocol.archive.contents import TarFound
from planqk_protocol.archive.reading import ReadOptions, capture_row
from planqk_protocol.archive.stored import StoredCapture
from planqk_protocol.archive.tars import Done, ListedTar, member_rows, tar_rows

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Batch", "rows_of"]


class Batch(msgspec.Struct, frozen=True):
    """Captures that one call of a worker reads. It can be pickled.

    Attributes:
        store: The file system of fsspec that holds them.
        captures: The captures.
        options: How to read them.
        tar: The large tar that all of them are in, if they are in one.
    """

    store: AbstractFileSystem
    captures: tuple[StoredCapture, ...]
    options: ReadOptions
    tar: ListedTar | None = None

    def __reduce__(self) -> str | tuple[Any, ...]:
        # By pickle alone, the captures take three times as long from one process to another.
        try:
            captures = _encode(self.captures)
        except UnicodeEncodeError:  # a name has bytes that are no UTF-8
            return super().__reduce__()
        return _batch, (self.store, captures, self.options, self.tar)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[StoredCapture, ...]).decode


def _batch(store: AbstractFileSystem, captures: bytes, options: ReadOptions, tar: ListedTar | None) -> Batch:
    return Batch(store, _decode(captures), options, tar)


def rows_of(batch: Batch) -> Done:
    """Read the captures of a batch. This is what a worker calls."""
    if batch.tar:
        return Done(member_rows(batch.store, batch.captures, batch.tar, batch.options), [])
    done = Done([], [])
    for capture in batch.captures:
        for rows, ranges in _read(batch.store, capture, batch.options):
            done.rows.extend(rows)
            done.ranges.extend(ranges)
    return done


def _read(store: AbstractFileSystem, capture: StoredCapture, options: ReadOptions) -> Iterator[Done]:
    if capture.is_tar:
        yield tar_rows(store, capture, options)
        return
    try:
        yield Done([capture_row(store, capture, options)], [])
    except TarFound:
        is_tar = len(capture.files) == 1
        for file in capture.files:  # what is rotated may be tars
            yield from _read(store, StoredCapture((file,), capture.config, is_tar), options)
