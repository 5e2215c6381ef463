"""The buffer gives back what was put in, once."""

from __future__ import annotations

import copy
import pickle

from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.buffer import Buffer


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 9), st.integers(0, 9))))
def test_a_buffer_holds_what_was_appended_until_it_is_taken(pieces: list[tuple[bytes, int, int]]) -> None:
    buffer = Buffer()
    for data, start, stop in pieces:
        buffer.append(data, start, stop)
    held = b"".join(data[start:stop] for data, start, stop in pieces)
    for other in (copy.copy(buffer), pickle.loads(pickle.dumps(buffer)), buffer):  # noqa: S301  # our own bytes
        assert len(other) == len(held)
        assert other.take() == held
        assert len(other) == 0
        assert other.take() == b""
