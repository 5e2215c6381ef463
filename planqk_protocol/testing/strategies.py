"""Hypothesis strategies: streams of jobs, good and bad, ways to cut them into chunks, and captures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from planqk_protocol import emit
from planqk_protocol.grammar import load_table
from planqk_protocol.testing.engine_writers import PIECE
from planqk_protocol.testing.models import MODELS, KnownCapture, Model

__all__ = ["captures", "chunkings", "streams", "transcripts"]

_TABLE = load_table()
_FENCE = _TABLE.markers["multiline_result"].encode()
_RESULT = _TABLE.markers["result"].encode()

# Streams are made of these: parts of markers, and texts that nearly break or keep a rule.
_FRAGMENTS = (
    *(*_TABLE.literals, _FENCE + b"\n", _FENCE + b" \t\r\n", _TABLE.prefix),
    *(b"\n", b"\n", b"\r\n", b"\r", b" ", b"\t", b"\x0b", b"\x0c", b"\x85", "\u2028".encode(), b"\x00"),
    *(b'{"a": 1}', b"[1,\n2]", b'"\\ud800"', b"1e999", b"[[[[", b"]]]]", b"123456789", b"{'a'}", b"NaN"),
    *(b"\xff", b"\xc3", b"\xa4", b"\xef\xbb\xbf", b"\x1b[32m", _RESULT.lower() + b" 1\n", b"working"),
)

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_CHARACTERS),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(_CHARACTERS), children, max_size=4)
    ),
    max_leaves=10,
)
_LOGS = st.text(_CHARACTERS, max_size=40).map(emit.log_line)
_INTERIMS = _VALUES.map(emit.interim_result_line)
_RESULTS = _VALUES.map(emit.result_line) | _VALUES.map(emit.multiline_result_block)

# Writes of a container: lines and characters that engines cut, alter or mistake.
_BORDERS = (
    b"2024-04-30T10:00:00Z stdout F as another one printed\n",
    *(b"", b"\n", b"\r\n", b"\r", b"no line end", b" stdout F x\n", b"\xc3", b"\xa4", b"\xff\xfe\x80\n"),
    *(b"a\0b\x1b[0m\t\x7f\n", b'\\"<>&\xe2\x80\xa8\n', "größer ✓ 😀\n".encode()),
    *(b"x" * (PIECE - 1), b"x" * (PIECE - 1) + b"\n", b"x" * PIECE + b"\n"),
    *(b"y" * 40_000 + b"\n", "ä".encode() * 20_000),
)
_PLAIN = st.one_of(st.sampled_from(_BORDERS), _LOGS, _INTERIMS, _RESULTS, st.binary(max_size=20))


# A job may print text that looks like a capture: short records of the format, and bytes between them.
_SHORT = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from([emit.result_line("quoted"), b"a", b"\n", b"\0\n", b"\xff\n"]),
    ),
    min_size=1,
    max_size=3,
)
_GLUE = st.sampled_from([b"", b"\n", b"\0", b"\0\0\0\0", b"x", b'"', b"{"])


_STAMPED_OR_NOT = {"kubectl-logs", "compose-logs"}
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\S+ ")


def streams() -> st.SearchStrategy[bytes]:
    """Streams of any kind: right output, output with mistakes, and random bytes."""
    fragments = st.lists(st.sampled_from(_FRAGMENTS), max_size=16).map(b"".join)
    return st.one_of(transcripts(), fragments, st.binary(max_size=200))


def transcripts() -> st.SearchStrategy[bytes]:
    """Streams that keep the protocol: log text, interim results, and at most one result."""
    lines = st.lists(_LOGS | _INTERIMS, max_size=8).map(b"".join)
    return st.builds(lambda *parts: b"".join(parts), lines, st.just(b"") | _RESULTS, lines)


@st.composite
def chunkings(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Ways to cut a stream into chunks. Chunks may be empty.

    Args:
        draw: Given by Hypothesis.
        data: The stream.
    """
    places = draw(st.lists(st.integers(0, len(data)), max_size=8))
    return [data[start:stop] for start, stop in pairwise([0, *sorted(places), len(data)])]


def _quoted(models: Sequence[Model]) -> st.SearchStrategy[bytes]:
    """Text that looks like a part of a capture: whole records, and records that are cut off."""
    whole = st.builds(lambda model, writes: model.write(writes), st.sampled_from(models), _SHORT)
    part = st.builds(
        lambda data, start, size: data[min(start, len(data)) :][:size],
        whole,
        st.just(0) | st.integers(0, 200),
        st.just(1000) | st.integers(0, 200),
    )
    return st.lists(st.tuples(part, _GLUE).map(b"".join), min_size=1, max_size=3).map(b"".join)


def captures(format_id: str) -> st.SearchStrategy[KnownCapture]:
    r"""Captures in a format, with the output that a decoder has to give.

    Models of the engines write the captures. No capture is damaged. Some of the
    output looks like records of the format itself. If a format does not tell
    the streams apart, only standard output is written. If a decoder tells from
    the first line whether the capture has time stamps, the output does not begin
    with a time stamp.

    Args:
        format_id: The id of the format, one of `planqk_protocol.captures.formats`.

    Raises:
        ValueError: There is no such format.
    """
    if not (models := MODELS.get(format_id)):
        raise ValueError(f"there is no capture format {format_id!r}; choose one of {', '.join(MODELS)}")
    written = _PLAIN | _quoted(models)
    return (
        st.sampled_from(models)
        .flatmap(
            lambda model: st.lists(st.tuples(st.sampled_from(model.streams), written), max_size=12).map(
                lambda writes: model.capture(format_id, writes)
            )
        )
        .filter(lambda capture: format_id not in _STAMPED_OR_NOT or not _STAMP.match(capture.stdout))
    )
