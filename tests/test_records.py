"""Events as records: what `protocol.md` says of them, and what the schema says."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import (
    Collector,
    Event,
    Limits,
    Log,
    Result,
    Violation,
    collect,
    outcome_schema,
    parse,
    record_schema,
    to_json_line,
    to_json_lines,
    to_record,
)
from planqk_protocol.buffer import LF
from tests.strategies import FENCE, INTERIM, RESULT, all_limits, streams

VALIDATOR = jsonschema.Draft202012Validator(record_schema())
OUTCOMES = jsonschema.Draft202012Validator(outcome_schema())


def lines(data: bytes) -> list[str]:
    return [to_json_line(event).decode() for event in parse(data)]


def test_records_as_the_protocol_shows_them() -> None:
    data = b"starting\n" + INTERIM + b' {"sum":25.2}\n' + RESULT + b' {"sum":42}\n'
    assert lines(data) == [
        '{"type":"log","line":1,"text":"starting"}\n',
        '{"type":"interim_result","line":2,"value":{"sum":25.2}}\n',
        '{"type":"result","line":3,"value":{"sum":42}}\n',
    ]
    assert lines(b"\n\n\n" + FENCE + b'\n{\n"sum":50\n}\n' + FENCE + b"\n")[3:] == [
        '{"type":"multiline_result","line":4,"end_line":8,"value":{ "sum":50 }}\n'
    ]


def test_values_arrive_untouched() -> None:
    payload = b'\t{"b": 1.50e+400, "a": 0.10,\r"b": 123456789012345678901234567890, "c": "\\ud800\\u00e4"} \t'
    (line,) = lines(RESULT + payload + b"\r\n")
    text = payload.strip().replace(b"\r", b" ").decode()
    assert line == f'{{"type":"result","line":1,"value":{text}}}\n'


def test_text_or_base64_and_terminated() -> None:
    assert [to_record(event) for event in parse(b"a\r\n\xff\r\nb\r")] == [
        {"type": "log", "line": 1, "text": "a"},
        {"type": "log", "line": 2, "base64": base64.b64encode(b"\xff").decode()},
        {"type": "log", "line": 3, "text": "b\r", "terminated": False},
    ]


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (RESULT + b" x\r\n", {"text": "PlanQK:Job:Result: x"}),
        (RESULT + b" \xff\n", {"base64": base64.b64encode(RESULT + b" \xff").decode()}),
        (RESULT + b" x", {"text": "PlanQK:Job:Result: x", "terminated": False}),
        (RESULT + b" x\r", {"text": "PlanQK:Job:Result: x\r", "terminated": False}),
    ],
)
def test_a_violation_has_its_content(raw: bytes, content: dict[str, object]) -> None:
    (event,) = parse(raw)
    assert isinstance(event, Violation)
    record = to_record(event)
    assert (record["code"], record["marker"], record["message"]) == (event.code, event.marker, event.message)
    assert {key: record[key] for key in record if key in {"text", "base64", "terminated"}} == content
    assert (record["error_line"], record["offset"]) == (1, event.offset)


def test_a_violation_without_a_place_has_none_in_its_record() -> None:
    (event,) = parse(RESULT + b" x\n")
    assert isinstance(event, Violation)
    bare = Violation(code=event.code, marker=event.marker, line=1, raw=event.raw, message="")
    assert not {"error_line", "column", "offset"} & set(to_record(bare))


def test_end_line_where_an_event_spans_lines() -> None:
    (event,) = parse(FENCE + b"\n1\n")
    assert to_record(event)["end_line"] == 2
    assert "end_line" not in to_record(parse(FENCE)[0])
    assert "end_line" not in to_record(parse(FENCE + b"\n")[0])


def test_the_last_line_feed_begins_no_further_line() -> None:
    (event,) = parse(FENCE + b"\n\n")
    assert to_record(event)["end_line"] == 2


@pytest.mark.parametrize("data", [INTERIM + b" 1", RESULT + b" x", FENCE + b"\n1\n" + FENCE])
@pytest.mark.parametrize("flag", ["suspect", "after_loss"])
def test_what_is_in_doubt_says_so(data: bytes, flag: str) -> None:
    (event,) = parse(data)
    record = to_record(msgspec.structs.replace(event, **{flag: True}))
    assert record == to_record(event) | {flag: True}
    VALIDATOR.validate(json.loads(to_json_line(msgspec.structs.replace(event, **{flag: True}))))


@pytest.mark.parametrize(
    "data", [b"a", INTERIM + b" 1", RESULT + b" 1", RESULT + b" x", FENCE + b"\n1\n" + FENCE, FENCE]
)
def test_an_event_that_no_lf_ends_says_so(data: bytes) -> None:
    (cut,) = parse(data)
    assert cut.terminated is False
    assert to_record(cut)["terminated"] is False
    (whole,) = parse(data + b"\n")
    assert whole.terminated is True
    assert "terminated" not in to_record(whole)


@pytest.mark.rule("lossless")
@given(streams, all_limits)
def test_every_record_fits_the_schema_and_one_line(data: bytes, limits: Limits) -> None:
    for event in parse(data, limits=limits):
        line = to_json_line(event)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        record = json.loads(line)
        VALIDATOR.validate(record)
        assert record.get("terminated", True) is event.terminated is event.raw.endswith(b"\n")
        assert record["line"] == event.line
        if not isinstance(event, Log | Violation):
            assert repr(record["value"]) == repr(json.loads(event.payload))


@pytest.mark.parametrize(
    "record",
    [
        {"type": "log", "line": 1},
        {"type": "log", "line": 0, "text": ""},
        {"type": "log", "line": 1, "text": "", "base64": ""},
        {"type": "result", "line": 1},
        {"type": "nothing", "line": 1, "text": ""},
        {"type": "violation", "line": 1, "code": "odd", "marker": "result", "message": "", "text": ""},
    ],
)
def test_the_schema_refuses_what_is_no_record(record: object) -> None:
    assert not VALIDATOR.is_valid(record)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(record_schema())


@given(streams, all_limits)
def test_a_record_is_plain_data(data: bytes, limits: Limits) -> None:
    for event in parse(data, limits=limits):
        record = to_record(event)
        assert_plain(record)
        exact = json.loads(to_json_line(event))
        assert repr(json.loads(json.dumps(record))) == repr(exact)
        if not isinstance(event, Log | Violation):
            assert record["value"] is event.value


def assert_plain(item: object) -> None:
    """Of exactly the types that every encoder of JSON knows: no enumerations, no `msgspec.Raw`."""
    assert type(item) in {dict, list, str, int, float, bool, type(None)}
    if isinstance(item, dict | list):
        for part in item.values() if isinstance(item, dict) else item:
            assert_plain(part)


@given(streams, all_limits, st.sampled_from([None, 0, 1]), st.booleans())
def test_an_outcome_has_a_record(data: bytes, limits: Limits, exit_code: int | None, cut_off: bool) -> None:
    outcome = collect(parse(data, limits=limits), exit_code=exit_code, cut_off=cut_off)
    record = to_record(outcome)
    assert_plain(record)
    line = to_json_line(outcome)
    OUTCOMES.validate(json.loads(line))
    assert repr(json.loads(json.dumps(record))) == repr(json.loads(line))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert set(record) == {"type", "suspect", *outcome.__struct_fields__}
    assert (record["type"], record["status"]) == ("outcome", outcome.status)
    for name in ("exit_code", "suspect", "suspect_reason", "violation_count"):
        assert record[name] == getattr(outcome, name)
    for name in ("result", "reason"):
        event = getattr(outcome, name)
        assert record[name] == (None if event is None else to_record(event))
    for name in ("interim_results", "violations"):
        assert record[name] == [to_record(event) for event in getattr(outcome, name)]


def test_the_line_of_an_outcome_keeps_the_exact_text() -> None:
    events = parse(INTERIM + b' {"a": 1.50, "a": 2}\n' + RESULT + b" 4.20\n")
    line = to_json_line(collect(events, exit_code=0))
    assert b'"value":{"a": 1.50, "a": 2}' in line
    assert b'"result":{"type":"result","line":2,"value":4.20}' in line


def test_no_outcome_is_an_event_and_no_event_an_outcome() -> None:
    OUTCOMES.check_schema(outcome_schema())
    outcome, (event,) = json.loads(to_json_line(collect([]))), parse(b"log")
    assert not VALIDATOR.is_valid(outcome)
    assert not OUTCOMES.is_valid(to_record(event))
    assert "outcome" not in record_schema()["$defs"]
    for name in outcome:
        assert not OUTCOMES.is_valid({key: value for key, value in outcome.items() if key != name})
    assert not OUTCOMES.is_valid(outcome | {"more": 1})


@pytest.mark.parametrize("make", [to_record, to_json_line])
def test_a_record_is_made_of_events_and_outcomes_only(make: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"^a record is made of an event or an outcome, not of Collector$"):
        make(Collector())


def test_a_record_holds_the_time_and_the_severity_that_are_known() -> None:
    for event in parse(b"log\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 1\nPlanQK:Job:Result: 2\n"):
        line = json.loads(to_json_line(event, time="2024-05-01T10:00:00Z", severity="INFO"))
        VALIDATOR.validate(line)
        assert line == json.loads(to_json_line(event)) | {"time": "2024-05-01T10:00:00Z", "severity": "INFO"}
        assert "severity" not in json.loads(to_json_line(event))
        assert json.loads(to_json_line(event, severity="INFO")) == {
            k: v for k, v in line.items() if k != "time"
        }


@pytest.mark.rule("lossless")
@given(streams, all_limits)
def test_many_records_are_those_of_each_event(data: bytes, limits: Limits) -> None:
    events = parse(data, limits=limits)
    assert to_json_lines(events) == b"".join(map(to_json_line, events))


def _another_lf() -> bytes:
    """An LF that is not the object that the default of `Log` is."""
    made = pickle.loads(pickle.dumps(LF))  # noqa: S301
    assert (made, made is LF) == (LF, False)
    return bytes(made)


@pytest.mark.parametrize(
    "log",
    [
        Log(1, ""),
        Log(2**40, 'a "b" \\ \x00\x1f\x7f\u2028 ä 😀'),
        Log(3, "a", b"\r\n"),
        Log(4, "a", b""),
        Log(5, "a", _another_lf()),
        Log(5, "\N{REPLACEMENT CHARACTER}", b"\n", b"\xff"),
        Log(6, "\N{REPLACEMENT CHARACTER}", b"", b"\xff"),
    ],
)
def test_the_line_of_a_log_is_its_record(log: Log) -> None:
    line = to_json_line(log)
    assert line == to_json_lines([log]) == msgspec.json.encode(to_record(log)) + b"\n"
    assert to_json_line(log, time="now") == msgspec.json.encode(to_record(log) | {"time": "now"}) + b"\n"


def test_what_is_no_log_line_can_be_changed() -> None:
    events: list[Event] = [Log(1, "a"), Log(2, "b", b"\r\n"), Result.of(3, line=3), Log(4, "c", b"")]
    changed: list[Event] = []

    def change(event: Event) -> Event:
        changed.append(event)
        return Result.of(4, line=3)

    assert to_json_lines(events, change=change) == b"".join(
        map(to_json_line, [*events[:2], Result.of(4, line=3), events[3]])
    )
    assert changed == [Result.of(3, line=3)]


def test_no_records_are_no_lines() -> None:
    assert to_json_lines([]) == b""
