"""Work grows with the stream, whatever the chunks: counted in bytes, not in seconds."""

from __future__ import annotations

import io
import os
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from planqk_protocol import Limits, Parser
from planqk_protocol.buffer import Buffer
from planqk_protocol.grammar import load_table
from planqk_protocol.payload.bounds import run_of_digits
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError
from tests.strategies import FENCE, INTERIM, RESULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Meter:
    """Counts, from above, the bytes that a stream costs to parse: those looked at, and those written.

    Looked at: every call of a method of a `bytes`, `str` or `BytesIO` object
    counts the object's whole size, though it may look at the end of it alone;
    every match of the line pattern counts the range it may look at. Written:
    the memory that each call of `feed` takes at its peak, beyond what was taken
    before. Buffering that looks at what it has seen, or copies it, shows at
    once: its count grows with the square of the stream.
    """

    def __init__(self) -> None:
        self.count = 0
        table = load_table()
        self._pattern = table.pattern
        self._table = msgspec.structs.replace(table, pattern=self)

    def match(self, data: bytes, start: int = 0, stop: int = sys.maxsize) -> Any:
        self.count += min(stop, len(data)) - start
        return self._pattern.match(data, start, stop)

    def _profile(self, _: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        owner = getattr(function, "__self__", None)
        if isinstance(owner, bytes | str):
            self.count += len(owner)
        elif isinstance(owner, io.BytesIO) and function.__name__ == "getvalue":
            self.count += owner.getbuffer().nbytes

    def measure(self, chunks: list[bytes], limits: Limits, monkeypatch: pytest.MonkeyPatch) -> int:
        monkeypatch.setattr("planqk_protocol.parser.load_table", lambda: self._table)
        self._look(Parser(limits=limits), chunks)
        self._weigh(Parser(limits=limits), chunks)
        return self.count

    def _look(self, parser: Parser, chunks: list[bytes]) -> None:
        before = sys.getprofile()
        sys.setprofile(self._profile)
        try:
            for chunk in chunks:
                parser.feed(chunk)
            parser.close()
        finally:
            sys.setprofile(before)

    def _weigh(self, parser: Parser, chunks: list[bytes]) -> None:
        tracemalloc.start()
        try:
            for chunk in chunks:
                before, _ = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
                parser.feed(chunk)
                self.count += tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()


SIZES = (2_000, 6_000)
GROWTH = 1.3  # of the cost per byte from the small size to the large one; linear work stays at 1

STREAMS: dict[str, Callable[[int], bytes]] = {
    "long log line": lambda size: b"a" * size,
    "log lines": lambda size: b"log line\n" * (size // 9),
    "blank lines": lambda size: b"\n" * size,
    "invalid UTF-8": lambda size: b"\xff\xfe\n" * (size // 3),
    "result": lambda size: RESULT + b'"' + b"a" * size + b'"\n',
    "interim results": lambda size: (INTERIM + b" 1\n") * (size // 28),
    "block of one line": lambda size: FENCE + b'\n"' + b"a" * size + b'"\n' + FENCE + b"\n",
    "block of many lines": lambda size: FENCE + b"\n[" + b"1,\n" * (size // 3) + b"1]\n" + FENCE + b"\n",
    "block of markers": lambda size: FENCE + b"\n" + (INTERIM + b"\n") * (size // 26) + FENCE + b"\n",
    "open block": lambda size: FENCE + b"\n" + b"body\n" * (size // 5),
    "fence of blanks": lambda size: FENCE + b" " * size,
    "no fence after all": lambda size: FENCE + b" " * size + b"x\n",
    "almost markers": lambda size: b"PlanQK:Job:Resul\n" * (size // 17),
    "oversized": lambda size: RESULT + b"1" * 3 * size,
    "many numbers": lambda size: RESULT + b"[" + b"123456789," * (size // 10) + b"0]\n",
    "too deep": lambda size: RESULT + b"[" * (size // 2) + b"]" * (size // 2) + b"\n",
    "strings with escapes": lambda size: RESULT + b"[" + b'"\\"[",[],' * (size // 9) + b"0]\n",
}


@pytest.mark.rule("chunking", "limit-line", "limit-payload")
@pytest.mark.parametrize("chunk_size", [2, 1000])
@pytest.mark.parametrize("name", STREAMS)
def test_work_is_linear_in_the_stream(name: str, chunk_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(size: int) -> float:
        data = STREAMS[name](size)
        chunks = [data[i : i + chunk_size] for i in range(0, len(data), chunk_size)]
        limits = Limits(max_line=1000, max_payload=size * 2, max_digits=4300)
        return Meter().measure(chunks, limits, monkeypatch) / len(data)

    small, large = map(cost, SIZES)
    assert large < small * GROWTH, "work per byte grows with the stream"


def looks_again(self: Buffer, data: bytes, start: int, stop: int) -> None:
    self._bytes.write(data[start:stop])
    self._size = len(self._bytes.getvalue())


def copies_again(self: Buffer, data: bytes, start: int, stop: int) -> None:
    self._bytes = io.BytesIO(b"".join([self._bytes.getbuffer(), data[start:stop]]))
    self._bytes.seek(0, io.SEEK_END)
    self._size += stop - start


@pytest.mark.parametrize("append", [looks_again, copies_again])
def test_the_meter_sees_quadratic_buffering(append: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Buffer, "append", append)
    counts = []
    for size in SIZES:
        data = STREAMS["result"](size)
        chunks = [data[i : i + 2] for i in range(0, len(data), 2)]
        counts.append(Meter().measure(chunks, Limits(), monkeypatch) / len(data))
    assert counts[1] > counts[0] * GROWTH


@pytest.mark.rule("json-limits")
def test_a_run_of_digits_is_looked_at_once() -> None:
    pattern = run_of_digits(400)
    assert pattern.search(b"[" + b"1" * 400)
    assert not pattern.search(b"[" + b"1" * 399 + b"," + b"1" * 399)
    assert not pattern.search(b"1" * 1000, 1), "a search that begins within the run costs its square"


SLAB = 256 * 1024
PACKAGE = f"{os.sep}planqk_protocol{os.sep}"
PAYLOADS: dict[str, Callable[[int], bytes]] = {
    "flat": lambda size: b"[" + b"1," * (size // 2) + b"1]",
    "backslashes": lambda size: b"[" * 300 + b"\\" * size,
    "escaped backslashes": lambda size: b"[" + b"[]," * 300 + b'"' + b"\\\\" * (size // 2) + b'"]',
    "escaped quotes": lambda size: b"[" + b"[]," * 300 + b'"' + b'\\"' * (size // 2) + b'"]',
    "quotes": lambda size: b"[" * 300 + b'"' * size,
    "empty lists": lambda size: b"[" + b"[]," * (size // 3) + b"1]",
    "nests": lambda size: b"[" + (b"[" * 127 + b"]" * 127 + b",") * (size // 255) + b"1]",
    "brackets in strings": lambda size: b"[" + b'"[",' * (size // 4) + b"1]",
    "too deep at the end": lambda size: b"[]" * (size // 2) + b"[" * 200,
    "closed at first": lambda size: b"]" * (size // 2) + b"[" * size,
    "a constant at the end": lambda size: b"[" + b"1," * (size // 2) + b"NaN]",
    "too large a number at the end": lambda size: b"[" + b"1," * (size // 2) + b"1e999]",
    "a string that does not end": lambda size: b"[" + b'"a",' * (size // 4) + b'"\\u0041',
    "a trailing comma": lambda size: b"[" + b'"a",' * (size // 4) + b"]",
    "extra data": lambda size: b"[" + b"1," * (size // 2) + b"1] x",
    "nothing": lambda size: b" " * size,
    "invalid UTF-8": lambda size: b'"' + b"a" * size + b'\xff"',
    "no integer of many digits": lambda size: b'"' + b"1" * size + b'"',
}


@pytest.mark.rule("json-limits", "total")
@pytest.mark.parametrize("name", PAYLOADS)
def test_no_loop_of_python_goes_over_a_payload(name: str) -> None:
    def steps(size: int) -> int:
        """The lines of Python that a payload takes."""
        count = 0

        def trace(frame: FrameType, what: str, argument: object) -> Any:
            nonlocal count
            del argument
            count += what == "line"
            return trace if PACKAGE in frame.f_code.co_filename else None

        data = PAYLOADS[name](size)
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            PayloadDecoder(Limits()).decode(data)
        except PayloadError:
            pass
        finally:
            sys.settrace(before)
        return count

    # Where a payload is too deep, one slab is looked at token by token: here, the beginning of one.
    small, large = steps(2 * SLAB), steps(4 * SLAB)
    assert large - small < 200, "a loop of Python goes over the bytes"
