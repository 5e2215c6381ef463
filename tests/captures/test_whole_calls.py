"""A call that fails on its way has taken nothing, and can be made once more."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Event
from planqk_protocol.captures import (
    Captured,
    CaptureNotice,
    Decoded,
    NoticeKind,
    Source,
    decoder,
    formats,
)
from planqk_protocol.testing import captures
from tests.captures.feeding import cut
from tests.failing import deep, interrupted

GAP = CaptureNotice(NoticeKind.GAP, 0, 0, "the connection broke")
ODD = st.sampled_from(
    [b"", b"", b"\0\0", b"\n", b"x\n", b"{", b"\xff\xfe", b'{"log":"a', b"__CURSOR=a\nMESSAGE\n"]
)


def damaged(data: bytes, odd: bytes, seed: int) -> list[bytes]:
    """Pieces of a capture with something odd in it."""
    choice = random.Random(seed)  # noqa: S311
    at = choice.randint(0, len(data))
    data = data[:at] + odd + data[at:]
    return cut(data, sorted(choice.randint(0, len(data)) for _ in range(4)))


@pytest.mark.parametrize("format_id", formats())
@given(data=st.data(), odd=ODD, seed=st.integers(0, 1000), number=st.integers(2, 60))
def test_a_decoder_takes_all_or_nothing(
    format_id: str, data: st.DataObject, odd: bytes, seed: int, number: int
) -> None:
    pieces = damaged(data.draw(captures(format_id)).data, odd, seed)

    def output(at: int) -> list[str]:
        subject = decoder(format_id)
        calls: list[Callable[[], Decoded]] = [partial(subject.feed, piece) for piece in pieces]
        calls[2:2] = [subject.cut_off, subject.end_of_file]
        calls.append(subject.close)
        told = [interrupted(call, at) for call in calls]
        return [*map(repr, told), repr(subject.close()), *subject.containers]

    assert output(number) == output(10**9)


@pytest.mark.parametrize("format_id", formats())
@given(data=st.data(), odd=ODD, seed=st.integers(0, 1000), number=st.integers(2, 90))
def test_a_source_takes_all_or_nothing(
    format_id: str, data: st.DataObject, odd: bytes, seed: int, number: int
) -> None:
    pieces = damaged(data.draw(captures(format_id)).data, odd, seed)

    def events(at: int) -> list[tuple[list[Event], list[CaptureNotice], list[str | None]]]:
        source = Source(format_id)
        items: list[bytes | CaptureNotice] = [*pieces[:2], GAP, *pieces[2:]]
        calls: list[Callable[[], Captured]] = [partial(source.feed, item) for item in items]
        calls[3:3] = [source.cut_off, source.end_of_file]
        calls.append(source.close)
        told = [interrupted(call, at) for call in calls]
        return [(part.events, part.notices, part.times) for part in [*told, source.close()]]

    assert events(number) == events(10**9)


DEEP = b'{"a":' * 100 + b"1" + b"}" * 100


def of_each_format(text: bytes) -> dict[str, bytes]:
    """A capture of a text that makes decoders recurse, and the text in it makes the parser recurse."""
    stamp = b"2024-05-01T10:00:00.000000001Z "
    quoted = text[:-1].replace(b'"', b'\\"')
    json_file = b'{"log":"%b\\n","stream":"stdout","time":"t","X":%b}\n' % (quoted, DEEP)
    entry = b'{"__CURSOR":"a","PRIORITY":"6","CONTAINER_ID_FULL":"c","MESSAGE":"%b","X":%b}\n' % (
        quoted,
        DEEP,
    )
    return {
        "raw": text,
        "cri": stamp + b"stdout F " + text,
        "docker-json-file": json_file,
        "journald-json": entry,
        "kubectl-logs": stamp + text,
        "journald-export": b"__CURSOR=a\nPRIORITY=6\nCONTAINER_ID_FULL=c\nMESSAGE=%b\n" % text,
    }


@pytest.mark.parametrize("room", [*range(1, 30), 40, 60, 80, 100, 120, 140, 160, 200, 260])
@pytest.mark.parametrize(
    ("format_id", "capture"), of_each_format(b"PlanQK:Job:InterimResult: " + DEEP + b"\n").items()
)
def test_a_caller_deep_in_calls_gets_each_event_once(format_id: str, capture: bytes, room: int) -> None:
    source = Source(format_id)
    events: list[Event] = []
    for piece in [capture[:70], capture[70:] + capture, capture]:
        try:
            captured: Captured = deep(source.feed, piece, room)
        except RecursionError:
            captured = source.feed(piece)
        events += captured.events
    assert [event.line for event in events + source.close().events] == [1, 2, 3]
    assert {type(event).__name__ for event in events} == {"InterimResult"}
