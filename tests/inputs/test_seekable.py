"""Compressed files that are read from any place."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.inputs.seekable import seekable
from tests.cli.zstandard import zstd

KINDS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


@given(
    data=st.binary(max_size=3000),
    steps=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4000)), max_size=6),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_any_place_of_a_file_is_read(data: bytes, steps: list[tuple[int, int]], kind: str) -> None:
    opened = seekable(io.BytesIO(KINDS[kind](data)), "a")
    for place, size in steps:
        opened.seek(place)
        assert opened.tell() == min(place, len(data))
        assert opened.read(size) == data[place : place + size]
    assert opened.seek_end() == opened.tell() == len(data)
    assert (opened.damage, opened.is_altered) == (None, False)
    assert opened.is_compressed is (kind != "none")


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"none"}))
def test_the_end_of_a_file_that_breaks_off_is_known(kind: str) -> None:
    opened = seekable(io.BytesIO(KINDS[kind](b"log\n" * 100)[:-1]), "a")
    opened.seek_end()
    assert opened.damage == "the compressed file ends too early; the part that is there is read"
    opened.seek(4)
    assert opened.read(4) in {b"log\n", b""}  # bzip2 and Zstandard give whole blocks
    assert not opened.is_altered


def test_damage_alters_what_stands_before_it() -> None:
    opened = seekable(io.BytesIO(gzip.compress(b"a" * 99, compresslevel=0).replace(b"aa", b"ab")), "a")
    assert opened.seek_end() == 99
    assert "may be altered" in str(opened.damage)
    assert opened.is_altered
