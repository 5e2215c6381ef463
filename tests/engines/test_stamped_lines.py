"""Lines with stamps: what the cluster says is told, and what the job prints is passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines.stamped_lines import StampedLines
from tests.engines.kubelet import Piece, sent

TEXTS = st.binary(max_size=50).map(lambda text: text.replace(b"\n", b"") + b"\n")
SECOND = 1_714_557_600_000_000_000


def lines(*texts: bytes) -> bytes:
    return sent([Piece(SECOND + at, text) for at, text in enumerate(texts)])


def fed(log: StampedLines, *chunks: bytes) -> list[bytes | CaptureNotice]:
    log.restart()
    return [piece for chunk in chunks for piece in log.feed(chunk)] + log.end()


@pytest.mark.parametrize("is_exact", [True, False])
@given(
    texts=st.lists(st.binary(max_size=50).map(lambda text: text.replace(b"\n", b"") + b"\n")),
    size=st.integers(1, 50),
)
def test_chunks_mean_nothing(*, is_exact: bool, texts: list[bytes], size: int) -> None:
    data = lines(*texts)
    log = StampedLines(is_exact=is_exact)
    pieces = fed(log, *(data[at : at + size] for at in range(0, len(data), size))) + log.close()
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == b"".join(texts)


def test_words_are_told_once_and_in_short() -> None:
    log = StampedLines(is_exact=True)
    words = b"unable to retrieve container logs for containerd://" + b"x" * 10_000
    *pieces, notice = fed(log, lines(b"a\n"), words[:20], words[20:50], words[50:])
    assert pieces == [b"a\n"]
    assert isinstance(notice, CaptureNotice)
    assert (notice.kind, notice.record, notice.offset, notice.stream) == (NoticeKind.SYSTEM_ERROR, 2, 2, None)
    assert "unable to retrieve" in notice.message
    assert len(notice.message) < 200
    assert fed(log, lines(b"a\n", b"b\n")) == [b"b\n"]


def test_a_part_of_the_end_of_an_older_line_is_no_word() -> None:
    log = StampedLines(is_exact=True)
    fed(log, lines(b"a\n", b"b\n"))
    assert fed(log, b"the end") == []
    assert fed(log, b"the end of a line\n", lines(b"a\n", b"b\n", b"c\n")) == [b"c\n"]


def test_a_line_goes_on_after_a_message() -> None:
    log = StampedLines(is_exact=True)
    words, text = fed(log, b"a line of the cluster that is no line of the job\n", lines(b"a\n"))
    assert isinstance(words, CaptureNotice)
    assert text == b"a\n"


@pytest.mark.parametrize("part", [b"", b"2", b"2024-05-01T10:00:00.000"])
def test_a_part_of_a_stamp_is_no_end(part: bytes) -> None:
    log = StampedLines(is_exact=True)
    assert fed(log, lines(b"a\n") + part) == [b"a\n"]
    assert log.is_within_stamp == bool(part)


@pytest.mark.parametrize("cut", range(1, 33))
def test_a_stamp_within_a_line_is_found_in_chunks(cut: int) -> None:
    log = StampedLines(is_exact=False)
    data = lines(b"a" + lines(b"b\n"))
    pieces = fed(log, data[: 31 + cut], data[31 + cut :])
    assert [piece.kind for piece in pieces if isinstance(piece, CaptureNotice)] == [NoticeKind.CORRUPT]
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == data[31:]
