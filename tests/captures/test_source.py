"""From a capture to the events of the stdout in it."""

from __future__ import annotations

import copy
import json
import pickle
import random

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import (
    Event,
    InterimResult,
    Limits,
    Log,
    MultilineResult,
    Result,
    Violation,
    collect,
    parse,
    record_schema,
    to_record,
)
from planqk_protocol.captures import Captured, CaptureNotice, NoticeKind, Source, StdStream
from planqk_protocol.errors import DecoderClosedError
from planqk_protocol.testing import Capture, captures, engine_writers, journald_writer
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


@given(captures("cri") | captures("docker-mux"), st.integers(0, 1000))
def test_events_are_those_of_stdout(capture: Capture, seed: int) -> None:
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


LOST = b"no record\n"
INTERIM = b"PlanQK:Job:InterimResult: 1\n"


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
        pytest.param(cri(BLOCK[:28]) + LOST, [("Violation", 1, True)], id="lost behind an open block"),
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
GAP = CaptureNotice(NoticeKind.GAP, 0, 0, "the connection broke")


def fed(format_id: str, *items: bytes | CaptureNotice) -> tuple[list[Event], list[CaptureNotice]]:
    source = Source(format_id)
    got = [source.feed(item) for item in items] + [source.close()]
    return [event for part in got for event in part.events], [item for part in got for item in part.notices]


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


def test_places_count_on_behind_a_loss() -> None:
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
def test_a_result_behind_a_loss_may_not_be_the_first(
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


def test_all_marked_events_behind_a_loss_say_so() -> None:
    capture = cri(INTERIM) + LOST + cri(b"a\n" + INTERIM + BLOCK + RESULT + b"PlanQK:Job:InterimResult: x")
    events = Source(CRI, logs=False).feed(capture).events
    assert [not isinstance(event, Log) and event.after_loss for event in events] == [False] + [True] * 4


def test_a_block_around_a_loss_is_not_behind_it() -> None:
    (event,) = Source(CRI, logs=False).feed(cri(BLOCK[:29]) + LOST + cri(BLOCK[29:])).events
    assert isinstance(event, MultilineResult)
    assert (event.suspect, event.after_loss) == (True, False)


def entries(*texts: tuple[bytes, dict[str, bytes]]) -> bytes:
    """Entries of conmon, which keep their line ends."""
    basis = {"__CURSOR": b"s", "PRIORITY": b"6", "_COMM": b"conmon", "CONTAINER_ID_FULL": b"c1"}
    return journald_writer.journald_json([basis | {"MESSAGE": text} | fields for text, fields in texts])


HALF, OTHER_HALF = RESULT[:-5], RESULT[-5:-1]
OURS: dict[str, bytes] = {}
NO_CONTAINER: dict[str, bytes] = {}
OTHERS = {"CONTAINER_ID_FULL": b"c2"}
COMPOSE = b"".join(b"job-1 | " + line + b"\n" + b"db-1  | x\n" for line in BLOCK.splitlines())
NULL = entries((b"x", OTHERS)).replace(b'"x"', b"null")


@pytest.mark.parametrize(
    ("format_id", "capture", "kinds"),
    [
        pytest.param(
            "journald-json",
            entries((HALF, OURS), (b"x\n", OTHERS), (OTHER_HALF, OURS)),
            ["unknown-stream"],
            id="an entry of another container within a line",
        ),
        pytest.param(
            "journald-json",
            entries((HALF, OURS), (OTHER_HALF, OURS), (b"x\n", OTHERS)),
            ["unknown-stream"],
            id="an entry of another container behind an unterminated line",
        ),
        pytest.param(
            "journald-json",
            entries((HALF, OURS)) + NULL + entries((OTHER_HALF, OURS)),
            ["unknown-stream", "null-message"],
            id="a text of another container is left out within a line",
        ),
        pytest.param("compose-logs", COMPOSE, ["unknown-stream"], id="another container within a block"),
        pytest.param(
            CRI,
            cri(HALF, tag="P") + cri(b"x\n", stream="stdin") + cri(OTHER_HALF, tag="P"),
            ["unknown-stream"],
            id="stdin within a line",
        ),
    ],
)
def test_what_others_print_does_not_touch_stdout(format_id: str, capture: bytes, kinds: list[str]) -> None:
    (event,), noticed = read(capture, format_id, logs=False)
    assert noticed == kinds
    assert isinstance(event, Result | MultilineResult)
    assert (event.value, event.suspect) == ({"sum": 42}, False)


def test_a_line_whose_beginning_the_journal_dropped_is_suspect() -> None:
    _, *pieces = journald_writer.docker_journal([("stdout", b"x" * engine_writers.PIECE + RESULT)])
    events, kinds = read(journald_writer.journald_json(pieces), "journald-json")
    assert (shown(events), kinds) == ([("Result", 1, True)], ["gap", "gap"])


@given(printed=captures("journald-json"), data=st.data())
def test_entries_of_others_change_no_event(printed: Capture, data: st.DataObject) -> None:
    entries = list(journald_writer.conmon_journal(printed.writes))
    for others in data.draw(st.lists(st.sampled_from([OTHERS, NO_CONTAINER]), max_size=3)):
        place = data.draw(st.integers(0, len(entries)))
        entries.insert(place, {"__CURSOR": b"s", "MESSAGE": b"x"} | others)
    source = Source("journald-json", container="c1")
    captured = source.feed(journald_writer.journald_json(entries))
    assert captured.events + source.close().events == parse(printed.stdout)


def test_what_may_be_stdout_touches_it() -> None:
    capture = entries((HALF, OURS), (b"x\n", {"PRIORITY": b"4"}), (OTHER_HALF, OURS))
    events, kinds = read(capture, "journald-json")
    assert kinds == ["unknown-stream"]
    assert shown(events) == [("Result", 1, True)]


def json_file(data: bytes) -> bytes:
    return engine_writers.docker_json_file([("stdout", data)])


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


@pytest.mark.parametrize("line", [b"PlanQK:Job:Result: 4", b"PlanQK:Job:InterimResult: 4"])
def test_a_line_that_the_capture_cuts_off_is_no_result(line: bytes) -> None:
    (event,), kinds = read(cri(line)[:-1])
    assert kinds == ["truncated"]
    assert isinstance(event, Violation)
    assert (event.raw, event.suspect, event.code.value) == (line, True, "invalid-json")
    assert (event.line, event.error_line, event.column, event.offset) == (1, 1, len(line) + 1, len(line))


@pytest.mark.parametrize(
    ("format_id", "prefix", "is_result"),
    [
        ("compose-logs", b"job-1 | ", False),
        ("docker-logs-timestamps", b"2024-05-01T10:00:00.000000001Z ", True),
        ("docker-logs-details", b" ", True),
        ("kubectl-logs", b"[pod/a/b] ", True),
    ],
)
def test_a_last_line_without_line_end_is_a_result_where_the_command_prints_it(
    format_id: str, prefix: bytes, is_result: bool
) -> None:
    (event,), kinds = read(prefix + b"PlanQK:Job:Result: 4", format_id)
    assert isinstance(event, Result) == is_result
    assert kinds == ([] if is_result else ["truncated"])


def test_a_result_behind_stamps_of_the_job_is_read() -> None:
    log = b"[pod/a/b] 2024-05-01T10:00:00.000000001Z starting\n"
    events, kinds = read(log + b"[pod/a/b] " + RESULT + log, "kubectl-logs", logs=False)
    assert (shown(events), kinds) == ([("Result", 2, True)], ["corrupt"])


def test_a_block_whose_fence_the_capture_cuts_off_is_no_result() -> None:
    (log, event), _ = read(cri(b"a\n" + BLOCK)[:-1])
    assert isinstance(log, Log)
    assert isinstance(event, Violation)
    assert (event.line, event.error_line, event.column, event.offset) == (2, 6, 27, 2 + len(BLOCK) - 1)


@pytest.mark.parametrize(
    ("capture", "kind"),
    [
        (cri(b"PlanQK:Job:Result: 4", tag="P") + LOST, "corrupt"),
        (cri(b"PlanQK:Job:Result: 4", tag="P") + cri(b"2\n")[:9], "truncated"),
    ],
)
def test_a_line_is_cut_off_wherever_its_next_piece_is_lost(capture: bytes, kind: str) -> None:
    (event,), kinds = read(capture)
    assert kinds == [kind]
    assert isinstance(event, Violation)


def test_a_line_without_line_end_is_a_result_where_nothing_is_lost() -> None:
    capture = cri(LOST) + LOST + cri(b"PlanQK:Job:Result: 4", tag="P") + cri(b"e\n", stream="stderr")[:-1]
    events, kinds = read(capture)
    assert kinds == ["corrupt", "truncated"]
    assert shown(events[-1:]) == [("Result", 2, True)]


def test_log_text_and_violations_are_what_they_are_where_the_capture_cuts_them_off() -> None:
    (event,), _ = read(cri(b"sta")[:-1])
    assert event == Log(1, "sta", b"")
    (violation,), _ = read(cri(b'PlanQK:Job:Result: {"v"')[:-1])
    assert isinstance(violation, Violation)
    assert violation.suspect


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
    for call in (source.end_of_file, source.cut_off, lambda: source.feed(GAP)):
        with pytest.raises(DecoderClosedError):
            call()
    with pytest.raises(ValueError, match="no capture format"):
        Source("none")


def test_damage_does_not_reach_beyond_its_line() -> None:
    capture = cri(b"a", tag="P") + LOST + cri(b"b\n") + cri(RESULT)
    (event,) = Source(CRI, logs=False).feed(capture).events
    assert event == msgspec.structs.replace(parse(b"\n" + RESULT)[1], after_loss=True)


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


def test_a_result_at_the_end_of_a_capture_is_the_result_of_the_source() -> None:
    source = Source(CRI)
    source.feed(cri(RESULT[:-1], tag="P"))
    assert source.result is None
    (event,) = source.close().events
    assert source.result is event


def test_a_result_that_the_capture_cuts_off_is_no_result_of_the_source() -> None:
    source = Source(CRI)
    source.feed(cri(RESULT[:-1], tag="P"))
    source.cut_off()
    (event,) = source.close().events
    assert isinstance(event, Violation)
    assert source.result is None


def test_what_may_be_fed_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"^data must be bytes, bytearray, memoryview or CaptureNotice, not str; open"
    ):
        Source("raw").feed("starting")  # type: ignore[arg-type]


def test_the_chunks_of_standard_error_are_kept_if_they_are_asked_for() -> None:
    capture = cri(b"log\n") + cri(b"oops\n", stream="stderr") + cri(b"x\n", stream="stdouf") + cri(RESULT)
    source = Source(CRI, stderr=True)
    captured = source.feed(capture)
    assert [chunk.data for chunk in captured.stderr] == [b"oops\n"]
    assert [type(event) for event in captured.events] == [Log, Result]
    assert Source(CRI).feed(capture).stderr == []


@pytest.mark.parametrize("format_id", ["cri", "docker-json-file", "docker-mux", "journald-json"])
@given(data=st.data())
def test_keeping_standard_error_changes_nothing_else(format_id: str, data: st.DataObject) -> None:
    capture = data.draw(captures(format_id))
    plain, both = Source(format_id), Source(format_id, stderr=True)
    kept = b""
    for call in (lambda source: source.feed(capture.data), Source.close):
        one, other = call(plain), call(both)
        assert (one.events, one.notices, one.times) == (other.events, other.notices, other.times)
        kept += b"".join(chunk.data for chunk in other.stderr)
    assert kept == capture.stderr
