"""A tar of logs, read where it is: its members are the files of captures.

The headers are read first, to find the captures among the members. Then each capture is
read from its place in the tar, in the order of the tar. A compressed tar is decompressed
on the way. To go back in it means to begin anew, so a log whose rotated files lie in the
tar from the newest to the oldest costs one more decompression up to its place.

The rows of a large tar would take too much memory, and one worker too long. So whoever
lists it divides its captures into ranges, packed into a few bytes for each capture, and
each range is work of its own. In a compressed tar, all before a range has to be
decompressed once more. So a range of it is larger.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from planqk_protocol.archive.contents import TarFound, opened_file
from planqk_protocol.archive.reading import ReadOptions, capture_row, error_row, message_of
from planqk_protocol.archive.rows import OutcomeRow
from planqk_protocol.archive.store_entries import named_file
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.archive.tar_listing import list_tar
from planqk_protocol.captures import NoticeKind
from planqk_protocol.inputs.seekable import SeekableFile, seekable

__all__ = ["Done", "ListedTar", "TarRange", "member_rows", "tar_rows"]

_RANGE = 1000  # captures
_RANGE_BYTES = 32 * 1024 * 1024
_COMPRESSED_RANGE = 10_000  # captures
_TAR_IN_TAR = "it is a tar within a tar; unpack the outer one"
_CHANGED = "the tar changed while it was read; read it again"


class ListedTar(msgspec.Struct, frozen=True):
    """A tar whose headers were read.

    Attributes:
        file: The tar as it is stored.
        is_compressed: Whether it is compressed.
        damage: The message about damage in the compressed data, if members before it may be corrupt, too.
    """

    file: StoredFile
    is_compressed: bool
    damage: str | None


class TarRange(msgspec.Struct, frozen=True):
    """Some of the captures in a large tar, which `member_rows` reads.

    Attributes:
        tar: The tar.
        packed: The captures, in a few bytes for each.
    """

    tar: ListedTar
    packed: bytes

    @property
    def captures(self) -> tuple[StoredCapture, ...]:
        """The captures, in the order of the tar."""
        return msgspec.msgpack.decode(zlib.decompress(self.packed), type=tuple[StoredCapture, ...])


class Done(NamedTuple):
    """What a worker gives back.

    Attributes:
        rows: The rows that it made.
        ranges: What else is to be read, found in large tars.
    """

    rows: list[OutcomeRow]
    ranges: list[TarRange]

    def __reduce__(self) -> tuple[Callable[[bytes, list[TarRange]], Done], tuple[bytes, list[TarRange]]]:
        # By pickle alone, a row takes five times as long from one process to another.
        return _done, (_encode_rows(self.rows), self.ranges)


_encode_rows = msgspec.msgpack.Encoder().encode
_decode_rows = msgspec.msgpack.Decoder(list[OutcomeRow]).decode


def _done(rows: bytes, ranges: list[TarRange]) -> Done:
    return Done(_decode_rows(rows), ranges)


class _OpenTar:
    """An open tar in place of a store: each member is at its offset in the one file."""

    protocol = "tar"

    def __init__(self, opened: SeekableFile) -> None:
        self._opened = opened

    @contextmanager
    def open(self, _path: str, _mode: str) -> Iterator[SeekableFile]:
        """The whole tar. Whoever reads a member seeks its offset first."""
        yield self._opened


def tar_rows(store: Any, capture: StoredCapture, options: ReadOptions) -> Done:
    """Read the captures in a tar, and make their rows; of a large tar, find ranges of them.

    If the tar is damaged or empty, the tar itself has a row, too, with an error.

    Args:
        store: The file system of fsspec that holds the tar.
        capture: The tar.
        options: How to read its members.
    """
    [file] = capture.files
    if file.error:
        return Done([error_row(capture, file.error)], [])
    try:
        with opened_file(store, file.path) as stored:
            opened = seekable(stored, file.url)
            captures, error = list_tar(opened, file)
            tar = ListedTar(file, opened.is_compressed, opened.damage if opened.is_altered else None)
            ranges = _ranges(captures, is_compressed=opened.is_compressed)
            rows = [error_row(capture, error)] if error else []
            first = next(ranges, [])
            others = [_packed(tar, members) for members in ranges]
            if others:
                return Done(rows, [_packed(tar, first), *others])
            return Done([*_rows(opened, first, tar, options), *rows], [])
    except Exception as failure:  # noqa: BLE001  # stores raise what they will, and a file must not end the run
        return Done([error_row(capture, message_of(failure))], [])


def member_rows(
    store: Any, captures: Iterable[StoredCapture], tar: ListedTar, options: ReadOptions
) -> list[OutcomeRow]:
    """Read captures in a tar, and make their rows.

    Args:
        store: The file system of fsspec that holds the tar.
        captures: The captures.
        tar: The tar, as it was when they were listed.
        options: How to read them.
    """
    if _is_changed(tar.file, named_file(store, tar.file.path)):
        return [error_row(capture, _CHANGED) for capture in captures]
    try:
        with opened_file(store, tar.file.path) as stored:
            return list(_rows(seekable(stored, tar.file.url), captures, tar, options))
    except Exception as failure:  # noqa: BLE001  # as in `tar_rows`
        return [error_row(capture, message_of(failure)) for capture in captures]


def _packed(tar: ListedTar, captures: list[StoredCapture]) -> TarRange:
    return TarRange(tar, zlib.compress(msgspec.msgpack.encode(captures)))


def _ranges(captures: Iterable[StoredCapture], *, is_compressed: bool) -> Iterator[list[StoredCapture]]:
    """Divide the captures in a tar. Those of a range are in the order of the tar."""
    found: list[StoredCapture] = []
    size = 0
    for capture in captures:
        found.append(capture)
        size += capture.size
        is_full = len(found) >= _RANGE or size >= _RANGE_BYTES
        if len(found) >= _COMPRESSED_RANGE if is_compressed else is_full:
            yield _in_order(found)
            found, size = [], 0
    if found:
        yield _in_order(found)


def _in_order(captures: list[StoredCapture]) -> list[StoredCapture]:
    return sorted(captures, key=lambda capture: capture.files[0].offset)


def _rows(
    opened: SeekableFile, captures: Iterable[StoredCapture], tar: ListedTar, options: ReadOptions
) -> Iterator[OutcomeRow]:
    store = _OpenTar(opened)
    for capture in captures:
        try:
            row = error_row(capture, _TAR_IN_TAR) if capture.is_tar else capture_row(store, capture, options)
        except TarFound:
            row = error_row(capture, _TAR_IN_TAR)
        yield _damaged(row, tar.damage) if tar.damage and not row.error else row


def _damaged(row: OutcomeRow, damage: str) -> OutcomeRow:
    """A row of data that may be corrupt."""
    kind = NoticeKind.CORRUPT.value
    notices = row.notices | {kind: row.notices.get(kind, 0) + 1}
    notices = dict(sorted(notices.items()))
    return msgspec.structs.replace(row, notices=notices, damage=row.damage or damage, suspect=True)


def _is_changed(before: StoredFile, now: StoredFile) -> bool:
    """Whether a file is another one now. Of times, the seconds count: a store may list files with more."""
    if now.error or now.size != before.size:
        return True
    if now.modified is None or before.modified is None:
        return False
    return abs((now.modified - before.modified).total_seconds()) >= 1
