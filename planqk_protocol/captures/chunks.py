"""What a decoder gives: chunks of the container's bytes, and notices of what the capture lost."""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.excerpts import excerpt_of_bytes

__all__ = [
    "CaptureNotice",
    "Chunk",
    "Decoded",
    "GradedRecords",
    "NoticeKind",
    "Records",
    "StampedRecords",
    "StdStream",
]


class StdStream(StrEnum):
    """The stream on which a container printed bytes."""

    STDOUT = "stdout"
    STDERR = "stderr"
    UNKNOWN = "unknown"


class NoticeKind(StrEnum):
    """What happened to a capture. All but ``repaired`` mean that bytes may be lost or altered."""

    TRUNCATED = "truncated"
    TORN = "torn"
    CORRUPT = "corrupt"
    NUL_RUN = "nul-run"
    REPLACEMENT_CHAR = "replacement-char"
    NULL_MESSAGE = "null-message"
    GAP = "gap"
    UNKNOWN_STREAM = "unknown-stream"
    SYSTEM_ERROR = "system-error"
    BAD_STREAM_TYPE = "bad-stream-type"
    OVERSIZE = "oversize"
    REPAIRED = "repaired"


class CaptureNotice(msgspec.Struct, frozen=True):
    """Damage in a capture, at its place among the chunks.

    Attributes:
        kind: What happened, for programs.
        record: Number of the record in its file, counted from 1; records that
            are damaged count too.
        offset: Where it begins, in bytes from the start of its file.
        message: What is wrong and what to do, for people; its wording is no
            contract.
        stream: The stream that it concerns. ``UNKNOWN`` if it may be any stream.
            ``None`` if it concerns no stream of the container that is read: then
            it is about the output of another container.
        file: Number of the file, counted from 0: one more with each
            `Decoder.end_of_file`.
    """

    kind: NoticeKind
    record: int
    offset: int
    message: str
    stream: StdStream | None = StdStream.UNKNOWN
    file: int = 0

    def concerns(self, stream: StdStream) -> bool:
        """Whether bytes of `stream` may be lost or altered at this place."""
        return self.kind is not NoticeKind.REPAIRED and self.stream in (stream, StdStream.UNKNOWN)

    def loses(self, stream: StdStream) -> bool:
        """Whether bytes of `stream` may be missing at this place, and whole lines with them.

        U+FFFD means that no byte is missing. It stands for bytes that are not UTF-8,
        and neither a marker nor an LF has such bytes.
        """
        return self.kind is not NoticeKind.REPLACEMENT_CHAR and self.concerns(stream)


class Records(Protocol):
    """The records that a chunk was made of. Their ends and times are computed only if asked for."""

    def ends(self) -> list[int]:
        """Where each record ends in the chunk's data, in bytes."""

    def times(self) -> list[str]:
        """The time stamp of each record; empty where it has none."""

    def time_span(self) -> tuple[str, str]:
        """The first and the last of `times`. Whoever asks for no others need not wait for them."""


@runtime_checkable
class GradedRecords(Records, Protocol):
    """Records of a format that gives each of them a severity."""

    def severities(self) -> list[str | None]:
        """The severity of each record; ``None`` where it has none."""


class StampedRecords(msgspec.Struct, frozen=True):
    """The records of a chunk, with the bytes and the time stamp of each.

    Attributes:
        texts: The bytes of each record.
        stamps: The time stamp of each record, if it has one.
    """

    texts: list[bytes]
    stamps: list[bytes | str | None]

    def ends(self) -> list[int]:
        """Where each record ends in the chunk's data, in bytes."""
        return list(accumulate(len(text) for text in self.texts))

    def times(self) -> list[str]:
        """The time stamp of each record; empty where it has none."""
        return [_text(stamp) for stamp in self.stamps]

    def time_span(self) -> tuple[str, str]:
        """The first and the last time stamp; empty where the record has none."""
        return _text(self.stamps[0]), _text(self.stamps[-1])


def _text(stamp: bytes | str | None) -> str:
    return stamp.decode() if isinstance(stamp, bytes) else stamp or ""


class Chunk(msgspec.Struct, frozen=True, eq=False):
    """Bytes that a container printed, cut anywhere: a chunk is neither a record nor a line.

    Chunks are equal if they have the same bytes of the same stream, are both
    suspect or both not, and if each byte has the same time stamp.

    Attributes:
        stream: The stream on which they were printed.
        data: The bytes.
        suspect: Whether they come from a damaged record, so that they may be
            altered or incomplete.
        records: The records they come from, if these have time stamps.
    """

    stream: StdStream
    data: bytes
    suspect: bool = False
    records: Records | None = None

    @property
    def time(self) -> str | None:
        """The time stamp of the last record, as the capture has it; ``None`` where it has none."""
        return self.times_at([len(self.data) - 1])[0]

    @property
    def time_ns(self) -> int | None:
        """`time` in nanoseconds since 1970, UTC."""
        time = self.time
        return None if time is None else nanoseconds(time)

    @property
    def time_span(self) -> tuple[str | None, str | None]:
        """The time stamps of the first and the last record; each ``None`` where it has none."""
        first, last = self.records.time_span() if self.records else ("", "")
        return first or None, last or None

    def times_at(self, offsets: list[int]) -> list[str | None]:
        """The time stamps of the records that hold the bytes at `offsets` of `data`."""
        if not self.records:
            return [None] * len(offsets)
        ends, times = self.records.ends(), self.records.times()
        return [times[bisect_right(ends, offset)] or None for offset in offsets]

    def severities_at(self, offsets: list[int]) -> list[str | None]:
        """The severities of the records that hold the bytes at `offsets` of `data`."""
        if not isinstance(self.records, GradedRecords):
            return [None] * len(offsets)
        ends, severities = self.records.ends(), self.records.severities()
        return [severities[bisect_right(ends, offset)] for offset in offsets]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chunk):
            return NotImplemented
        mine, theirs = (self.stream, self.data, self.suspect), (other.stream, other.data, other.suspect)
        return mine == theirs and self._time_spans() == other._time_spans()

    def __ne__(self, other: object) -> bool:  # a Struct has one of its own, which compares identities
        return not self == other

    def __hash__(self) -> int:
        return hash((self.stream, self.data, self.suspect))

    def _time_spans(self) -> list[tuple[str, int]]:
        """Each time stamp with the offset at which its bytes end, where adjacent bytes differ in it."""
        records = self.records or StampedRecords([self.data], [None])
        spans: list[tuple[str, int]] = []
        for time, end in zip(records.times(), records.ends(), strict=True):
            if spans and spans[-1][0] == time:
                spans.pop()
            if end > (spans[-1][1] if spans else 0):
                spans.append((time, end))
        return spans

    def __repr__(self) -> str:
        mark = ", suspect" if self.suspect else ""
        return f"Chunk({self.stream.value}, {excerpt_of_bytes(self.data)}{mark})"


Decoded: TypeAlias = list[Chunk | CaptureNotice]
"""What a call of a decoder gives: chunks and notices, in the order of the capture."""
