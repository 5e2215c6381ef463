"""Captures for the tests of `Source`, and ways to read them."""

from __future__ import annotations

from planqk_protocol import (
    Event,
    Log,
)
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source
from planqk_protocol.testing import engine_writers
from tests.captures.feeding import cut

RESULT = b'PlanQK:Job:Result: {"sum": 42}\n'
BLOCK = b'PlanQK:Job:MultilineResult\n{\n"sum": 42\n}\nPlanQK:Job:MultilineResult\n'
CRI = "cri"


def cri(data: bytes, *, tag: str = "F", stream: str = "stdout", second: int = 0) -> bytes:
    """A record for each line, one second after the other."""
    lines = data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n")
    head = "2024-05-01T10:00:{:02}.5Z {} {} "
    return b"".join(
        head.format(second + n, stream, tag).encode() + line + b"\n" for n, line in enumerate(lines)
    )


def read(capture: bytes, format_id: str = CRI, *, logs: bool = True) -> tuple[list[Event], list[str]]:
    """The events and kinds of notices; whole, byte by byte and at every two-way cut alike."""
    results = []
    ways = [[capture], [capture[at : at + 1] for at in range(len(capture))]]
    ways += [cut(capture, [at]) for at in range(0, len(capture), max(1, len(capture) // 100))]
    for way in ways:
        source = Source(format_id, logs=logs)
        got = [source.feed(piece) for piece in way] + [source.close()]
        results.append(
            (
                [event for part in got for event in part.events],
                [time for part in got for time in part.times],
                [notice for part in got for notice in part.notices],
            )
        )
    assert all(result == results[0] for result in results)
    return results[0][0], [notice.kind.value for notice in results[0][2]]


def shown(events: list[Event]) -> list[tuple[str, int, bool]]:
    return [(type(e).__name__, e.line, not isinstance(e, Log) and e.suspect) for e in events]


LOST = b"no record\n"
INTERIM = b"PlanQK:Job:InterimResult: 1\n"
GAP = CaptureNotice(NoticeKind.GAP, 0, 0, "the connection broke")


def fed(format_id: str, *items: bytes | CaptureNotice) -> tuple[list[Event], list[CaptureNotice]]:
    source = Source(format_id)
    got = [source.feed(item) for item in items] + [source.close()]
    return [event for part in got for event in part.events], [item for part in got for item in part.notices]


def json_file(data: bytes) -> bytes:
    return engine_writers.docker_json_file([("stdout", data)])
