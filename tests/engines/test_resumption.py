"""A log that is read over connections that break: each byte comes once, or a gap is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from planqk_protocol.engines import remembered, resumption
from planqk_protocol.engines.resumption import Resumption
from tests.engines import kubelet
from tests.engines.kubelet import Piece
from tests.engines.resumed_logs import (
    BEGIN,
    GAP,
    SECOND,
    end,
    joined,
    line,
    of_frames,
    of_lines,
    pass_on,
)

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


def stamped(nanoseconds: int, text: bytes) -> bytes:
    return kubelet.sent([Piece(BEGIN * SECOND + nanoseconds, text)])


def fed(*records: bytes) -> list[bytes | None]:
    """What is new of a connection's frames, each of which is a whole record."""
    log = of_frames()
    log.restart()
    new: list[bytes | None] = []
    for record in records:
        text = log.feed(record, ends=True)
        new += [GAP, text] if log.is_gap else [text]
    return [part for part in new if part is GAP or part]


def test_a_file_of_one_record_that_comes_twice_is_given_once() -> None:
    one, two, three = (stamped(number, b"%d\n" % number) for number in (1, 2, 3))
    assert fed(one, two, two, three) == [b"1\n", b"2\n", GAP, b"3\n"]
    assert fed(one, two, one, one, two, three) == [b"1\n", b"2\n", GAP, b"3\n"]


def test_parts_of_a_line_that_are_alike_are_all_given() -> None:
    assert fed(stamped(1, b"xx"), stamped(1, b"xx"), stamped(1, b"xx\n")) == [b"xx", b"xx", b"xx\n"]


def test_lines_within_a_tick_of_a_coarse_clock_are_all_given() -> None:
    assert fed(stamped(100, b"x\n"), stamped(100, b"x\n"), stamped(200, b"y\n")) == [b"x\n", b"x\n", b"y\n"]


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
