"""What the properties draw: streams, limits, and ways to cut a stream into chunks."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from planqk_protocol import Event, Limits, Parser
from planqk_protocol.grammar import build_lark, grammar_text

if TYPE_CHECKING:
    from collections.abc import Iterable

FENCE = b"PlanQK:Job:MultilineResult"
RESULT = b"PlanQK:Job:Result:"
INTERIM = b"PlanQK:Job:InterimResult:"

# What streams are made of, the parts of markers and the borders of rules above all.
_FRAGMENTS = [
    *(b"PlanQK:Job:", RESULT, INTERIM, INTERIM[:-1], b":", FENCE, FENCE + b"\n", FENCE + b" \t\r\n"),
    *(b"\n", b"\n", b"\r\n", b"\r", b" ", b"\t", b" " * 60, b"\x0b", b"\x0c", b"\x85", "\u2028".encode()),
    *(
        b'{"a": 1}',
        b"[1,\n2]",
        b'"\\ud800"',
        b"1e999",
        b"[[[[[",
        b"]]]]]",
        b"123456789",
        b"{'a'}",
        b"NaN",
        b"",
    ),
    *(b"\xff", b"\xc3", b"\xa4", b"\xef\xbb\xbf", b"\x00", b"abcdefgh" * 8, b"planqk:job:result: 1\n"),
]

# Two surrogates that make a pair are one character once they are escaped and read back.
_text = st.text(st.characters()).filter(lambda text: not re.search("[\ud800-\udbff][\udc00-\udfff]", text))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda children: st.lists(children) | st.dictionaries(_text, children),
    max_leaves=10,
)


def _marked(value: Any, form: int, end: bytes) -> bytes:
    text = json.dumps(value).encode()
    if form == 0:
        return INTERIM + text + end
    if form == 1:
        return RESULT + text + end
    return FENCE + b"\n" + text + end + FENCE + b"\n"


_transcripts = st.lists(
    st.builds(_marked, json_values, st.integers(0, 2), st.sampled_from([b"\n", b"\r\n"]))
    | st.binary(max_size=30).map(lambda line: line + b"\n"),
    max_size=12,
).map(b"".join)

# Drawn from the grammar file itself.
_grammatical = from_lark(build_lark(grammar_text()), start="stream").map(
    lambda text: text.encode(errors="replace")
)

streams: st.SearchStrategy[bytes] = st.one_of(
    st.lists(st.sampled_from(_FRAGMENTS), max_size=16).map(b"".join),
    _transcripts,
    _grammatical,
    st.binary(max_size=200),
)


def _limit(*values: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.sampled_from(values) | st.integers(1, 200)


all_limits = st.builds(
    Limits,
    max_line=_limit(1, 2, 5, 30),
    max_payload=_limit(1, 18, 26, 27, 52, 53, 60),
    max_depth=st.sampled_from([0, 1, 4, 128]),
    max_digits=_limit(1, 9),
)
tiny_limits = st.builds(Limits, max_line=st.integers(1, 40), max_payload=st.integers(1, 80))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The chunks of `data` cut at `places`, which may lie beyond its end."""
    borders = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(borders)]


cuts = st.lists(st.integers(0, 10_000), max_size=8)


def feed_all(chunks: Iterable[bytes], limits: Limits | None = None, *, logs: bool = True) -> list[Event]:
    """The events of a stream that comes in these chunks."""
    parser = Parser(limits=limits or Limits(), logs=logs)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


def bytewise(data: bytes) -> list[bytes]:
    """Chunks of one byte."""
    return [data[i : i + 1] for i in range(len(data))]
