"""The types of the public names, as a user's type checker sees them. It is checked, never run.

mypy and basedpyright read it, both as strictly as they can. `assert_type` pins
the types that users rely on. `assert_never` fails the check where a ``match``
over `Event` leaves out a case.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, assert_never, assert_type

import planqk_protocol
from planqk_protocol import (
    Collector,
    Event,
    FinalResult,
    InterimResult,
    JobStatus,
    Limits,
    Log,
    Marker,
    MultilineResult,
    Outcome,
    Parser,
    Result,
    Violation,
    ViolationCode,
    aiter_events,
    aread_chunks,
    captures,
    collect,
    emit,
    engines,
    iter_events,
    outcome_schema,
    parse,
    read_chunks,
    record_schema,
    to_json_line,
    to_record,
)


def match_by_class(event: Event) -> int:
    match event:
        case Log():
            return assert_type(event, Log).line
        case InterimResult():
            return assert_type(event, InterimResult).line
        case Result() | MultilineResult():
            return assert_type(event, Result | MultilineResult).line
        case Violation():
            return assert_type(event, Violation).line
        case _:
            assert_never(event)


def match_by_attributes(event: Event) -> str:
    match event:
        case Log(line=line, text=text):
            assert_type(line, int)
            return assert_type(text, str)
        case InterimResult(value=value) | Result(value=value) | MultilineResult(value=value):
            return str(value)
        case Violation(code=code, marker=marker, message=message, error_line=error_line):
            assert_type(error_line, int | None)
            return f"{assert_type(code, ViolationCode)} {assert_type(marker, Marker)} {message}"
        case _:
            assert_never(event)


def match_code(code: ViolationCode) -> bool:
    match code:
        case ViolationCode.PAYLOAD_TOO_LARGE | ViolationCode.PAYLOAD_TOO_DEEP | ViolationCode.NUMBER_TOO_LONG:
            return True
        case ViolationCode.UNTERMINATED_BLOCK | ViolationCode.DUPLICATE_RESULT | ViolationCode.INVALID_JSON:
            return False
        case _:
            assert_never(code)


def match_status(status: JobStatus) -> bool:
    match status:
        case JobStatus.RUNNING | JobStatus.UNKNOWN:
            return False
        case JobStatus.SUCCEEDED | JobStatus.FAILED | JobStatus.CANCELLED:
            return True
        case _:
            assert_never(status)


def what_events_hold(event: Event) -> None:
    assert_type(event.line, int)
    assert_type(event.raw, bytes)
    assert_type(event.terminated, bool)
    if not isinstance(event, Log):
        assert_type(event.suspect, bool)
        assert_type(event.after_loss, bool)


def events_by_hand() -> list[Event]:
    assert_type(Result.of({"sum": 42}, line=2), Result)
    assert_type(MultilineResult.of(payload=b"[]\n"), MultilineResult)
    return [
        Log(1, "starting"),
        Log(line=2, text="a", terminator=b""),
        InterimResult.of([1], line=3, suspect=True),
        Result.of(raw=b"PlanQK:Job:Result: 42\r\n", after_loss=True),
        Violation(4, b"PlanQK:Job:Result:\n", ViolationCode.INVALID_JSON, Marker.RESULT, "not JSON"),
    ]


def parsing(data: bytearray) -> None:
    parser = Parser(limits=Limits(max_line=None, max_depth=3), logs=False)
    assert_type(parser.feed(data), list[Event])
    assert_type(parser.feed(memoryview(data)) + parser.close(), list[Event])
    assert_type(parser.result, FinalResult | None)
    assert_type(parse(b""), list[Event])
    assert_type(iter_events([b"a", bytearray()]), Iterator[Event])


def reading(path: Path, connection: socket.socket) -> None:
    with path.open("rb") as file:
        assert_type(read_chunks(file), Iterator[bytes])
        assert_type(iter_events(read_chunks(file)), Iterator[Event])
    with path.open("rb", buffering=0) as raw:
        read_chunks(raw)
    read_chunks(connection)
    with subprocess.Popen(["job"], stdout=subprocess.PIPE) as process:
        if process.stdout:
            read_chunks(process.stdout)


async def reading_with_asyncio(reader: asyncio.StreamReader) -> None:
    assert_type(aread_chunks(reader), AsyncIterator[bytes])
    async for event in aiter_events(aread_chunks(reader)):
        assert_type(event, Event)


def outcomes(events: list[Event]) -> None:
    collector = Collector(keep_interim="last", max_violations=None)
    for event in events:
        collector.add(event)
    outcome = assert_type(collector.outcome(exit_code=0, closed=True, cut_off=False), Outcome)
    assert_type(collect(events, exit_code=None), Outcome)
    assert_type(outcome.status, JobStatus)
    assert_type(outcome.result, FinalResult | None)
    assert_type(outcome.interim_results, tuple[InterimResult, ...])
    assert_type(outcome.violations, tuple[Violation, ...])
    assert_type(outcome.violation_count, int)
    assert_type(outcome.reason, Violation | None)
    assert_type(outcome.exit_code, int | None)
    assert_type(outcome.suspect, bool)
    assert_type(outcome.suspect_reason, str | None)
    assert_type(to_record(outcome), dict[str, Any])
    assert_type(to_json_line(outcome), bytes)
    assert_type(to_json_line(events[0]), bytes)
    assert_type(record_schema() | outcome_schema(), dict[str, Any])


def captured_logs(data: bytes) -> None:
    assert_type(captures.detect(data), str)
    assert_type(captures.formats(), Mapping[str, captures.Format])
    source = captures.Source("cri", container=None, limits=Limits(), logs=False)
    captured = source.feed(data)
    assert_type(captured.events, list[Event])
    assert_type(captured.notices, list[captures.CaptureNotice])
    assert_type(captured.times, list[str | None])
    assert_type(captured.times_ns, list[int | None])
    assert_type(source.result, FinalResult | None)
    for item in captures.decoder("cri", stream=captures.StdStream.STDOUT).feed(data):
        match item:
            case captures.Chunk():
                assert_type(item.data, bytes)
            case captures.CaptureNotice():
                assert_type(item.kind, captures.NoticeKind)
            case _:
                assert_never(item)


def live_containers(output: engines.ContainerOutput) -> None:
    source = captures.Source(output.capture)
    try:
        with output:
            for piece in output:
                source.feed(assert_type(piece, bytes | captures.CaptureNotice))
            assert_type(output.exit_code(), int | None)
    except engines.EngineError:
        return


def writing() -> None:
    assert_type(emit.result_line({"sum": 42}), bytes)
    assert_type(emit.log_line("text"), bytes)
    assert_type(emit.result_line({1}, default=list), bytes)
    with emit.Emitter(default=list) as emitter, emitter.capture_fd():
        assert_type(emitter, emit.Emitter)
        emitter.run(lambda: {"sum": 42})
    emitters: list[emit.Emitter] = [emit.Emitter(sys.stdout), emit.Emitter(sys.stdout.buffer)]
    emitters.clear()
    modules: list[ModuleType] = [planqk_protocol.captures, planqk_protocol.emit, planqk_protocol.engines]
    modules.clear()
