"""Events are values: they match, compare, pickle, and show themselves in little room."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest
from strategies import FENCE, INTERIM, RESULT

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Parser, Result, Violation, parse

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
    (found,) = parse(RESULT + b" [nope]\n")
    assert repr(found).startswith(
        "Violation(code='invalid-json', marker='result', line=1, message='not JSON: "
    )
    assert repr(found).endswith("error_line=1, column=21, offset=20, raw=b'PlanQK:Job:Result: [nope]\\n')")


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
