"""Events are values: they match, compare, pickle, and show themselves in little room."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest
from hypothesis import given

from planqk_protocol import (
    Event,
    InterimResult,
    Limits,
    Log,
    Marker,
    MultilineResult,
    Parser,
    Result,
    Violation,
    ViolationCode,
    emit,
    parse,
)
from tests.strategies import FENCE, INTERIM, RESULT, all_limits, streams

NAMES = {kind.__name__: kind for kind in (Log, InterimResult, Result, MultilineResult, Violation)}

BLOCK = FENCE + b"\n[2]\n" + FENCE + b"\n"
STREAM = b"log\r\nbad \xff\n" + INTERIM + b" 1\n" + BLOCK + RESULT + b" 3\n" + INTERIM + b" NaN\n"


def test_match() -> None:
    def kind(event: Event) -> object:
        match event:
            case Log(line, text):
                return (line, text)
            case InterimResult(value=value) | Result(value=value) | MultilineResult(value=value):
                return value
            case Violation(code=code, line=line):
                return (code.value, line)

    assert [kind(event) for event in parse(STREAM)] == [
        (1, "log"),
        (2, "bad \ufffd"),
        1,
        [2],
        ("duplicate-result", 7),
        ("invalid-json", 8),
    ]


@pytest.mark.parametrize("event", parse(STREAM), ids=lambda event: type(event).__name__)
def test_compare_copy_and_pickle(event: Event) -> None:
    for other in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):  # noqa: S301
        assert other == event
        assert type(other) is type(event)
    assert event != msgspec.structs.replace(event, line=99)
    with pytest.raises(AttributeError):
        event.line = 99  # type: ignore[misc]


def test_reprs_are_short() -> None:
    assert repr(Log(1, "text")) == "Log(line=1, text='text')"
    assert repr(Log(1, "text", b"\r\n")) == "Log(line=1, text='text', terminator=b'\\r\\n')"
    big = b"[" + b"1," * 1_000_000 + b"1]"
    data = (
        b"x" * 1000
        + b"\n"
        + INTERIM
        + big
        + b"\n"
        + RESULT
        + big
        + b"\n"
        + FENCE
        + b"\n"
        + big
        + b"\n"
        + FENCE
        + b"\n"
    )
    for event in parse(data):
        assert len(repr(event)) < 400
    (result,) = parse(RESULT + b" " + b"1" * 100 + b"\n")
    assert repr(result) == f"Result.of(line=1, payload=b' {'1' * 59}'…(+41))"
    (found,) = parse(RESULT + b" [NaN]\n")
    assert repr(found).startswith(
        "Violation(code='invalid-json', marker='result', line=1, message='not JSON: "
    )
    assert repr(found).endswith("error_line=1, column=21, offset=20, raw=b'PlanQK:Job:Result: [NaN]\\n')")


@pytest.mark.parametrize("size", [59, 60, 61, 62])
def test_a_repr_shows_sixty_bytes_and_counts_the_rest(size: int) -> None:
    def shown(data: str) -> str:
        return repr(data) if size <= 60 else f"{data[:60]!r}…(+{size - 60})"

    digits = "1" * size
    block = FENCE + b"\n" + digits[1:].encode() + b"\n" + FENCE + b"\n"
    late = RESULT + b"1" * (size - len(RESULT))
    events = parse(digits.encode() + b"\n" + INTERIM + digits.encode() + b"\n" + block + late)
    assert [repr(event) for event in events[:3]] == [
        f"Log(line=1, text={shown(digits)})",
        f"InterimResult.of(line=2, payload=b{shown(digits)})",
        f"MultilineResult.of(line=3, payload=b{shown(digits[1:] + chr(10))})",
    ]
    assert repr(events[3]).endswith(f", raw=b{shown(late.decode())})")


@pytest.mark.parametrize("event", parse(STREAM)[2:], ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("flag", ["suspect", "after_loss"])
def test_a_repr_tells_what_is_in_doubt(event: Event, flag: str) -> None:
    assert flag not in repr(event)
    doubtful = msgspec.structs.replace(event, **{flag: True})
    assert repr(doubtful) == repr(event).removesuffix(")") + f", {flag}=True)"


def test_the_result_of_the_parser_is_the_event() -> None:
    parser = Parser()
    event = next(e for e in parser.feed(STREAM) if isinstance(e, MultilineResult))
    assert parser.result is event


@given(streams, all_limits)
def test_a_repr_builds_an_equal_event(data: bytes, limits: Limits) -> None:
    for event in parse(data, limits=limits):
        shown = repr(event)
        if "…(+" not in shown:
            built = eval(shown, NAMES)  # noqa: S307  # the repr of our own event
            assert (type(built), built, built.raw) == (type(event), event, event.raw)
            assert repr(built) == shown


@pytest.mark.parametrize("value", [None, True, 42, 0.1, "ä\n", [], {"sum": [42, {"a": None}]}])
@pytest.mark.parametrize("line", [1, 7])
def test_results_are_built_from_values_as_emit_prints_them(value: object, line: int) -> None:
    before = b"\n" * (line - 1)
    printed = {
        Result: emit.result_line(value),
        InterimResult: emit.interim_result_line(value),
        MultilineResult: emit.multiline_result_block(value),
    }
    for kind, raw in printed.items():
        event = parse(before + raw)[-1]
        assert kind.of(value, line=line) == kind.of(raw=raw, line=line) == event
        assert kind.of(payload=kind.of(value).payload, line=line, suspect=True) == msgspec.structs.replace(
            event, suspect=True
        )
        assert kind.of(value, line=line, after_loss=True).after_loss is True


@pytest.mark.parametrize("kind", [Result, InterimResult, MultilineResult])
def test_a_result_is_built_from_one_thing(kind: type[Result | InterimResult | MultilineResult]) -> None:
    message = rf"{kind.__name__}\.of\(\) takes either a value, or payload=…, or raw=…"
    for arguments in ({}, {"payload": b"1", "raw": RESULT + b"1"}, {"value": 1, "payload": b"1"}):
        with pytest.raises(TypeError, match=message):
            kind.of(**arguments)
    with pytest.raises(TypeError):
        kind.of({1, 2})
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            kind.of(value)
    for payload in (b"", b" NaN", b"\xef\xbb\xbf1", b"'a'", b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011  # the standard library says what is wrong
            kind.of(payload=payload)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        *((kind, raw) for kind in (Result, InterimResult) for raw in (b"", b"log\n", b" " + RESULT + b"1\n")),
        (Result, INTERIM + b"1\n"),
        (InterimResult, RESULT + b"1\n"),
        (Result, RESULT + b"[1,\n2]\n"),
        (Result, RESULT + b"1\n\n"),
        *((MultilineResult, raw) for raw in (b"", b"\n", b"1\n", FENCE + b"\n", FENCE + b"\n1\nx")),
        (MultilineResult, RESULT + b"\n1\n" + FENCE),
    ],
)
def test_raw_bytes_of_something_else_build_no_result(
    kind: type[Result | InterimResult | MultilineResult], raw: bytes
) -> None:
    name = "one line with the marker" if kind is not MultilineResult else "a block with a fence line"
    with pytest.raises(ValueError, match=f"is not {name}"):
        kind.of(raw=raw)


def test_violations_and_logs_take_arguments_alike() -> None:
    raw = RESULT + b" x\n"
    (event,) = parse(raw)
    assert isinstance(event, Violation)
    place = (event.message, event.error_line, event.column, event.offset)
    assert Violation(1, raw, ViolationCode.INVALID_JSON, Marker.RESULT, *place) == event
    assert Violation(line=1, raw=raw, code=event.code, marker=event.marker, message="short") == Violation(
        1, raw, event.code, event.marker, "short"
    )
    assert Log(line=1, text="a") == Log(1, "a")
    built = eval(repr(event), NAMES)  # noqa: S307
    assert (built.code, built.marker) == (event.code, event.marker)
    assert (type(built.code), type(built.marker)) == (ViolationCode, Marker)
    with pytest.raises(ValueError, match="odd"):
        Violation(1, raw, "odd", Marker.RESULT, "")  # type: ignore[arg-type]


def test_a_log_line_that_is_not_utf8_shows_its_bytes() -> None:
    assert repr(parse(b"\xff\n")[0]) == "Log(line=1, text='\ufffd', content=b'\\xff')"
