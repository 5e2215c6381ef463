"""One core, three thin ways to it."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Event, Limits, Log, Parser, aiter_events, iter_events, parse
from tests.strategies import all_limits, cut, cuts, streams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.mark.rule("chunking")
@given(streams, all_limits, cuts, st.booleans())
def test_all_ways_give_the_same_events(data: bytes, limits: Limits, places: list[int], logs: bool) -> None:
    chunks = cut(data, places)

    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def collected() -> list[Event]:
        return [event async for event in aiter_events(arriving(), limits=limits, logs=logs)]

    whole = parse(data, limits=limits, logs=logs)
    assert list(iter_events(chunks, limits=limits, logs=logs)) == whole
    assert list(iter_events(io.BytesIO(data), limits=limits, logs=logs)) == whole
    assert asyncio.run(collected()) == whole


def test_logs_are_reported_unless_told_otherwise() -> None:
    async def arriving() -> AsyncIterator[bytes]:
        yield b"log"

    async def collected() -> list[Event]:
        return [event async for event in aiter_events(arriving())]

    assert parse(b"log") == list(iter_events([b"log"])) == asyncio.run(collected()) == [Log(1, "log", b"")]


@pytest.mark.rule("latency")
def test_events_come_before_the_next_chunk_is_asked_for() -> None:
    asked: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for chunk in (b"one\ntw", b"o\n"):
            asked.append(chunk)
            yield chunk

    events = iter_events(chunks())
    assert next(events) == Log(1, "one")
    assert asked == [b"one\ntw"]


@pytest.mark.parametrize("whole", [b"bytes", bytearray(b"bytes"), memoryview(b"bytes"), "text"])
def test_a_whole_stream_is_no_iterable_of_chunks(whole: object) -> None:
    with pytest.raises(
        TypeError,
        match=rf"takes an iterable of chunks, not {type(whole).__name__}; use parse\(\) for a whole stream",
    ):
        iter_events(whole)  # type: ignore[arg-type]


def test_what_is_not_bytes_is_refused_by_its_name() -> None:
    async def arriving() -> AsyncIterator[bytes]:
        yield None  # type: ignore[misc]

    async def collected() -> list[Event]:
        return [event async for event in aiter_events(arriving())]

    wrong = "must be bytes, bytearray or memoryview, not"
    text = f"{wrong} str; encode it, or open the file in binary mode$"
    with pytest.raises(TypeError, match=f"^data {text}"):
        parse("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"^data {text}"):
        Parser().feed("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"^a chunk {text}"):
        list(iter_events(["text"]))  # type: ignore[list-item]
    with pytest.raises(TypeError, match=f"^a chunk {wrong} NoneType$"):
        asyncio.run(collected())


def test_parse_keeps_the_parser_s_manners() -> None:
    parser = Parser()
    assert parse(bytearray(b"a")) == parse(memoryview(b"a")) == parser.feed(b"a") + parser.close()
