"""Parsers, sources, decoders and collectors are pickled at any byte, with the number of their format."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planqk_protocol import Collector, Limits, Parser, StateFormatError, parse, state
from planqk_protocol.buffer import Buffer
from planqk_protocol.captures import Captured, Source, decoder, formats
from planqk_protocol.testing import KnownCapture, captures
from tests.strategies import FENCE, INTERIM, RESULT

STREAM = b"log\r\n" + INTERIM + b" 1\n" + FENCE + b"\n[2]\n" + FENCE + b"\n" + RESULT + b" 3\n" + RESULT
IDS = sorted(formats())

# The formats that this package has had. A change of any attribute changes the print: raise
# STATE_FORMAT then, and add a line. (Only a released format needs a line of its own.)
PRINTS = {1: "5834096eec03dcd1"}


def resumables() -> dict[str, Any]:
    """One of each kind that can be pickled."""
    kinds: dict[str, Any] = {"parser": Parser(), "collector": Collector(), "source": Source("raw")}
    return kinds | {format_id: decoder(format_id) for format_id in IDS}


def shape(item: object) -> Iterator[str]:
    """The names of the attributes and of the types of what an object holds."""
    yield type(item).__qualname__
    if isinstance(item, Buffer | msgspec.Struct):
        return  # pickled by their constructors
    for name, value in sorted(vars(item).items()) if hasattr(item, "__dict__") else ():
        yield name
        yield from shape(getattr(value, "__self__", None) if callable(value) else value)


def test_a_changed_state_has_a_new_number() -> None:
    text = "\n".join(part for name, item in sorted(resumables().items()) for part in (name, *shape(item)))
    found = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert PRINTS[state.STATE_FORMAT] == found, "the state has changed: see above PRINTS"
    assert max(PRINTS) == state.STATE_FORMAT


@pytest.mark.parametrize("name", sorted(resumables()))
@pytest.mark.parametrize("number", [0, 2, 99])
def test_another_format_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    item = resumables()[name]
    monkeypatch.setattr(state, "STATE_FORMAT", number)
    saved = pickle.dumps(item)
    monkeypatch.undo()
    message = (
        rf"^the pickle is of another version of planqk_protocol: its state has the format {number}, "
        r"and this version reads the format 1; read the stream again from its beginning$"
    )
    with pytest.raises(StateFormatError, match=message):
        pickle.loads(saved)  # noqa: S301  # our own bytes


def test_the_number_is_looked_at_before_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "STATE_FORMAT", 2)
    saved = pickle.dumps(Source("cri"), protocol=0)
    monkeypatch.undo()
    moved = saved.replace(b"planqk_protocol.captures", b"planqk_protocol.nowhere")
    with pytest.raises(StateFormatError):
        pickle.loads(moved)  # noqa: S301  # our own bytes


def pickled(parser: Parser) -> Parser:
    other: Parser = pickle.loads(pickle.dumps(parser))  # noqa: S301  # our own bytes
    return other


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_parser_goes_on_at_any_byte(copied: Callable[[Parser], Parser]) -> None:
    parser, events = Parser(limits=Limits(max_line=3)), []
    for byte in STREAM:
        parser = copied(parser)
        events += parser.feed(bytes([byte]))
    assert events + parser.close() == parse(STREAM, limits=Limits(max_line=3))


@pytest.mark.parametrize("format_id", IDS)
@settings(max_examples=20)
@given(st.data())
def test_a_source_goes_on_at_any_byte(format_id: str, data: st.DataObject) -> None:
    capture: KnownCapture = data.draw(captures(format_id))
    whole = Source(format_id)
    expected = [whole.feed(capture.data), whole.close()]
    places = data.draw(st.sets(st.integers(0, len(capture.data)), max_size=5))
    source, found = Source(format_id), []
    file, at = BytesIO(capture.data), 0
    for place in [*sorted(places), len(capture.data)]:
        found.append(source.feed(file.read(place - at)))
        at = place
        left = source
        source = pickle.loads(pickle.dumps(copy.copy(source)))  # noqa: S301  # our own bytes
        left.feed(b"\0other bytes\n")
    found.append(source.close())
    assert flat(found) == flat(expected)
    assert source.result == whole.result


def flat(parts: list[Captured]) -> tuple[list[object], list[object], list[object]]:
    return (
        [event for part in parts for event in part.events],
        [notice for part in parts for notice in part.notices],
        [time for part in parts for time in part.times],
    )
