"""Whole streams, iterables and asynchronous iterables of chunks, over one parser."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from planqk_protocol.buffer import as_bytes
from planqk_protocol.events import Event
from planqk_protocol.limits import Limits
from planqk_protocol.parser import Parser

__all__ = ["aiter_events", "iter_events", "parse"]


def parse(
    data: bytes | bytearray | memoryview, *, limits: Limits = Limits(), logs: bool = True
) -> list[Event]:
    r"""The events of a whole stream.

    Args:
        data: All bytes of the stream.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `data` is not bytes.

    >>> parse(b'starting\nPlanQK:Job:Result: {"sum": 42}\n')
    [Log(line=1, text='starting'), Result(line=2, payload=b' {"sum": 42}')]
    """
    parser = Parser(limits=limits, logs=logs)
    return parser.feed(data) + parser.close()


def iter_events(
    chunks: Iterable[bytes | bytearray | memoryview], *, limits: Limits = Limits(), logs: bool = True
) -> Iterator[Event]:
    r"""The events of a stream, each as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere: a list, a generator, a binary file.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` is bytes or text itself, or yields something else than bytes.

    >>> for event in iter_events([b"PlanQK:Job:Res", b"ult: 42\n"]):
    ...     print(event)
    Result(line=1, payload=b' 42')
    """
    if isinstance(chunks, bytes | bytearray | memoryview | str):
        raise TypeError(
            f"iter_events() takes an iterable of chunks, not {type(chunks).__name__};"
            " use parse() for a whole stream"
        )
    return _iter_events(chunks, Parser(limits=limits, logs=logs))


def _iter_events(chunks: Iterable[bytes | bytearray | memoryview], parser: Parser) -> Iterator[Event]:
    for chunk in chunks:
        yield from parser.feed(as_bytes(chunk, name="a chunk"))
    yield from parser.close()


async def aiter_events(
    chunks: AsyncIterable[bytes | bytearray | memoryview], *, limits: Limits = Limits(), logs: bool = True
) -> AsyncIterator[Event]:
    """The events of an asynchronous stream, each as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere. (An `asyncio.StreamReader` is better read
            by its ``read``: as an iterable it gives lines, and fails at a long one.)
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` yields something else than bytes.
    """
    parser = Parser(limits=limits, logs=logs)
    async for chunk in chunks:
        for event in parser.feed(as_bytes(chunk, name="a chunk")):
            yield event
    for event in parser.close():
        yield event
