"""From a capture to the events of the stdout in it."""

from __future__ import annotations

import copy
import pickle
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import (
    Limits,
    Log,
    MultilineResult,
    Violation,
    parse,
)
from planqk_protocol.captures import Captured, Source, StdStream
from planqk_protocol.errors import DecoderClosedError
from planqk_protocol.testing import KnownCapture, captures, engine_writers
from tests.captures.feeding import cut
from tests.captures.source_cases import BLOCK, CRI, GAP, RESULT, cri


@given(captures("cri") | captures("docker-mux"), st.integers(0, 1000))
def test_events_are_those_of_stdout(capture: KnownCapture, seed: int) -> None:
    random_source = random.Random(seed)  # noqa: S311
    source = Source(capture.format)
    places = [random_source.randint(0, len(capture.data)) for _ in range(3)]
    events = [event for piece in cut(capture.data, places) for event in source.feed(piece).events]
    assert events + source.close().events == parse(capture.stdout)


def test_times_are_those_of_the_last_record_of_an_event() -> None:
    source = Source(CRI)
    capture = (
        cri(b"starting\n")
        + cri(b"e\n", stream="stderr")
        + cri(BLOCK, second=10)
        + cri(RESULT[:9], tag="P", second=20)
    )
    first = source.feed(capture)
    assert [type(event) for event in first.events] == [Log, MultilineResult]
    assert first.times == ["2024-05-01T10:00:00.5Z", "2024-05-01T10:00:14.5Z"]
    assert first.times_ns == [1714557600_500_000_000, 1714557614_500_000_000]
    second = source.feed(cri(RESULT[9:], second=30) + cri(b"tail", tag="P", second=40))
    assert (len(second.events), second.times) == (1, ["2024-05-01T10:00:30.5Z"])
    assert source.close().times == ["2024-05-01T10:00:40.5Z"]


def test_times_without_log_events() -> None:
    source = Source(CRI, logs=False)
    captured = source.feed(cri(b"a\nb\n" + RESULT + b"c\nPlanQK:Job:InterimResult: 1\n"))
    assert captured.times == ["2024-05-01T10:00:02.5Z", "2024-05-01T10:00:04.5Z"]


def test_a_format_without_times_gives_none() -> None:
    source = Source("docker-mux")
    captured = source.feed(engine_writers.docker_mux([("stdout", RESULT)]))
    assert (captured.times, captured.times_ns) == ([None], [None])


def test_what_ends_within_a_line_has_no_time() -> None:
    source = Source(CRI, limits=Limits(max_line=4, max_payload=21))
    captured = source.feed(cri(b"a long line\n" + RESULT))
    assert [type(event).__name__ for event in captured.events] == ["Log"] * 3 + ["Violation"] + ["Log"] * 3
    shown_times = [time is not None for time in captured.times]
    assert shown_times == [False, False, True, False, False, False, True]


def test_an_event_that_ends_before_the_chunk_has_the_time_before() -> None:
    block = b"PlanQK:Job:MultilineResult\n"
    source = Source(CRI, limits=Limits(max_payload=len(block)))
    assert source.feed(cri(block)).events == []
    captured = source.feed(cri(b"x\n", second=5))
    assert [type(event) for event in captured.events] == [Violation, Log]
    assert captured.times == ["2024-05-01T10:00:00.5Z", "2024-05-01T10:00:05.5Z"]


def test_files_form_one_stream() -> None:
    source = Source(CRI)
    events = source.feed(cri(RESULT[:9], tag="P")).events + source.end_of_file().events
    assert events == []
    assert source.feed(cri(RESULT[9:])).events == parse(RESULT)


def test_a_source_can_be_copied_within_a_capture() -> None:
    source = Source(CRI)
    capture = cri(RESULT)
    source.feed(capture[:-3])
    twins = [pickle.loads(pickle.dumps(source)), copy.deepcopy(source), copy.copy(source)]  # noqa: S301
    for twin in twins:
        assert twin.feed(capture[-3:]).events == parse(RESULT)


def test_misuse_raises() -> None:
    source = Source(CRI)
    assert source.close() == Captured([], [], [])
    assert source.close().events == []
    with pytest.raises(DecoderClosedError):
        source.feed(b"")
    for call in (source.end_of_file, source.cut_off):
        with pytest.raises(DecoderClosedError):
            call()
    for stream in (StdStream.STDOUT, StdStream.STDERR, StdStream.UNKNOWN, None):
        with pytest.raises(DecoderClosedError, match=r"^feed\(\) after close\(\)"):
            source.feed(msgspec.structs.replace(GAP, stream=stream))
    with pytest.raises(ValueError, match="no capture format"):
        Source("none")


@pytest.mark.parametrize("time", [b"null", b"1", b'"\xff"', rb'"\ud800"', b"{}"])
def test_a_time_that_is_no_text_is_no_time(time: bytes) -> None:
    source = Source("docker-json-file")
    captured = source.feed(b'{"log":"a\\n","stream":"stdout","time":%b}\n' % time)
    assert [event.raw for event in captured.events] == [b"a\n"]
    assert captured.times == [None]
    assert captured.times_ns == [None]


def test_a_source_has_its_result_as_a_parser_has() -> None:
    source = Source(CRI)
    assert source.result is None
    source.feed(cri(b"log\n") + cri(b"PlanQK:Job:InterimResult: 1\n"))
    assert source.result is None
    (event, _) = source.feed(cri(RESULT) * 2).events
    assert source.result is event
    source.close()
    assert source.result is event


def test_the_result_of_a_source_bears_what_the_capture_makes_of_it() -> None:
    source = Source(CRI)
    source.cut_off()
    (event,) = source.feed(cri(RESULT)).events
    assert source.result is event
    assert event == msgspec.structs.replace(parse(RESULT)[0], suspect=True, after_loss=True)


def test_what_may_be_fed_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"^data must be bytes, bytearray, memoryview or CaptureNotice, not str; open"
    ):
        Source("raw").feed("starting")  # type: ignore[arg-type]
