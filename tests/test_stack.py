"""Neither a small stack nor a deep caller makes the parser fail, nor lose or repeat an event."""

from __future__ import annotations

import copy
import itertools
import pickle
import random
from typing import TYPE_CHECKING

import pytest
from failing import deep, interrupted
from hypothesis import example, given
from hypothesis import strategies as st
from small_stack import on_a_small_stack
from strategies import FENCE, INTERIM, RESULT, all_limits, cut, cuts, feed_all, streams

from planqk_protocol import Event, Limits, Parser, collect, parse, to_json_line
from planqk_protocol.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS = [("[", "]"), ('{"a":', "}"), ('[{"b":[', "]}]"), ("[1,[", "]]"), (' [ "[[{" , ', ' , "]" ] ')]
CORES = [
    "1",
    '"\\ud800"',
    "NaN",
    "-Infinity",
    "1e999",
    "1" * 5000,
    '"\\u00',
    "",
    "[",
    "}",
    '"a',
    "nope",
    "\x00",
]


def nests(depth: int) -> Iterator[str]:
    """Texts that nest about so deep, whole, cut off and broken."""
    for opening, closing in PAIRS:
        times = depth // sum(map(opening.replace('"[[{"', "").count, "[{"))
        for core in CORES:
            yield opening * times + core + closing * times
            yield opening * times + core + closing * (times - 1)


def streams_of_nests() -> list[bytes]:
    """Streams of payloads at and around the limit, and of any depth."""
    rng = random.Random(42)  # noqa: S311  # the same streams each time
    depths = [0, 1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 3000]
    payloads = [text.encode() for depth in depths for text in nests(depth)]
    for _ in range(100):
        opened = "".join(rng.choice(PAIRS)[0] for _ in range(rng.randrange(200)))
        closed = "".join(rng.choice(PAIRS)[1] for _ in range(rng.randrange(200)))
        payloads.append((opened + rng.choice(CORES) + closed).encode())
    heads = itertools.cycle([INTERIM, RESULT, RESULT])
    lines = [next(heads) + payload + b"\n" for payload in payloads]
    return lines + [FENCE + b"\n" + payload + b"\n" + FENCE + b"\n" for payload in payloads]


def answer(data: bytes) -> list[tuple[str, bytes, int]]:
    """What is made of a stream, and of its events: records, copies, an outcome."""
    events = parse(data)
    collect(events, exit_code=0)
    copies = [copy.deepcopy(event) for event in events]
    pickles = pickle.loads(pickle.dumps(events))  # noqa: S301  # our own bytes
    for event in events:
        hash(repr(event))
    assert [event.raw for event in copies] == [event.raw for event in pickles] == [e.raw for e in events]
    return [(type(event).__name__, to_json_line(event)[:300], len(event.raw)) for event in events]


@pytest.mark.rule("json-limits", "total")
def test_a_stack_of_64_kib_is_enough() -> None:
    cases = streams_of_nests()
    assert on_a_small_stack("test_stack:answer", cases) == list(map(answer, cases))


NEST = b"[" * 120 + b'"\\ud800"' + b"]" * 120
CHUNKS = [
    b"starting\nPlan",
    b"QK:Job:InterimResult: 1\nlog\r\n" + RESULT + NEST + b"\nafter\n" + RESULT,
    b"2\nend",
]


@pytest.mark.rule("total")
@pytest.mark.parametrize("room", [*range(1, 30), 40, 60, 80, 100, 120, 140, 160, 200, 250])
def test_a_caller_deep_in_calls_gets_each_event_once(room: int) -> None:
    parser = Parser(limits=Limits(max_line=4))
    events: list[Event] = []
    refused = 0
    for chunk in CHUNKS:
        try:
            events += deep(parser.feed, chunk, room)
        except RecursionError:
            refused += 1
            events += parser.feed(chunk)
    assert events + parser.close() == feed_all(CHUNKS, Limits(max_line=4))
    assert refused <= (3 if room < 20 else 1 if room <= 200 else 0)


@pytest.mark.rule("chunking", "lossless")
@given(streams, all_limits, cuts, st.booleans(), st.integers(2, 60))
@example(b"".join(CHUNKS), Limits(max_line=4), [13, 60], True, 9)
@example(FENCE + b"\n[1]\n" + FENCE, Limits(max_payload=30), [20], True, 9)
def test_a_call_that_fails_on_its_way_has_taken_nothing(
    data: bytes, limits: Limits, places: list[int], logs: bool, number: int
) -> None:
    chunks = cut(data, places)
    parser = Parser(limits=limits, logs=logs)
    events: list[Event] = []
    for chunk in chunks:
        events += interrupted(lambda chunk=chunk: parser.feed(chunk), number)  # type: ignore[misc]
    events += interrupted(parser.close, number)
    assert events == feed_all(chunks, limits, logs=logs)
    assert parser.close() == []
