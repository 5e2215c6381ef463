"""Properties of a log that is read over connections that break."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planqk_protocol.engines.resumption import Resumption
from tests.engines import kubelet
from tests.engines.kubelet import Piece
from tests.engines.resumed_logs import BEGIN, GAP, SECOND, end, joined, line, of_frames, of_lines, pass_on

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
