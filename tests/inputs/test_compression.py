"""Compressed files: many members, wide windows, and what damage leaves."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.inputs import compression, members
from planqk_protocol.inputs.input import CutOff, Input, InputError
from tests.cli.harness import invoke
from tests.cli.zstandard import zstd

RESULT = b"PlanQK:Job:Result: 42\n"
COMPRESS = {
    "gzip": partial(gzip.compress, mtime=0),
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
KINDS: dict[str, type[members.Member]] = {
    "gzip": members.Gzip,
    "zstd": members.Zstd,
    "bzip2": members.Bzip2,
    "xz": members.Xz,
}


def with_window(log: int, data: bytes) -> bytes:
    """Data in a frame whose decompression takes a window of 2**log bytes."""
    parameter = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(
        options={parameter.window_log: log, parameter.enable_long_distance_matching: 1}
    )
    whole: bytes = compressor.compress(data) + compressor.flush()
    return whole


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def contents(chunks: list[bytes]) -> list[bytes]:
    (only,) = compression.decompressed([Input("a", iter(chunks))], lambda *_told: None)
    return list(only.chunks)


@given(
    texts=st.lists(st.binary(max_size=40), min_size=1, max_size=30),
    padding=st.sampled_from([0, 4]),
    size=st.sampled_from([1, 2, 7, 100, 10_000]),
    kind=st.sampled_from(sorted(COMPRESS)),
)
def test_members_come_out_however_they_are_cut(
    texts: list[bytes], padding: int, size: int, kind: str
) -> None:
    whole = b"".join(COMPRESS[kind](text) + bytes(padding) for text in texts)
    chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert b"".join(contents(chunks)) == b"".join(texts)


def outcome_of(chunks: list[bytes]) -> tuple[bytes, list[str], bool | None]:
    """What comes out, what is told, and whether that may be altered; ``None`` where all is sound."""
    told: list[str] = []
    (only,) = compression.decompressed([Input("a", iter(chunks))], lambda *what: told.append(what[1]))
    data = b""
    try:
        for chunk in only.chunks:
            data += chunk
    except CutOff as end:
        return data, told, end.is_altered
    except InputError as refusal:  # damage makes a window wide
        told.append(str(refusal))
    return data, told, None


# libzstd takes these frames in pieces, but not whole: one says that it holds a byte, and holds none;
# in the other, an empty block is marked as compressed.
@example(texts=[b"", b""], at=5, change=b"\x01", cut=0, kind="zstd")
@example(texts=[b""], at=6, change=b"\x05", cut=0, kind="zstd")
# The bytes after the first frame begin as a frame does, but for one byte, and name a wide window.
@example(texts=[b"", b"", b"a"], at=12, change=b"\x00\x00\xa0", cut=0, kind="zstd")
# A frame to be skipped that holds nothing.
@example(texts=[b"", b"", b"a"], at=9, change=b"\x50\x2a\x4d\x18\x00\x00\x00\x00\x28", cut=0, kind="zstd")
@given(
    texts=st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    at=st.integers(0, 400),
    change=st.binary(max_size=3),
    cut=st.integers(0, 400),
    kind=st.sampled_from(sorted(COMPRESS)),
)
def test_damage_is_told_alike_however_the_data_is_cut(
    texts: list[bytes], at: int, change: bytes, cut: int, kind: str
) -> None:
    whole = b"".join(COMPRESS[kind](text) for text in texts)
    at %= len(whole) + 1
    damaged = (whole[:at] + change + whole[at + len(change) :])[: cut or None]
    expected = outcome_of([damaged])
    for size in (1, 2, 5, 50):
        assert outcome_of(list(pieces_of(damaged, size))) == expected


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_cost_of_many_small_members_is_linear(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    make = KINDS[kind]
    decompress = make.decompress
    given = []

    def counted(member: members.Member, data: bytes, max_length: int) -> bytes:
        given.append(len(data))
        return decompress(member, data, max_length)

    monkeypatch.setattr(make, "decompress", counted)
    count = 2000
    text = b"a line\n"
    whole = COMPRESS[kind](text) * count
    assert contents([whole]) == [text * count]  # in one piece, so that what reads on is called once
    assert len(given) == count
    assert sum(given) <= 256 * count


def test_a_wide_window_is_read() -> None:
    data = b"log\n" * 1000 + RESULT
    for log in (27, 28):
        outcome = invoke("result", stdin=with_window(log, data))
        assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("42\n", "", 0)


@pytest.mark.parametrize("command", ["result", "unwrap"])
@pytest.mark.parametrize("log", [29, 30])
def test_a_window_that_is_too_wide_is_no_damage(command: str, log: int) -> None:
    outcome = invoke(command, stdin=with_window(log, RESULT))
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert outcome.stderr == (
        f"planqk-protocol: cannot read <stdin>: it needs a window of {1 << log - 20} MiB in memory, and "
        f"at most 256 MiB are allowed; decompress it first: zstd --decompress --long={log}\n"
    )


def test_the_window_of_a_frame_in_one_segment_is_its_content() -> None:
    header = b"\x28\xb5\x2f\xfd\xa0" + (300 << 20).to_bytes(4, "little") + bytes(9)
    assert "a window of 300 MiB" in invoke("result", stdin=header).stderr


@pytest.mark.parametrize(
    "frame",
    [
        b"\x28\xb5\x2f\xfd\x08" + bytes(9),  # a reserved bit
        b"\x28\xb5\x2f\xfd\x00\xff" + bytes(9),  # a window that no library takes
    ],
)
def test_a_damaged_header_is_damage(frame: bytes) -> None:
    outcome = invoke("unwrap", stdin=frame)
    assert outcome.stderr.startswith("<stdin>: corrupt: the compressed data is damaged")
    assert outcome.exit_code == 1


def test_xz_that_takes_too_much_memory_is_no_damage() -> None:
    whole = bytearray(lzma.compress(RESULT))
    assert whole[12] == 2  # size of the block's header in units of 4 bytes, less 1: it ends with a checksum
    whole[16] = 37  # a window of 1.5 GiB
    whole[20:24] = zlib.crc32(whole[12:20]).to_bytes(4, "little")
    outcome = invoke("result", stdin=bytes(whole))
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert outcome.stderr == (
        "planqk-protocol: cannot read <stdin>: it needs more than 256 MiB of memory, which are allowed; "
        "decompress it first: xz --decompress\n"
    )


def test_damaged_xz_is_damage() -> None:
    whole = bytearray(lzma.compress(RESULT))
    whole[-20] ^= 1
    data, told, is_altered = outcome_of([bytes(whole)])
    assert (data, is_altered) == (RESULT, True)
    assert "the compressed data is damaged" in told[0]


def test_a_log_that_begins_like_bzip2_is_read_as_it_is() -> None:
    assert invoke("result", stdin=b"BZh9 starting\n" + RESULT).stdout == "42\n"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_window_is_seen_however_the_header_is_cut(size: int) -> None:
    with pytest.raises(Exception, match="a window of 1024 MiB"):
        contents(list(pieces_of(with_window(30, RESULT), size)))
