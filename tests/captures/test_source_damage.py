"""Damage in a capture: the events that it makes ``suspect``, and those ``after_loss``."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from planqk_protocol import (
    InterimResult,
    Log,
    MultilineResult,
    Result,
    Violation,
    collect,
    parse,
    record_schema,
    to_record,
)
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source, StdStream
from planqk_protocol.testing import engine_writers
from tests.captures.source_cases import (
    BLOCK,
    CRI,
    GAP,
    INTERIM,
    LOST,
    RESULT,
    cri,
    fed,
    json_file,
    read,
    shown,
)


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        pytest.param(cri(RESULT), [("Result", 1, False)], id="nothing lost"),
        pytest.param(LOST + cri(RESULT), [("Result", 1, True)], id="lost before the line"),
        pytest.param(
            LOST + cri(INTERIM + RESULT),
            [("InterimResult", 1, True), ("Result", 2, False)],
            id="lost before the line before",
        ),
        pytest.param(cri(RESULT) + LOST, [("Result", 1, False)], id="lost after the line"),
        pytest.param(
            cri(RESULT[:9], tag="P") + LOST + cri(RESULT[9:]),
            [("Result", 1, True)],
            id="lost within the line",
        ),
        pytest.param(
            cri(b"a", tag="P") + LOST + cri(b"b\n" + RESULT),
            [("Log", 1, False), ("Result", 2, False)],
            id="lost within a log line",
        ),
        pytest.param(
            cri(BLOCK[:29]) + LOST + cri(BLOCK[29:]),
            [("MultilineResult", 1, True)],
            id="lost within the block",
        ),
        pytest.param(
            cri(b"a\n") + LOST + cri(BLOCK) + cri(INTERIM),
            [("Log", 1, False), ("MultilineResult", 2, True), ("InterimResult", 7, False)],
            id="lost before the block",
        ),
        pytest.param(
            cri(BLOCK[:29]) + LOST + cri(BLOCK[29:] + INTERIM),
            [("MultilineResult", 1, True), ("InterimResult", 6, False)],
            id="lost within the block before",
        ),
        pytest.param(cri(BLOCK[:28]) + LOST, [("Violation", 1, True)], id="lost after an open block"),
        pytest.param(
            cri(RESULT[:9], tag="P") + cri(b"x\n", stream="err") + cri(RESULT[9:]),
            [("Result", 1, True)],
            id="bytes of an unknown stream",
        ),
    ],
)
@pytest.mark.parametrize("logs", [True, False])
def test_an_event_is_suspect_where_bytes_within_it_are_lost(
    capture: bytes, expected: list[tuple[str, int, bool]], logs: bool
) -> None:
    events, _ = read(capture, logs=logs)
    assert shown(events) == [item for item in expected if logs or item[0] != "Log"]


MUX_LOG, MUX_RESULT = (
    engine_writers.docker_mux([("stdout", b"a\n")]),
    engine_writers.docker_mux([("stdout", RESULT)]),
)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param([RESULT[:20], GAP, RESULT[20:]], [("Result", 1, True)], id="within a line"),
        pytest.param([b"a\n", GAP, RESULT], [("Log", 1, False), ("Result", 2, True)], id="before a line"),
        pytest.param(
            [INTERIM, GAP, b"a\n" + RESULT],
            [("InterimResult", 1, False), ("Log", 2, False), ("Result", 3, False)],
            id="a line further",
        ),
        pytest.param([RESULT[:20], GAP], [("Violation", 1, True)], id="at the end"),
        pytest.param(
            [RESULT[:20], msgspec.structs.replace(GAP, stream=StdStream.STDERR), RESULT[20:]],
            [("Result", 1, False)],
            id="of stderr",
        ),
    ],
)
def test_a_live_reader_says_what_it_lost(
    items: list[bytes | CaptureNotice], expected: list[tuple[str, int, bool]]
) -> None:
    events, notices = fed("raw", *items)
    assert shown(events) == expected
    assert notices == [item for item in items if isinstance(item, CaptureNotice)]


ALTERED = CaptureNotice(NoticeKind.REPLACEMENT_CHAR, 0, 0, "a character was replaced")


@pytest.mark.parametrize("format_id", ["raw", CRI])
def test_a_line_with_altered_bytes_is_not_cut_off(format_id: str) -> None:
    """Nothing is missing where U+FFFD stands for a byte: the line is whole, and only suspect."""
    line = RESULT.removesuffix(b"\n")
    capture = line if format_id == "raw" else cri(line, tag="P")
    events, notices = fed(format_id, capture, ALTERED)
    assert (shown(events), notices) == ([("Result", 1, True)], [ALTERED])


def test_altered_bytes_do_not_end_a_record() -> None:
    capture = cri(RESULT)
    events, notices = fed(CRI, capture[:-9], ALTERED, capture[-9:])
    assert (shown(events), notices) == ([("Result", 1, True)], [ALTERED])


def test_what_follows_a_loss_begins_with_a_record() -> None:
    frames = engine_writers.docker_mux([("stdout", RESULT)])
    events, notices = fed("docker-mux", frames[:20], GAP, frames, b"\xff" * 8)
    assert [(item.kind, item.record, item.offset) for item in notices] == [
        ("truncated", 1, 0),
        ("gap", 0, 0),
        ("bad-stream-type", 3, 20 + len(frames)),
    ]
    assert shown(events) == [("Log", 1, False)]
    assert events[0].raw == RESULT[:12] + RESULT


def test_places_count_on_after_a_loss() -> None:
    source = Source(CRI)
    source.feed(cri(b"a\n")[:9])
    captured = source.cut_off()
    assert [(item.kind, item.offset, item.file) for item in captured.notices] == [("truncated", 0, 0)]
    (notice,) = source.feed(b"no record\n").notices
    assert (notice.offset, notice.file) == (9, 0)


JSON_FILE = "docker-json-file"


def log_record(text: str, stream: str = "stdout", time: str = "t") -> bytes:
    return (json.dumps({"log": text, "stream": stream, "time": time}) + "\n").encode()


FINAL = log_record(RESULT.decode())


@pytest.mark.parametrize(
    ("format_id", "items", "expected"),
    [
        pytest.param(CRI, [cri(RESULT)], False, id="nothing"),
        pytest.param(CRI, [LOST, cri(b"a\n" + RESULT)], True, id="corrupt"),
        pytest.param(CRI, [b"\0\0", cri(b"a\n" + RESULT)], True, id="nul-run"),
        pytest.param(CRI, [cri(b"a\0b\n" + RESULT)], False, id="NULs in a text"),
        pytest.param(CRI, [cri(b"a\n", stream="std"), cri(b"a\n" + RESULT)], True, id="unknown-stream"),
        pytest.param(CRI, [cri(b"a\n", stream="stdin"), cri(b"a\n" + RESULT)], False, id="stdin"),
        pytest.param(CRI, [cri(b"a\n")[:-1], None, cri(b"\na\n" + RESULT)], True, id="truncated file"),
        pytest.param(CRI, [cri(b"e", stream="stderr")[:-1], None, cri(RESULT)], False, id="truncated stderr"),
        pytest.param(CRI, [cri(b"a\n"), GAP, cri(b"a\n" + RESULT)], True, id="gap of a live reader"),
        pytest.param(JSON_FILE, [b'{"log":"half\n', log_record("a\n"), FINAL], True, id="torn"),
        pytest.param(
            JSON_FILE,
            [log_record("pie"), log_record("ce\n", time="u"), log_record("a\n"), FINAL],
            True,
            id="gap",
        ),
        pytest.param(JSON_FILE, [b" " * (1 << 20) + b'"\n', log_record("a\n"), FINAL], True, id="oversize"),
        pytest.param(JSON_FILE, [log_record("\ufffd\n"), FINAL], False, id="replacement-char"),
        pytest.param("docker-mux", [b"\3\0\0\0\0\0\0\1x", MUX_LOG, MUX_RESULT], True, id="system-error"),
    ],
)
def test_a_result_after_a_loss_may_not_be_the_first(
    format_id: str, items: list[bytes | CaptureNotice | None], expected: bool
) -> None:
    source = Source(format_id, logs=False)
    events = []
    for item in items:
        events += (source.end_of_file() if item is None else source.feed(item)).events
    events += source.close().events
    (event,) = events
    assert not isinstance(event, Log)
    assert (event.suspect, event.after_loss) == (False, expected)
    assert collect(events).suspect == expected


def test_all_marked_events_after_a_loss_say_so() -> None:
    capture = cri(INTERIM) + LOST + cri(b"a\n" + INTERIM + BLOCK + RESULT + b"PlanQK:Job:InterimResult: x")
    events = Source(CRI, logs=False).feed(capture).events
    assert [not isinstance(event, Log) and event.after_loss for event in events] == [False] + [True] * 4


def test_a_block_around_a_loss_is_not_after_it() -> None:
    (event,) = Source(CRI, logs=False).feed(cri(BLOCK[:29]) + LOST + cri(BLOCK[29:])).events
    assert isinstance(event, MultilineResult)
    assert (event.suspect, event.after_loss) == (True, False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b'PlanQK:Job:Result: "\xff"\n' + INTERIM, [True, False], id="result"),
        pytest.param(INTERIM + b"\xff\n" + INTERIM, [False, False], id="log"),
        pytest.param(BLOCK[:30] + b'"\xff":1,\n' + BLOCK[30:] + INTERIM, [True, False], id="block"),
        pytest.param(
            b'PlanQK:Job:InterimResult: "\xff"\n' * 3, [True, True, True], id="several in one chunk"
        ),
        pytest.param(b"PlanQK:Job:Result: \xff\n", [True], id="violation"),
        pytest.param(b'PlanQK:Job:Result: "\xff"', [True], id="no line end"),
    ],
)
def test_an_event_is_suspect_where_bytes_of_it_are_altered(data: bytes, expected: list[bool]) -> None:
    events, kinds = read(json_file(data), "docker-json-file", logs=False)
    assert "replacement-char" in kinds
    assert [suspect for _, _, suspect in shown(events)] == expected


def test_damage_of_stderr_does_not_touch_stdout() -> None:
    capture = engine_writers.docker_json_file(
        [("stdout", RESULT[:9]), ("stderr", b"\xff\n"), ("stdout", RESULT[9:])]
    )
    events, kinds = read(capture, "docker-json-file")
    assert kinds == ["replacement-char"]
    assert shown(events) == [("Result", 1, False)]


def test_the_outcome_is_suspect_where_the_result_is() -> None:
    events, _ = read(json_file(b'PlanQK:Job:Result: "\xff"\n'), "docker-json-file")
    outcome = collect(events, exit_code=0)
    assert (outcome.status.value, outcome.suspect) == ("SUCCEEDED", True)
    events, _ = read(cri(b"PlanQK:Job:Result: 4")[:-1])
    outcome = collect(events, exit_code=0)
    assert (outcome.status.value, outcome.suspect) == ("FAILED", True)
    assert not collect(parse(RESULT)).suspect
    assert not collect([]).suspect


def test_records_of_suspect_events_say_so() -> None:
    capture = json_file(b'PlanQK:Job:Result: "\xff"\nPlanQK:Job:InterimResult: \xff\n')
    events, _ = read(capture, "docker-json-file")
    records = [to_record(event) for event in events]
    assert [record["suspect"] for record in records] == [True, True]
    for record in records:
        jsonschema.validate(record | ({"value": 1} if "value" in record else {}), record_schema())
    assert all("suspect" not in to_record(event) for event in parse(RESULT + b"PlanQK:Job:Result: x\n"))


def test_reprs_say_so() -> None:
    result, violation = Result.of(1, suspect=True), parse(RESULT * 2)[1]
    assert repr(result) == "Result.of(line=1, payload=b' 1', suspect=True)"
    assert isinstance(violation, Violation)
    assert "suspect" not in repr(violation)
    assert "suspect" not in repr(InterimResult.of(1))


def test_damage_does_not_reach_beyond_its_line() -> None:
    capture = cri(b"a", tag="P") + LOST + cri(b"b\n") + cri(RESULT)
    (event,) = Source(CRI, logs=False).feed(capture).events
    assert event == msgspec.structs.replace(parse(b"\n" + RESULT)[1], after_loss=True)
