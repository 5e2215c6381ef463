"""A log that is read over connections that break: each byte comes once, or a gap is told."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planqk_protocol.engines import remembered, resumption
from planqk_protocol.engines.resumption import Resumption
from tests.engines import kubelet
from tests.engines.kubelet import Piece

BEGIN = 1_714_557_600
SECOND = 1_000_000_000
GAP = None


def of_lines() -> Resumption:
    return Resumption(has_lines=True)


def of_frames() -> Resumption:
    return Resumption(has_lines=False)


def parts(data: bytes) -> list[bytes]:
    """Lines, whole and cut."""
    return re.findall(rb"[^\n]{1,7}\n?|\n", data)


def pass_on(log: Resumption, data: bytes, chunks: Sequence[bytes] | None = None) -> list[bytes | None]:
    """What is new of a connection's data; `GAP` stands for a gap."""
    new: list[bytes | None] = []
    for part in parts(data) if chunks is None else chunks:
        text = log.feed(part, ends=part.endswith(b"\n"))
        new += [GAP, text] if log.is_gap else [text]
    return new


def end(log: Resumption) -> list[bytes | None]:
    text = log.close()
    return [GAP, text] if log.is_gap else [text]


def joined(new: Sequence[bytes | None]) -> bytes:
    assert GAP not in new
    return b"".join(part for part in new if part)


def line(second: float, text: bytes) -> Piece:
    return Piece(round((BEGIN + second) * SECOND), text)


# Texts of a few shapes, so that lines are alike, and some look like stamps.
TEXTS = st.one_of(
    st.sampled_from([b"a", b"ab", b"\n", b"a\n", b"ab\n", b"PlanQK:Job:Result: 42\n"]),
    st.integers(0, 40).map(lambda at: kubelet.sent([line(at, b"forged\n")])),
    st.binary(min_size=1, max_size=50).map(lambda text: text.replace(b"\n", b"?")),
    st.binary(max_size=50).map(lambda text: text.replace(b"\n", b"") + b"\n"),
)
# Time goes on by little or much. It goes back by less than what is asked for in excess, and not within a
# line: a filter that takes the middle out of a line makes it another one, and a gap is told in vain. So is it
# where time goes back, and what is left of such a line looks as if it had a stamp.
STEPS = st.one_of(st.sampled_from([0, 0, 1, 400_000_000]), st.integers(-2, 5).map(lambda at: at * SECOND))


@st.composite
def logs(draw: st.DrawFn) -> list[Piece]:
    steps = draw(st.lists(st.tuples(STEPS, TEXTS), max_size=30))
    pieces: list[Piece] = []
    newest, is_late = BEGIN * SECOND, False
    for step, text in steps:
        in_line = pieces and not pieces[-1].text.endswith(b"\n")
        time = pieces[-1].time + abs(step) if in_line else newest + step
        is_late = (in_line and is_late) or time < newest
        newest = max(newest, time)
        pieces.append(Piece(time, text.replace(b"Z ", b"") if in_line and is_late else text))
    return pieces


CUTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2000), st.booleans()), max_size=6)


@given(logs(), CUTS, st.integers(0, 3))
def test_each_byte_comes_once(pieces: list[Piece], cuts: list[tuple[int, int, bool]], more: int) -> None:
    """The log grows between connections; each breaks off at any byte, and may send more than it has to."""
    log = of_lines()
    new: list[bytes | None] = []
    there = 0
    for grown, cut, honours in sorted(cuts):
        there = max(there, grown)
        since = log.restart()
        asked = since - more if since is not None and honours else None
        new += pass_on(log, kubelet.sent(pieces[:there], asked)[:cut])
    new += pass_on(log, kubelet.sent(pieces, log.restart()))
    new += end(log)
    assert joined(new) == kubelet.text(pieces)


@st.composite
def distinct(draw: st.DrawFn) -> list[Piece]:
    """Lines in which no byte but LF comes twice, some in several pieces."""
    pieces = []
    time = BEGIN * SECOND
    left = bytes(sorted(set(range(256)) - set(b"\n")))
    for size in draw(st.lists(st.integers(1, 20), max_size=12)):
        text, left = left[:size] + b"\n", left[size:]
        stops = sorted(draw(st.sets(st.integers(1, size - 1), max_size=3))) if size > 1 else []
        for start, stop in zip([0, *stops], [*stops, len(text)], strict=True):
            time += draw(st.sampled_from([0, 1, SECOND, 4 * SECOND]))
            pieces.append(Piece(time, text[start:stop]))
    return pieces


def segments(new: Sequence[bytes | None]) -> list[bytes]:
    """What stands between the gaps."""
    found = [b""]
    for part in new:
        if part is GAP:
            found.append(b"")
        else:
            found[-1] += part
    return found


def stamps(pieces: list[Piece], lost: int, position: int) -> set[int]:
    """Those of lines that begin in the pieces that are not lost, and before a position."""
    starts = (
        number for number in range(lost, len(pieces)) if pieces[number - 1].text.endswith(b"\n") or not number
    )
    return {pieces[number].time for number in starts if len(kubelet.text(pieces[:number])) < position}


@given(
    distinct(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 900)), max_size=5)
)
def test_a_gap_is_told_where_bytes_are_missing(
    pieces: list[Piece], connections: list[tuple[int, int, int]]
) -> None:
    """The log grows, and loses its beginning, between connections; each breaks off at any byte."""
    whole = kubelet.text(pieces)
    log = of_lines()
    new: list[bytes | None] = []
    there = lost = may_miss = 0
    for grown, rotated, cut in [*sorted(connections), (len(pieces), 0, -1)]:
        there, lost = max(there, min(grown, len(pieces))), min(max(lost, rotated), there)
        position = len(b"".join(part for part in new if part))
        # No line is there in both that is earlier than the last one.
        may_miss += lost > 0 and len(stamps(pieces, lost, position)) < 2
        sent = kubelet.sent(pieces[lost:there], log.restart())
        new += pass_on(log, sent if cut < 0 else sent[:cut])
    new += end(log)

    found = segments(new)
    assert may_miss or len(found) == 1
    starts = {len(kubelet.text(pieces[:at])) for at in range(len(pieces) + 1)}
    at = 0  # a line goes on there, if another one like it may be gone
    for segment in found:
        # A line may come again from the middle on, if the engine has no more of it.
        start = whole.find(segment, whole.rfind(b"\n", 0, max(at - 1, 0)) + 1)
        assert start in starts or start == at
        at = start + len(segment)
    assert at == len(whole) or not found[-1]


@st.composite
def repeated(draw: st.DrawFn) -> list[Piece]:
    """Lines of few texts and few times, so that many are alike."""
    time, pieces = BEGIN * SECOND, []
    for step, text in draw(
        st.lists(
            st.tuples(st.sampled_from([0, 0, 1, SECOND]), st.sampled_from(b"ab")), min_size=1, max_size=12
        )
    ):
        time += step
        pieces.append(Piece(time, b"%c\n" % text))
    return pieces


def looks_whole(pieces: list[Piece], given: int, lost: int) -> bool:
    """Whether what is left of a log begins as what is known of it, though records of that are gone."""
    known = [at for at in range(given) if pieces[at].time // SECOND >= pieces[given - 1].time // SECOND - 10]
    left = [
        piece
        for piece in pieces[lost:]
        if not known or piece.time >= pieces[known[0]].time // SECOND * SECOND
    ]
    records = [pieces[at] for at in known]
    # A first record that is not known may be the end of an older line.
    return bool(known) and known[0] < lost and records in (left[: len(known)], left[1 : len(known) + 1])


@pytest.mark.parametrize("has_lines", [True, False])
@given(
    pieces=repeated(),
    first=st.integers(1, 12),
    later=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 400)), max_size=3),
)
def test_of_records_that_are_alike_none_is_lost_without_a_word(
    *, has_lines: bool, pieces: list[Piece], first: int, later: list[tuple[int, int]]
) -> None:
    """The log is rotated between connections, each of which breaks off at any byte."""
    assume(
        not any(
            looks_whole(pieces, given, lost)
            for given in range(13)
            for lost, _ in later
            if given <= len(pieces)
        )
    )
    log = Resumption(has_lines=has_lines)
    log.restart()
    new = pass_on(log, kubelet.sent(pieces[:first]))
    gone = 0
    for lost, cut in [*later, (0, -1)]:
        gone = max(gone, lost)
        sent = kubelet.sent(pieces[gone:], log.restart())
        new += pass_on(log, sent if cut < 0 else sent[:cut])
    new += end(log)
    text = b"".join(part for part in new if part)
    assert text == kubelet.text(pieces) or GAP in new


@given(
    st.integers(1, 12),
    st.lists(
        st.tuples(st.sets(st.integers(0, 11)), st.integers(0, 6), st.integers(0, 12), st.integers(2, 12)),
        min_size=1,
        max_size=4,
    ),
)
def test_what_is_remembered_comes_once(count: int, connections: list[tuple[set[int], int, int, int]]) -> None:
    """Each connection leaves out some of what follows what was read, and sends its end once more.

    The log is rotated between them.
    """
    pieces = [line(number / 3, b"%d\n" % number) for number in range(count)]
    log = of_frames()
    new: list[bytes | None] = []
    gone = there = 0
    for left_out, lost, grown, again in [*connections, (set(), 0, count, 0)]:
        known, there, gone = there, max(there, min(grown, count)), max(gone, min(lost, there))
        since = log.restart()
        came = [at for at in range(gone, there) if at < known or at not in left_out]
        for at in came + (came[-again:] if 1 < again <= len(came) else []):
            if since is None or pieces[at].time >= since * SECOND:
                new += pass_on(log, kubelet.sent([pieces[at]]))
    new += end(log)
    lines = [int(part) for part in new if part]
    assert len(lines) == len(set(lines))
    assert set(range(gone, count)) <= set(lines)
    items = [part if part is GAP else int(part) for part in new if part is GAP or part]
    for before, after in itertools.pairwise(items):
        assert before is GAP or after is GAP or before < after


STAMPED = [kubelet.sent([line(second, b"%d\n" % second)]) for second in range(40)]


def given_then(log: Resumption, *parts: bytes, more: Sequence[bytes]) -> list[bytes | None]:
    """What is new in a second connection."""
    log.restart()
    pass_on(log, b"", parts)
    log.restart()
    return pass_on(log, b"", more) + end(log)


def test_nothing_is_asked_for_again_before_there_was_anything() -> None:
    log = of_lines()
    assert log.restart() is None
    assert log.feed(STAMPED[0][:20], ends=False) == b""
    assert log.restart() is None
    assert not log.is_catching_up
    assert end(log) == [b""]


@pytest.mark.parametrize("size", [31, 32, 33])
def test_seconds_are_asked_for_that_reach_back(size: int) -> None:
    log = of_lines()
    log.restart()
    log.feed(STAMPED[20][:size], ends=size == 33)
    assert log.restart() == (BEGIN + 10 if size > 31 else None)


def test_a_gap_is_told_with_the_record_after_it() -> None:
    new = given_then(of_lines(), STAMPED[1], more=[STAMPED[3], STAMPED[4], STAMPED[5]])
    assert new == [b"", GAP, b"3\n4\n", b"5\n", b""]


def test_one_record_alone_after_a_gap_is_held_until_the_end() -> None:
    assert given_then(of_lines(), STAMPED[1], more=[STAMPED[3]]) == [b"", GAP, b"3\n"]


def test_a_log_that_is_gone_is_a_gap() -> None:
    assert given_then(of_lines(), STAMPED[1], more=[]) == [GAP, b""]


def test_records_that_are_alike_are_counted() -> None:
    assert given_then(of_lines(), *[STAMPED[1]] * 3, more=[STAMPED[1]] * 5) == [b""] * 3 + [b"1\n"] * 2 + [
        b""
    ]


def test_which_of_the_records_that_are_alike_is_gone_nobody_knows() -> None:
    """Three were there, and two come: if two are gone, then one that came is a new one."""
    new = given_then(of_lines(), *[STAMPED[1]] * 3, more=[*[STAMPED[1]] * 2, STAMPED[2], STAMPED[3]])
    assert new == [b"", b"", b"", GAP, b"2\n3\n", b""]


def test_where_only_the_last_record_is_left_another_one_like_it_may_be_gone() -> None:
    log = of_lines()
    assert given_then(log, STAMPED[1], STAMPED[2], more=[STAMPED[2], STAMPED[3]]) == [GAP, b"", b"3\n", b""]


def test_an_earlier_record_that_is_left_tells_that_nothing_is_gone_after_it() -> None:
    new = given_then(of_lines(), *STAMPED[1:4], more=[*STAMPED[2:5]])
    assert new == [b"", b"", b"4\n", b""]


def test_a_gap_is_told_once() -> None:
    """Until there is more after it."""
    log = of_lines()
    assert given_then(log, STAMPED[1], STAMPED[2], more=[STAMPED[2]]) == [GAP, b"", b""]
    log.restart()
    assert pass_on(log, b"", [STAMPED[2]]) + end(log) == [b"", b""]
    log.restart()
    assert pass_on(log, b"", [STAMPED[2], STAMPED[3]]) == [b"", b"3\n"]
    log.restart()
    assert pass_on(log, b"", [STAMPED[3]]) == [GAP, b""]


def test_a_record_in_the_middle_that_does_not_come_is_a_gap() -> None:
    for log in (of_lines(), of_frames()):
        new = given_then(log, *STAMPED[1:4], more=[STAMPED[1], STAMPED[3], STAMPED[4], STAMPED[5]])
        assert GAP in new
        assert [part for part in new if part] in ([b"4\n5\n"], [b"4\n", b"5\n"])


def test_what_was_left_out_comes_late_and_what_is_known_not_again() -> None:
    log = of_frames()
    more = [*STAMPED[1:9]]
    assert given_then(log, *STAMPED[1:3], *STAMPED[5:7], more=more) == [
        *[b"", b"", GAP, b"3\n", b"4\n"],
        *[b"", GAP, b"", b"7\n", b"8\n", b""],
    ]
    log.restart()
    assert pass_on(log, b"", [*STAMPED[1:10]]) == [*[b""] * 8, b"9\n"]


def test_one_line_that_was_left_out_is_a_gap() -> None:
    """It may be the end of an older line, so it is not given."""
    assert given_then(of_lines(), STAMPED[1], STAMPED[3], more=STAMPED[1:5]) == [
        b"",
        b"",
        GAP,
        b"",
        b"4\n",
        b"",
    ]


def test_what_is_gone_is_missed_once() -> None:
    log = of_frames()
    assert given_then(log, STAMPED[1], more=[STAMPED[3]]) == [GAP, b"3\n", b""]
    log.restart()
    assert pass_on(log, b"", [STAMPED[3], STAMPED[4]]) == [b"", b"4\n"]


def test_a_file_that_comes_twice_on_one_connection_is_given_once() -> None:
    log = of_frames()
    log.restart()
    more = [*STAMPED[1:3], *STAMPED[30:34], *STAMPED[30:35]]
    new = [part for part in pass_on(log, b"", more) if part is GAP or part]
    assert new == [b"1\n", b"2\n", b"30\n", b"31\n", b"32\n", b"33\n", GAP, b"34\n"]
    # What was left out comes in the next one.
    log.restart()
    new = pass_on(log, b"", STAMPED[25:36])
    assert [part for part in new if part is GAP or part] == [
        GAP,
        *[b"%d\n" % at for at in range(25, 30)],
        GAP,
        b"35\n",
    ]


def test_a_clock_that_is_set_back_is_no_gap() -> None:
    log = of_frames()
    log.restart()
    assert joined(pass_on(log, b"", [STAMPED[at] for at in (30, 31, 5, 6, 32)])) == b"30\n31\n5\n6\n32\n"


@pytest.mark.parametrize("size", [10, 31, 32])
def test_a_log_that_stops_within_a_line_that_was_read_brings_nothing(size: int) -> None:
    log = of_lines()
    log.restart()
    pass_on(log, b"", STAMPED[1:9])
    log.restart()
    new = [*pass_on(log, b"", STAMPED[1:3]), log.feed(STAMPED[3][:size], ends=False)]
    assert (log.is_catching_up, log.is_incomplete) == (True, True)
    assert new + end(log) == [b"", b"", b"", GAP, b""]


def test_a_log_that_stops_within_its_first_line_brings_nothing() -> None:
    log = of_lines()
    log.restart()
    pass_on(log, b"", STAMPED[1:9])
    log.restart()
    assert log.feed(STAMPED[1][:32], ends=False) == b""
    assert log.is_incomplete
    assert end(log) == [GAP, b""]


def test_a_last_line_without_lf_that_is_later_is_new() -> None:
    assert given_then(of_lines(), STAMPED[1], more=[STAMPED[3][:-1]]) == [b"", GAP, b"3"]


@pytest.mark.parametrize("tail", [b"the end of a line\n", STAMPED[30][:31] + b"looks like a record\n"])
def test_the_end_of_an_older_line_is_left_out(tail: bytes) -> None:
    assert given_then(of_lines(), STAMPED[12], more=[tail, STAMPED[12], STAMPED[13]]) == [
        b"",
        b"",
        b"13\n",
        b"",
    ]


def test_an_engine_may_send_all_from_the_beginning() -> None:
    new = given_then(of_lines(), *STAMPED[:35], more=STAMPED)
    assert joined(new) == b"".join(b"%d\n" % at for at in range(35, 40))


def test_the_rest_of_a_part_comes_once_it_is_sure() -> None:
    """The part is found at once if all before it have come, else where its record ends, or is too long."""
    part, rest = STAMPED[2][:-1], STAMPED[2][-1:]
    log = of_lines()
    assert given_then(log, STAMPED[1], part, more=[STAMPED[1], part, rest]) == [b"", b"", b"\n", b""]
    new = given_then(of_lines(), STAMPED[1], part, more=[part, rest])
    assert new == [b"", GAP, b"\n", b""]  # one like it may be gone


def test_another_text_than_the_part_is_a_gap() -> None:
    other = STAMPED[2][:31] + b"x\n"
    new = given_then(of_lines(), STAMPED[1], STAMPED[2][:-1], more=[STAMPED[1], other, STAMPED[3]])
    assert new == [b"", b"", GAP, b"x\n3\n", b""]


def test_little_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a record that is too long to be held only the digest is kept: it is known again, but not given."""
    monkeypatch.setattr(resumption, "_MOST_HELD", 8)
    long = [STAMPED[2][:31] + b"x" * 6, b"x" * 6, b"x\n"]
    assert joined(given_then(of_lines(), *long, more=long)) == b""
    assert given_then(of_lines(), STAMPED[1], more=[*long, STAMPED[3]]) == [
        b"",
        b"",
        b"",
        GAP,
        b"3\n",
        b"",
    ]
    # A part of it was passed on, and the records before it are gone.
    new = given_then(of_lines(), STAMPED[1], long[0], more=[long[0], b"yyyy", b"z\n"])
    assert new == [b"", GAP, b"yyyy", b"z\n", b""]
    new = given_then(of_lines(), STAMPED[1], *long[:2], more=[*long[:2], b"z\n"])
    assert new == [b"", GAP, b"", b"z\n", b""]


@pytest.mark.parametrize("lost", [0, 3, 9])
def test_the_oldest_records_are_forgotten(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """What is asked for may begin with records that nobody remembers: they are all of one second."""
    monkeypatch.setattr(remembered, "_MOST_RECORDS", 4)
    flood = [kubelet.sent([Piece((BEGIN + 20) * SECOND + at, b"%d\n" % at)]) for at in range(11)]
    log = of_lines()
    log.restart()
    pass_on(log, b"", [STAMPED[1], *flood[:10]])
    assert log.restart() == BEGIN + 20
    new = pass_on(log, b"", flood[lost:]) + end(log)
    assert (GAP in new) is (lost == 9)  # only the last one is left
    assert joined([part for part in new if part is not GAP]) == b"10\n"


def test_few_are_remembered_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_MOST_RECORDS", 100)
    log = of_lines()
    log.restart()
    pass_on(log, b"", [kubelet.sent([Piece(BEGIN * SECOND + at, b"\n")]) for at in range(350)])
    assert len(log._given._times) == 150  # noqa: SLF001
    assert len(log._given._digests) == 150 * 16  # noqa: SLF001


def test_records_without_stamps_count_as_of_the_second_before() -> None:
    new = given_then(of_lines(), b"a\n", STAMPED[1], b"b\n", more=[b"a\n", STAMPED[1], b"b\n", b"c\n"])
    assert new == [b"", b"", b"", b"c\n", b""]
    assert given_then(of_lines(), b"a" * 40, more=[b"a" * 40, b"b\n"]) == [b"", b"b\n", b""]


def test_what_looks_like_a_stamp_and_is_none_is_text() -> None:
    log = of_lines()
    log.restart()
    assert log.feed(b"2024-13-01T10:00:00.000000000Z a\n", ends=True) == b"2024-13-01T10:00:00.000000000Z a\n"
