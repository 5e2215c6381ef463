"""Chunks compare by what they hold."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, StdStream, decoder
from planqk_protocol.captures.chunks import Records, StampedRecords

CRI = b"".join(b"2024-05-01T10:00:0%dZ stdout %c %d\n" % (n, tag, n) for n, tag in enumerate(b"FPFF"))


def chunk(*records: tuple[bytes, str | None]) -> Chunk:
    stamped = StampedRecords([data for data, _ in records], [time for _, time in records])
    return Chunk(StdStream.STDOUT, b"".join(stamped.texts), records=stamped)


def test_chunks_of_the_same_capture_are_equal() -> None:
    one, other = (decoder("cri", stream=StdStream.STDOUT).feed(CRI) for _ in range(2))
    assert one == other
    assert isinstance(one[0], Chunk)
    assert isinstance(other[0], Chunk)
    assert one[0].records is not other[0].records
    assert hash(one[0]) == hash(other[0])
    assert one == decoder("cri").feed(CRI + b"2024-05-01T10:00:09Z stderr F x\n")[:1]  # another way to decode
    assert one != decoder("cri").feed(CRI.replace(b"10:00:02", b"10:00:03"))


@pytest.mark.parametrize(
    "records",
    [
        [(b"ab", "1"), (b"c", "2")],
        [(b"a", "1"), (b"b", "1"), (b"c", "2")],
        [(b"", "0"), (b"ab", "1"), (b"", "3"), (b"c", "2"), (b"", None)],
    ],
)
def test_only_the_time_of_each_byte_counts(records: list[tuple[bytes, str | None]]) -> None:
    expected = chunk((b"ab", "1"), (b"c", "2"))
    assert chunk(*records) == expected
    assert not chunk(*records) != expected  # noqa: SIM202  # both ways to compare
    assert hash(chunk(*records)) == hash(expected)


@pytest.mark.parametrize(
    "other",
    [
        chunk((b"a", "1"), (b"bc", "2")),
        chunk((b"ab", "1"), (b"c", None)),
        chunk((b"ab", "1"), (b"d", "2")),
        Chunk(StdStream.STDOUT, b"abc"),
        Chunk(StdStream.STDOUT, b"abc", records=StampedRecords([b"ab", b"c"], ["1", "2"]), suspect=True),
        Chunk(StdStream.STDERR, b"abc", records=StampedRecords([b"ab", b"c"], ["1", "2"])),
        b"abc",
    ],
)
def test_chunks_that_differ_are_not_equal(other: object) -> None:
    assert chunk((b"ab", "1"), (b"c", "2")) != other


@pytest.mark.parametrize(
    "records", [None, StampedRecords([b"a", b"b"], [None, None]), StampedRecords([b"ab"], [None])]
)
def test_no_times_are_no_times(records: Records | None) -> None:
    assert Chunk(StdStream.STDOUT, b"ab", records=records) == Chunk(StdStream.STDOUT, b"ab")
    assert Chunk(StdStream.STDOUT, b"", records=StampedRecords([b""], ["1"])) == Chunk(StdStream.STDOUT, b"")


def test_a_chunk_shows_its_beginning() -> None:
    assert repr(Chunk(StdStream.STDOUT, b"ab", suspect=True)) == "Chunk(stdout, b'ab', suspect)"


def test_a_chunk_equals_no_other_thing() -> None:
    assert chunk((b"ab", "1")) != b"ab"
    assert chunk((b"ab", "1")).__eq__(b"ab") is NotImplemented
