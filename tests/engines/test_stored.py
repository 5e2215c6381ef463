"""Docker's stored logs over several connections: each byte comes once, or a notice says what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from planqk_protocol.captures import CaptureNotice, Chunk, NoticeKind, decoder
from planqk_protocol.engines.container import OutputItem
from planqk_protocol.engines.stored import FrameError, Frames, PlainLog, StampedLog
from tests.engines.small_engine import BEGIN, SECOND, frame, stamp

# What a job prints may look like anything that an engine sends.
TEXTS = st.one_of(
    st.sampled_from(
        [b"", b"\0", frame(b"x"), stamp(BEGIN) + b"stdout F x", stamp(BEGIN), b"\xff", b"\r", b" "]
    ),
    st.binary(max_size=20),
).map(lambda text: text.replace(b"\n", b""))
STEPS = st.sampled_from([0, 0, 0, 1, SECOND // 2, SECOND, 30 * SECOND])


@st.composite
def records(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """A stored log: lines, and pieces of lines, which have one stamp."""
    time, made = BEGIN, []
    for text, is_piece in draw(st.lists(st.tuples(TEXTS, st.booleans()), max_size=20)):
        made.append((time, text + (b"" if is_piece else b"\n")))
        if not is_piece:
            time += draw(STEPS)
    return made


CUTS = st.lists(st.integers(0, 1000), max_size=6)
SIZES = st.integers(1, 100)


def answer(log: Iterable[tuple[int, bytes]], query: dict[str, int]) -> bytes:
    since = query.get("since", 0) * SECOND
    return b"".join(frame(stamp(time) + text) for time, text in log if time >= since)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def bytes_in(pieces: list[OutputItem], capture: str) -> tuple[bytes, list[NoticeKind]]:
    """What the container printed, by the pieces, and the notices among them."""
    subject = decoder(capture)
    output: list[Chunk | CaptureNotice] = []
    for piece in pieces:
        output += subject.feed(piece) if isinstance(piece, bytes) else [piece]
    output += subject.close()
    text = b"".join(item.data for item in output if isinstance(item, Chunk))
    return text, [item.kind for item in output if isinstance(item, CaptureNotice)]


@given(records(), CUTS, SIZES)
def test_each_byte_of_frames_comes_once(log: list[tuple[int, bytes]], cuts: list[int], size: int) -> None:
    subject = StampedLog("json-file")
    pieces: list[OutputItem] = []
    for stop in [*cuts, None]:
        for chunk in cut(answer(log, subject.restart())[:stop], size):
            pieces += subject.feed(chunk)
    assert not subject.is_within
    pieces += subject.close()
    assert bytes_in(pieces, "cri") == (b"".join(text for _, text in log), [])


def looks_whole(log: list[tuple[int, bytes]], count: int, gone: int) -> bool:
    """Whether what is left begins as what is known, if that many records are, though some are gone."""
    since = log[count - 1][0] // SECOND - 10
    known = [at for at in range(count) if log[at][0] // SECOND >= since]
    left = [record for record in log[gone:] if record[0] // SECOND >= since]
    return known[0] < gone and left[: len(known)] == [log[at] for at in known]


@given(records(), CUTS, st.integers(0, 20))
@example([(BEGIN, b"\n")] * 5 + [(BEGIN + 1, b"\n")] * 3, [240], 6)
def test_what_was_rotated_away_is_told(log: list[tuple[int, bytes]], cuts: list[int], gone: int) -> None:
    assume(not any(looks_whole(log, count, gone) for count in range(1, len(log) + 1)))
    subject = StampedLog("json-file")
    pieces: list[OutputItem] = []
    for stop in [*cuts, None]:
        kept = log[gone:] if pieces else log  # what is gone before all else, nobody can know
        pieces += subject.feed(answer(kept, subject.restart())[:stop])
    pieces += subject.close()
    text, notices = bytes_in(pieces, "cri")
    printed = b"".join(text for _, text in log)
    assert text == printed or NoticeKind.GAP in notices
    assert len(text) <= len(printed)


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_frames_that_are_cut_at_every_byte_come_once(driver: str) -> None:
    texts = [
        b"log\n",
        b"PlanQK:Job:Result: 42\n",
        b"\xc3",
        b"\xbc\n",
        b"same\n",
        b"same\n",
        b"same\n",
        b"end",
    ]
    log = [(BEGIN + at * SECOND, text) for at, text in zip([0, 1, 1, 1, 1, 1, 2, 2], texts, strict=True)]
    for size in range(len(answer(log, {})) + 1):
        for stops in ([size], [size, size // 2, size // 3], [size // 3, size, size // 2]):
            subject = StampedLog(driver)
            pieces: list[OutputItem] = []
            for stop in [*stops, None]:
                pieces += subject.feed(answer(log, subject.restart())[:stop])
            assert bytes_in(pieces + subject.close(), "cri") == (b"".join(texts), []), stops


@given(st.binary(max_size=200), CUTS, SIZES)
def test_each_plain_byte_comes_once(log: bytes, cuts: list[int], size: int) -> None:
    subject = PlainLog("raw")
    pieces: list[OutputItem] = []
    for stop in [*cuts, None]:
        assert subject.restart() == {}
        for chunk in cut(log[:stop], size):
            pieces += subject.feed(chunk)
    pieces += subject.close()
    assert bytes_in(pieces, "raw") == (log, [])


@given(st.binary(min_size=1, max_size=50), st.binary(max_size=50))
def test_a_plain_log_that_changed_is_lost(before: bytes, after: bytes) -> None:
    subject = PlainLog("raw")
    subject.restart()
    pieces = subject.feed(before)
    subject.restart()
    pieces += subject.feed(after) + subject.feed(b"more")
    pieces += subject.close() + subject.close()
    changed = not (after + b"more").startswith(before)
    assert subject.is_lost is changed
    text, notices = bytes_in(pieces, "raw")
    assert (text, notices) == ((before, [NoticeKind.GAP]) if changed else (after + b"more", []))


def test_a_plain_log_that_is_shorter_is_lost() -> None:
    subject = PlainLog("raw")
    subject.restart()
    subject.feed(b"ab")
    subject.restart()
    subject.feed(b"a")
    assert [type(piece) for piece in subject.close()] == [CaptureNotice]


@pytest.mark.parametrize(("driver", "text"), [("local", b"ab\nc"), ("json-file", b"abc")])
def test_a_line_in_pieces_that_lost_its_lf_ends_where_another_stamp_begins(driver: str, text: bytes) -> None:
    subject = StampedLog(driver)
    log = [(BEGIN, b"a"), (BEGIN, b"b"), (BEGIN + 1, b"c")]
    pieces = [piece for data in cut(answer(log, subject.restart()), 7) for piece in subject.feed(data)]
    assert bytes_in(pieces + subject.close(), "cri") == (text, [])


def test_a_single_record_that_was_not_expected_is_given_at_the_end() -> None:
    subject = StampedLog("json-file")
    subject.restart()
    subject.feed(answer([(BEGIN, b"a\n")], {}))
    query = subject.restart()
    pieces = subject.feed(answer([(BEGIN + SECOND, b"b\n")], query)) + subject.close()
    assert bytes_in(pieces, "cri") == (b"b\n", [NoticeKind.GAP])


def test_streams_that_are_not_stdout_are_left_out() -> None:
    subject = StampedLog("json-file")
    subject.restart()
    line = stamp(BEGIN) + b"x\n"
    assert subject.feed(frame(line, 2)) == []
    assert bytes_in(subject.feed(frame(line, 0)), "cri") == (b"x\n", [])


def test_a_text_of_several_lines_stays_one() -> None:
    subject = StampedLog("journald")
    assert bytes_in(subject.feed(frame(stamp(BEGIN) + b"a\nb\nc")), "cri") == (b"a\nb\nc", [])


def test_words_of_the_engine_are_bounded() -> None:
    subject = StampedLog("json-file")
    assert subject.feed(frame(b"x" * 10_000, 3)) == []
    (notice,) = subject.close()
    assert isinstance(notice, CaptureNotice)
    assert (notice.kind, len(notice.message) < 400) == (NoticeKind.SYSTEM_ERROR, True)
    subject.feed(frame(b"", 3))
    assert subject.error == "an error"


@pytest.mark.parametrize("data", [b"\4\0\0\0\0\0\0\1x", b"\1\0\0\0\xff\0\0\0x", frame(b"no stamp")])
def test_what_is_no_log(data: bytes) -> None:
    with pytest.raises(FrameError):
        StampedLog("json-file").feed(data)


@given(st.lists(st.binary(max_size=50), max_size=10), SIZES)
def test_frames_come_as_they_were(payloads: list[bytes], size: int) -> None:
    subject = Frames()
    data = b"".join(frame(payload) for payload in payloads)
    assert [got.payload for chunk in cut(data, size) for got in subject.feed(chunk)] == payloads
    assert not subject.is_within
