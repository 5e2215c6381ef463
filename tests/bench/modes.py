"""The modes of the package that are timed, and the least work that each of them has to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from planqk_protocol import Collector, Limits, Log, Parser, Violation, iter_events, to_json_line
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis

CHUNK = 256 * 1024


def chunks(path: Path) -> Iterator[bytes]:
    """The chunks of a file, as a pipe or a socket gives them."""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def events(path: Path) -> int:
    """All events, the text or the value of each read."""
    texts = 0
    results: list[Any] = []
    for event in iter_events(chunks(path)):
        if type(event) is Log:
            texts += event.text is not None
        elif not isinstance(event, Violation | Log):
            results.append(event.value)
    return len(results)


def kept_events(path: Path) -> int:
    """All events, in one list."""
    return sum(type(event) is not Log for event in list(iter_events(chunks(path))))


def feed_alone(path: Path) -> int:
    """The parser alone. The events are made and thrown away."""
    parser = Parser()
    for chunk in chunks(path):
        parser.feed(chunk)
    return len(parser.close())


def without_logs(path: Path) -> int:
    """All events but log lines."""
    return sum(1 for _ in iter_events(chunks(path), logs=False))


def last_interim_result(path: Path) -> int:
    """The last interim result."""
    collector = Collector(keep_interim="last")
    for event in iter_events(chunks(path), logs=False):
        collector.add(event)
    return len(collector.outcome().interim_results)


def records(path: Path) -> int:
    """The records of all events, as JSON Lines."""
    written = 0
    with Path(os.devnull).open("wb") as output:
        for event in iter_events(chunks(path)):
            output.write(to_json_line(event))
            written += 1
    return written


def payload(stream: list[bytes]) -> int:
    """The payload of a single result, which comes in chunks."""
    parser = Parser(limits=Limits(max_payload=None))
    for chunk in stream:
        parser.feed(chunk)
    return int(parser.result is not None)


def capture(format_id: str, path: Path) -> int:
    """All events in a capture, which must not be damaged."""
    source = Source(format_id)
    found = 0
    for chunk in chunks(path):
        captured = source.feed(chunk)
        assert not captured.notices
        found += len(captured.events)
    return found + len(source.close().events)


def raw(path: Path) -> int:
    """All events of a log, counted as `capture` counts them."""
    parser = Parser()
    return sum(len(parser.feed(chunk)) for chunk in chunks(path)) + len(parser.close())


def diagnosis(path: Path) -> int:
    """The findings in a log."""
    source, found = Source("raw", logs=False), Diagnosis()
    for chunk in chunks(path):
        found.observe(source.feed(chunk))
    found.observe(source.close())
    return len(found.close())


def reading(path: Path) -> int:
    """Reading a file in chunks, the least work of all modes."""
    return sum(len(chunk) for chunk in chunks(path))


def whole_lines(path: Path) -> Iterator[bytes]:
    """Chunks that end with a line, so that the least work need not care for pieces."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk + file.readline()


def log_objects(path: Path) -> int:
    """The least work of all events: the text is decoded and split, and each line is an object."""
    found = 0
    for chunk in whole_lines(path):
        found += len(list(map(Log, count(found), chunk.decode().split("\n")))) - 1
    return found


def line_numbers(path: Path) -> int:
    """The least work without log lines: the LFs are counted, for the numbers of lines."""
    return sum(chunk.count(b"\n") for chunk in chunks(path))


def decoded(payloads: list[bytes]) -> int:
    """The least work of interim results: each payload is decoded."""
    decode = msgspec.json.Decoder().decode
    return len(list(map(decode, payloads)))
