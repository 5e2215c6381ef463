"""A log that is read over connections that break: each byte comes once, or a gap is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import kubelet
from hypothesis import given
from hypothesis import strategies as st
from kubelet import Piece

from planqk_protocol.engines.resumption import Resumption

BEGIN = 1_714_557_600
SECOND = 1_000_000_000
GAP = None


def parts(data: bytes) -> list[bytes]:
    """Lines, whole and cut."""
    return re.findall(rb"[^\n]{1,7}\n?|\n", data)


def pass_on(log: Resumption, data: bytes, chunks: Sequence[bytes] | None = None) -> list[bytes | None]:
    """What is new of a connection's data; `GAP` stands for a gap."""
    new: list[bytes | None] = []
    for part in parts(data) if chunks is None else chunks:
        text = log.take(part, ends=part.endswith(b"\n"))
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
# line: a filter that takes the middle out of a line makes it another one, and a gap is told in vain.
STEPS = st.one_of(st.sampled_from([0, 0, 1, 400_000_000]), st.integers(-2, 5).map(lambda at: at * SECOND))


@st.composite
def logs(draw: st.DrawFn) -> list[Piece]:
    steps = draw(st.lists(st.tuples(STEPS, TEXTS), max_size=30))
    pieces: list[Piece] = []
    newest = BEGIN * SECOND
    for step, text in steps:
        in_line = pieces and not pieces[-1].text.endswith(b"\n")
        time = pieces[-1].time + abs(step) if in_line else newest + step
        newest = max(newest, time)
        pieces.append(Piece(time, text))
    return pieces


CUTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2000), st.booleans()), max_size=6)


@given(logs(), CUTS, st.integers(0, 3))
def test_each_byte_comes_once(pieces: list[Piece], cuts: list[tuple[int, int, bool]], more: int) -> None:
    """The log grows between connections; each breaks off at any byte, and may send more than it has to."""
    log = Resumption()
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


@given(
    distinct(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 900)), max_size=5)
)
def test_a_gap_is_told_where_bytes_are_missing(
    pieces: list[Piece], connections: list[tuple[int, int, int]]
) -> None:
    """The log grows, and loses its beginning, between connections; each breaks off at any byte."""
    whole = kubelet.text(pieces)
    log = Resumption()
    new: list[bytes | None] = []
    there = lost = may_miss = 0
    for grown, rotated, cut in [*sorted(connections), (len(pieces), 0, -1)]:
        there, lost = max(there, min(grown, len(pieces))), min(max(lost, rotated), there)
        position = len(b"".join(part for part in new if part)) if GAP not in new else None
        if position is not None:
            known = whole[len(kubelet.text(pieces[:lost])) : position]
            may_miss += known.count(b"\n") < 2 and lost > 0  # not even one whole line is there in both
        sent = kubelet.sent(pieces[lost:there], log.restart())
        new += pass_on(log, sent if cut < 0 else sent[:cut])
    new += end(log)

    found = segments(new)
    assert may_miss or len(found) == 1
    starts = {len(kubelet.text(pieces[:at])) for at in range(len(pieces) + 1)}
    at = 0
    for segment in found:
        # A line may come again from the middle on, if the engine has no more of it.
        start = whole.find(segment, whole.rfind(b"\n", 0, max(at - 1, 0)) + 1)
        assert start in starts
        at = start + len(segment)
    assert at == len(whole) or not found[-1]
