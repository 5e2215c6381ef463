"""Log text by itself: what becomes of a slice of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.log_text import extend_with_logs

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
