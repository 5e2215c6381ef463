"""Log text by itself: what becomes of a slice of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Log
from planqk_protocol import log_text as module
from planqk_protocol.log_text import count_lines, extend_with_logs

if TYPE_CHECKING:
    from planqk_protocol import Event

texts = st.lists(st.sampled_from([b"a", b"\xc3", b"\xa4", b"\r", b"\n", b"-" * 5])).map(b"".join)


def logs(data: bytes, start: int, stop: int, max_line: int | None) -> tuple[list[Event], int]:
    events: list[Event] = []
    return events, extend_with_logs(events, data, start, stop, 1, max_line)


@pytest.mark.rule("log", "limit-line")
@given(texts, texts, texts, st.none() | st.integers(1, 20))
@example(b"", b"abc", b"\n", 1)
def test_the_events_of_a_slice_do_not_depend_on_what_is_around_it(
    before: bytes, text: bytes, after: bytes, max_line: int | None
) -> None:
    alone = logs(text, 0, len(text), max_line)
    assert logs(before + text + after, len(before), len(before) + len(text), max_line) == alone
    assert alone[1] == 1 + text.count(b"\n")
    assert b"".join(event.raw for event in alone[0]) == text


@pytest.mark.rule("log")
@given(st.data(), st.integers(0, 3))
def test_lines_that_are_not_utf_8_change_no_other(data: st.DataObject, odd: int) -> None:
    lines = [b"%d: %b\n" % (number, b"x" * (number % 90)) for number in range(600)]
    for number in data.draw(st.lists(st.integers(0, 599), min_size=odd, max_size=odd)):
        lines[number] = data.draw(st.sampled_from([b"\xff\n", b"\xc3\r\n", b"\xff" * 5000 + b"\n"]))
    text = b"".join(lines)
    events, line = logs(text, 0, len(text), None)
    assert events == [log for number, each in enumerate(lines, 1) for log in one(each, number)]
    assert line == 601


endings = st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a", b"\r\r\n", b"\xc3\xa4"]), max_size=8)


@pytest.mark.rule("line-lf", "line-crlf")
@given(endings.map(b"".join), st.integers(0, 3000))
@example(b"", 1)
@example(b"a\r", 3000)
@example(b"\r\r\n", 2)
@example(b"\n", 3000)
def test_each_line_has_the_terminator_that_stands_there(text: bytes, windows: int) -> None:
    """Most lines of a log end alike, so lines that all end with CRLF are taken another way."""
    data = b"a\r\n" * windows + text
    terminated = [line + b"\n" for line in data.split(b"\n")[:-1]]
    rest = data[sum(map(len, terminated)) :]
    events, _ = logs(data, 0, len(data), None)
    assert [(event.raw, event.terminator) for event in events if isinstance(event, Log)] == [
        *((line, b"\r\n" if line.endswith(b"\r\n") else b"\n") for line in terminated),
        *([(rest, b"")] if rest else []),
    ]


def one(line: bytes, number: int) -> list[Event]:
    events: list[Event] = []
    extend_with_logs(events, line, 0, len(line), number, None)
    return events


def test_a_line_that_is_not_utf_8_costs_its_neighbours_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are decoded one by one take several times as long."""
    alone: list[bytes] = []
    decode = module._decode  # noqa: SLF001

    def counted(raw: bytes, line: int) -> Log:
        alone.append(raw)
        return decode(raw, line)

    monkeypatch.setattr(module, "_decode", counted)
    text = b"x" * 63 + b"\n"
    logs((text * 1000 + b"\xff\n") * 4, 0, 4 * (64_000 + 2), None)
    assert len(alone) <= 4 * 4096 // len(text)


pieces = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"x" * 99 + b"\n", b"\n" * 2000, b"x" * 5000, b"\xff" * 200_000])
)


@given(pieces.map(b"".join), st.integers(0, 6000), st.integers(0, 6000))
def test_lines_are_counted_however_long_they_are(data: bytes, start: int, cut: int) -> None:
    stop = max(len(data) - cut, 0)
    assert count_lines(data, start, stop) == len(data[start:stop].split(b"\n")) - 1


def test_short_lines_are_counted_byte_by_byte() -> None:
    """``bytes.replace`` takes 30 times as long for blank lines."""
    copied: list[int] = []

    class Chunk(bytes):
        def __getitem__(self, key: slice) -> bytes:  # type: ignore[override]
            part = super().__getitem__(key)
            copied.append(len(part))
            return part

    assert count_lines(Chunk(b"\n" * 300_000), 0, 300_000) == 300_000
    assert not copied
    assert count_lines(Chunk((b"x" * 99 + b"\n") * 5000), 0, 500_000) == 5000
    assert sum(copied) == 500_000
