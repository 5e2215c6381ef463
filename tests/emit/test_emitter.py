"""`Emitter`: each call prints one whole thing on a fresh line, or raises and prints nothing."""

from __future__ import annotations

import dataclasses
import io
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Event, InterimResult, Log, MultilineResult, ProtocolError, Result, emit, parse
from planqk_protocol.emit import Emitter, SecondResultError
from tests.strategies import FENCE, INTERIM, RESULT, json_values

# What other writers print may have no line end, but it has no marker either.
others = st.text(st.characters(exclude_characters="P")).map(lambda text: text.encode(errors="replace"))
calls = st.tuples(st.just("interim"), json_values) | st.tuples(
    st.sampled_from(["log", "other"]), others.map(bytes.decode)
)


@given(st.lists(calls), st.sampled_from(["result", "multiline_result"]), json_values, st.lists(calls))
def test_the_parser_finds_exactly_what_was_given(
    before: list[tuple[str, Any]], form: str, result: Any, after: list[tuple[str, Any]]
) -> None:
    stream = io.BytesIO()
    emitter = Emitter(stream)

    def go(calls: list[tuple[str, Any]]) -> None:
        for kind, value in calls:
            if kind == "interim":
                emitter.interim_result(value)
            elif kind == "log":
                emitter.log(value)
            else:
                stream.write(value.encode())

    go(before)
    getattr(emitter, form)(result)
    go(after)
    marked = [event for event in parse(stream.getvalue()) if not isinstance(event, Log)]
    assert [repr(event.value) for event in marked if isinstance(event, InterimResult)] == [
        repr(value) for kind, value in before + after if kind == "interim"
    ]
    (found,) = (event for event in marked if not isinstance(event, InterimResult))
    assert isinstance(found, Result if form == "result" else MultilineResult)
    assert repr(found.value) == repr(result)


class Counting(io.BytesIO):
    """A stream that counts writes and flushes."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def write(self, data: Any) -> int:
        self.log.append("write")
        return super().write(data)

    def flush(self) -> None:
        self.log.append("flush")


@pytest.mark.parametrize(
    ("call", "printed"),
    [
        (lambda emitter: emitter.log("grün\nPlanQK:Job:Result: 1"), "grün\n>PlanQK:Job:Result: 1\n".encode()),
        (lambda emitter: emitter.log("42"), b"\n42\n"),
        (lambda emitter: emitter.interim_result(["ü"]), b"\n" + INTERIM + rb' ["\u00fc"]' + b"\n"),
        (lambda emitter: emitter.result(1), b"\n" + RESULT + b" 1\n"),
        (lambda emitter: emitter.multiline_result([1]), b"\n%b\n[\n  1\n]\n%b\n" % (FENCE, FENCE)),
        (lambda emitter: emitter.multiline_result([1], 1), b"\n%b\n[\n 1\n]\n%b\n" % (FENCE, FENCE)),
    ],
)
def test_each_call_is_one_write_and_a_flush(call: Callable[[Emitter], None], printed: bytes) -> None:
    stream = Counting()
    call(Emitter(stream))
    assert stream.getvalue() == printed
    assert stream.log == ["flush", "write", "flush"]


@pytest.mark.parametrize("second", [Emitter.result, Emitter.multiline_result])
@pytest.mark.parametrize("first", [Emitter.result, Emitter.multiline_result])
def test_a_second_result_prints_nothing(
    first: Callable[[Emitter, Any], None], second: Callable[[Emitter, Any], None]
) -> None:
    stream = io.BytesIO()
    emitter = Emitter(stream)
    first(emitter, 1)
    before = stream.getvalue()
    with pytest.raises(SecondResultError, match="only the first one counts; use interim_result"):
        second(emitter, 2)
    assert stream.getvalue() == before
    emitter.interim_result(3)
    assert issubclass(SecondResultError, ProtocolError)


@pytest.mark.parametrize("method", [Emitter.interim_result, Emitter.result, Emitter.multiline_result])
def test_what_is_no_json_prints_nothing_and_takes_no_result(method: Callable[[Emitter, Any], None]) -> None:
    stream = io.BytesIO()
    emitter = Emitter(stream)
    with pytest.raises(ValueError, match=r"value\['a'\] is nan"):
        method(emitter, {"a": math.nan})
    with pytest.raises(TypeError, match=r"value\['a'\] is of type set"):
        method(emitter, {"a": {1}})
    assert stream.getvalue() == b""
    method(emitter, 1)


@pytest.mark.parametrize("method", [Emitter.interim_result, Emitter.result, Emitter.multiline_result])
def test_default_and_dataclasses(method: Callable[[Emitter, Any], None]) -> None:
    @dataclasses.dataclass
    class Found:
        routes: set[int]

    stream = io.BytesIO()
    method(Emitter(stream, default=sorted), Found({2, 1}))
    *_, event = parse(stream.getvalue())
    assert isinstance(event, InterimResult | Result | MultilineResult)
    assert event.value == {"routes": [1, 2]}


def test_a_result_that_could_not_be_printed_can_be_repeated() -> None:
    class Full(io.BytesIO):
        is_full = True

        def write(self, data: Any) -> int:
            if self.is_full:
                raise OSError(28, "no space left")
            return super().write(data)

    stream = Full()
    emitter = Emitter(stream)
    with pytest.raises(OSError, match="no space left"):
        emitter.result(1)
    stream.is_full = False
    emitter.result(1)
    with pytest.raises(SecondResultError):
        emitter.result(1)


def test_a_result_that_was_interrupted_counts_as_printed() -> None:
    class Interrupted(io.BytesIO):
        def write(self, data: Any) -> int:
            super().write(data[:10])
            raise KeyboardInterrupt

    emitter = Emitter(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        emitter.result(1)
    with pytest.raises(SecondResultError):
        emitter.result(1)


def test_standard_output_by_default(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    emitter = Emitter()
    print("before", end="")
    emitter.interim_result(1)
    print("after")
    emitter.log("end")
    assert capsysbinary.readouterr().out == b"before\n" + INTERIM + b" 1\nafter\nend\n"


def test_by_file_descriptor(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    emitter = Emitter()
    print("before", end="")
    emitter.result(1)
    print("after")
    emitter.log("end")
    assert capfdbinary.readouterr().out == b"before\n" + RESULT + b" 1\nafter\nend\n"


def test_a_text_stream_in_memory() -> None:
    stream = io.StringIO()
    Emitter(stream).log("grün")
    assert stream.getvalue() == "grün\n"


def events_of(body: Callable[[Emitter], Any], error: type[BaseException] | None) -> list[Event]:
    """The events of a job whose body is run in the context of an emitter."""
    stream = io.BytesIO()
    if error is None:
        with Emitter(stream) as emitter:
            body(emitter)
    else:
        with pytest.raises(error), Emitter(stream) as emitter:
            body(emitter)
    return parse(stream.getvalue())


def test_an_exception_is_log_text_and_passes() -> None:
    def body(emitter: Emitter) -> None:
        emitter.log("reading")
        raise LookupError("\nPlanQK:Job:Result: 1")

    first, *rest = events_of(body, LookupError)
    assert isinstance(first, Log)
    assert first.text == "reading"
    texts = [event.text for event in rest if isinstance(event, Log)]
    assert len(texts) == len(rest)
    assert texts[0] == "Traceback (most recent call last):"
    assert texts[-2:] == ["LookupError: ", ">PlanQK:Job:Result: 1"]


@pytest.mark.parametrize(("code", "texts"), [(None, []), (0, []), (3, []), ("no input", ["no input"])])
def test_sys_exit_keeps_its_code(code: Any, texts: list[str]) -> None:
    stream = io.BytesIO()
    with pytest.raises(SystemExit) as caught, Emitter(stream):
        sys.exit(code)
    assert caught.value.code == code
    assert [event.text for event in parse(stream.getvalue()) if isinstance(event, Log)] == texts


def test_a_body_without_an_exception_prints_nothing_more() -> None:
    assert events_of(lambda emitter: emitter.result(1), None)[1:] == [Result.of(1, line=2)]


@pytest.mark.parametrize("error", [BrokenPipeError(32, "gone"), ValueError("I/O operation on closed file")])
def test_an_exception_that_cannot_be_printed_passes(error: Exception) -> None:
    class Gone(io.BytesIO):
        def write(self, _: Any) -> int:
            raise error

    with pytest.raises(KeyError), Emitter(Gone()):
        raise KeyError


def test_run_prints_what_the_function_returns() -> None:
    stream = io.BytesIO()
    Emitter(stream).run(lambda: {"sum": 42})
    assert parse(stream.getvalue())[1:] == [Result.of({"sum": 42}, line=2)]


@pytest.mark.parametrize(("size", "kind"), [(16000, Result), (17000, MultilineResult)])
def test_run_prints_a_result_that_engines_would_cut_as_a_block(size: int, kind: type) -> None:
    stream, value = io.BytesIO(), {"sum": [0] * (size // 3)}
    Emitter(stream).run(lambda: value)
    _, printed = parse(stream.getvalue())
    assert isinstance(printed, Result | MultilineResult)
    assert (type(printed), printed.value) == (kind, value)
    assert len(stream.getvalue()) < size + 200


def test_run_prints_no_result_for_none() -> None:
    stream = io.BytesIO()
    emitter = Emitter(stream)
    emitter.run(lambda: emitter.result(1))
    emitter.run(lambda: None)
    assert parse(stream.getvalue())[1:] == [Result.of(1, line=2)]


def test_run_prints_the_traceback_of_the_function_and_of_a_wrong_result() -> None:
    stream = io.BytesIO()
    with pytest.raises(ZeroDivisionError):
        Emitter(stream).run(lambda: 1 // 0)
    with pytest.raises(ValueError, match="is nan"):
        Emitter(stream).run(lambda: math.nan)
    assert stream.getvalue().count(b"Traceback") == 2
    assert {type(event) for event in parse(stream.getvalue())} == {Log}


def test_native_output_is_log_text(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    emitter = Emitter()
    print("before", end="")
    with emitter.capture_fd():
        os.write(1, b"PlanQK:Job:Result: 1\nunfin")
        emitter.result(3)
    print("PlanQK:Job:InterimResult: 4")
    out = capfdbinary.readouterr().out
    assert out.startswith(b"before")
    marked = [event for event in parse(out) if not isinstance(event, Log)]
    assert [(type(event), getattr(event, "value", 0)) for event in marked] == [
        (Result, 3),
        (InterimResult, 4),
    ]
    assert b"\nunfin\n" in out


def test_a_descriptor_is_captured_once(capfd: pytest.CaptureFixture[str]) -> None:
    emitter = Emitter()
    with emitter.capture_fd():
        with pytest.raises(ValueError, match="file descriptor 1 is captured already"), emitter.capture_fd():
            pytest.fail("captured twice")
        with emitter.capture_fd(2):
            os.write(2, b"an error\n")
    with emitter.capture_fd():
        os.write(1, b"again\n")
    assert sorted(capfd.readouterr().out.split()) == ["again", "an", "error"]


def test_an_exception_ends_the_capture(capfd: pytest.CaptureFixture[str]) -> None:
    emitter = Emitter()
    status = os.fstat(1)

    def body() -> None:
        with emitter.capture_fd():
            os.write(1, b"PlanQK:Job:Result: 1")
            raise LookupError

    with pytest.raises(LookupError):
        body()
    assert os.path.samestat(os.fstat(1), status)
    emitter.log("after")
    assert capfd.readouterr().out == ">PlanQK:Job:Result: 1\nafter\n"


def test_threads_and_a_capture_that_comes_and_goes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    emitter = Emitter()
    big = "x" * 100_000
    errors: list[str] = []

    def print_results(name: int) -> None:
        try:
            for number in range(10):
                emitter.interim_result([name, number, big])
        except Exception:  # noqa: BLE001  # shown below
            errors.append(traceback.format_exc())

    threads = [threading.Thread(target=print_results, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with emitter.capture_fd():
            os.write(1, b"PlanQK:Job:Result: 1\n")
    for thread in threads:
        thread.join()
    assert not errors
    marked = [event for event in parse(capfdbinary.readouterr().out) if not isinstance(event, Log)]
    assert {type(event) for event in marked} == {InterimResult}
    for name in range(4):
        mine = [
            event.value[1] for event in marked if isinstance(event, InterimResult) and event.value[0] == name
        ]
        assert mine == list(range(10))


def test_the_public_names_are_those_of_the_module() -> None:
    assert all(getattr(emit, name).__doc__ for name in emit.__all__)
