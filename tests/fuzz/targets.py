"""What is fuzzed: functions that take any bytes and raise where a property does not hold.

They reuse the properties that the other tests give to Hypothesis, on bytes that
a fuzzer makes up by coverage, or that it once found worth keeping (`corpus/`).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

import pytest
from click.testing import CliRunner

from planqk_protocol import Event, Limits, ViolationCode
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source, StdStream, decoder, detect, formats
from planqk_protocol.captures.prefix_decoder import NANO
from planqk_protocol.cli import sources
from planqk_protocol.cli.app import cli
from planqk_protocol.cli.terminal import escape_controls
from planqk_protocol.engines.stamped_lines import StampedLines
from planqk_protocol.testing.models import MODELS
from tests import test_grammar, test_parser_properties
from tests.captures import test_detection
from tests.captures.feeding import cut, data_of, kinds, merged, run, stamped
from tests.engines import kubelet
from tests.payload import test_decode

__all__ = ["TARGETS"]

_STAMP = re.compile(NANO)
_HEAD = 6  # bytes before the stream, which say how it is read


def _check(property_: Any, *arguments: object) -> None:
    property_.hypothesis.inner_test(*arguments)


def stream(data: bytes) -> None:
    """The parser: the first bytes are limits (0 for none) and places to cut at, the rest is the stream."""
    head, data = data[:_HEAD].ljust(_HEAD, b"\0"), data[_HEAD:]
    line, payload, depth, digits, *places = head
    limits = Limits(
        max_line=line or None,
        max_payload=payload or None,
        max_depth=min(depth, 128),
        max_digits=digits or None,
    )
    properties = test_parser_properties
    for logs in (True, False):
        _check(properties.test_events_do_not_depend_on_chunks, data, limits, places, logs)
    _check(properties.test_every_byte_belongs_to_one_event, data, limits)
    _check(properties.test_events_are_those_of_the_plain_reference, data)
    _check(properties.test_an_event_comes_with_its_last_byte, data)
    _check(properties.test_events_of_a_prefix_are_a_prefix_of_the_events, data, limits, places[0])
    _check(properties.test_at_most_one_result_and_it_is_the_first, data, limits)
    _check(properties.test_pieces_of_a_long_line_are_full_but_for_the_last, data, line or 1)
    _check(properties.test_an_oversized_payload_is_cut_at_the_limit, data, payload or 1)
    _check(properties.test_a_copy_goes_on_where_the_original_was, data, limits, places, copy.copy)
    _check(properties.test_without_logs_all_else_is_the_same, data, limits, places)
    _check(properties.test_line_is_that_of_the_next_byte, data, limits)
    _check(properties.test_places_of_faults_are_where_they_say, data, limits)
    _check(test_grammar.test_lark_and_table_agree_on_any_bytes, data)
    _check(test_grammar.test_payload_literals_say_what_the_grammar_says, data)


def payload(data: bytes) -> None:
    """The verdict on JSON: an independent recogniser and the decoders of the package agree."""
    properties = test_decode.TestVerdict
    case = properties()
    _check(properties.test_the_verdict_is_that_of_an_independent_recogniser, case, data)
    for depth in (0, 2):
        _check(properties.test_verdict_value_and_message_are_the_same_whoever_answers, case, data, depth)


def _named(data: bytes) -> tuple[str, bytes]:
    """The format that the first line names, and the rest; or the format that all of it looks like."""
    name, _, rest = data.partition(b"\n")
    format_id = name.decode(errors="replace")
    return (format_id, rest) if format_id in formats() else (detect(data), data)


def _bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def _events(format_id: str, chunks: Iterable[bytes]) -> tuple[list[Event], list[int | None]]:
    """The events of the standard output in a capture, and their times."""
    source = Source(format_id)
    parts = [source.feed(chunk) for chunk in chunks] + [source.close()]
    times = [time for part in parts for time in part.times_ns]
    return [event for part in parts for event in part.events], times


def capture(data: bytes) -> None:
    """The decoders of captures, and what is made of their output: the first line names the format."""
    format_id, data = _named(data)
    whole = run(decoder(format_id), [[data]])
    expected, times = merged(whole), stamped(whole)
    for pieces in (_bytewise(data), cut(data, [len(data) // 3, len(data) // 2])):
        output = run(decoder(format_id), [pieces])
        assert merged(output) == expected
        assert stamped(output) == times
    for item in whole:
        assert not isinstance(item, CaptureNotice) or 0 <= item.offset <= len(data)
    alone = run(decoder(format_id, stream=StdStream.STDOUT), [[data]])
    assert data_of(merged(alone), "stdout") == data_of(expected, "stdout")

    events, event_times = _events(format_id, [data])
    assert _events(format_id, _bytewise(data)) == (events, event_times)
    assert b"".join(event.raw for event in events) == data_of(expected, "stdout")
    assert len(event_times) == len(events)

    half = len(data) // 2
    files = [data[:half], data[half:]]
    rotated = merged(run(decoder(format_id), [[file] for file in files]))
    assert merged(run(decoder(format_id), [_bytewise(file) for file in files])) == rotated


def container(data: bytes) -> None:
    """From what a container writes to its capture and back; 0x1F parts the writes to either stream."""
    format_id, data = _named(data)
    if _STAMP.search(data):
        return  # on a first line without a time stamp of its own, nobody could tell it from one
    for model in MODELS[format_id]:
        made = model.capture(format_id, list(zip(cycle(model.streams), data.split(b"\x1f"), strict=False)))
        decoded = merged(run(decoder(format_id), [[made.data]]))
        assert data_of(decoded, "stdout") == made.stdout
        assert data_of(decoded, "stderr") == made.stderr
        assert set(kinds(decoded)) <= {NoticeKind.REPAIRED, NoticeKind.REPLACEMENT_CHAR}


def detection(data: bytes) -> None:
    """What a stream is taken for: it begins with a sound record of that format."""
    assert detect(memoryview(data)) == detect(data)
    _check(test_detection.test_what_is_detected_begins_with_a_sound_record, data)


_COMMANDS = (
    ("parse",),
    ("result",),
    ("unwrap",),
    ("parse", "--output", "text"),
    ("parse", "--no-logs"),
    ("result", "--interim"),
    ("result", "--pretty"),
    ("unwrap", "--stream", "both"),
)
_MOST_NOTES = 11 * (len(NoticeKind) + len(ViolationCode) + 2) + 6


def command(data: bytes) -> None:
    """Commands that read standard input: the first bytes say which one, and how much is read at once."""
    which, size, data = data[:1] or b"\0", data[1:2] or b"\0", data[2:]
    arguments = _COMMANDS[which[0] % len(_COMMANDS)]
    whole = CliRunner().invoke(cli, arguments, input=data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "_CHUNK", size[0] + 1)
        cut_up = CliRunner().invoke(cli, arguments, input=data)
    assert isinstance(whole.exception, SystemExit | None), whole.exc_info
    assert whole.exit_code in {0, 1, 2}
    assert whole.stderr.count("\n") <= _MOST_NOTES
    assert max(map(len, whole.stderr.splitlines()), default=0) < 1000
    assert escape_controls(whole.stderr) == whole.stderr
    assert (cut_up.stdout_bytes, cut_up.exit_code) == (whole.stdout_bytes, whole.exit_code)
    # What is said of a chunk's events comes after what is said of its records.
    assert sorted(cut_up.stderr.splitlines()) == sorted(whole.stderr.splitlines())


def resume(data: bytes) -> None:
    """A log over connections that break: the first bytes say where, 0x1F parts the pieces of the log.

    A byte before each piece says how many seconds after the one before it was printed.
    """
    cuts, data = data[:_HEAD], data[_HEAD:]
    pieces, time = [], 1_714_557_600_000_000_000
    for item in data.split(b"\x1f"):
        time += item[0] % 16 * 1_000_000_000 + 1 if item else 0
        first, lf, _ = item[1:].partition(b"\n")
        pieces += [kubelet.Piece(time, first + lf)] if first + lf else []
    log = StampedLines(is_exact=True)
    new = []
    for number, size in enumerate(cuts):
        there = pieces[: len(pieces) * (number + 1) // len(cuts)]
        new += log.feed(kubelet.sent(there, log.restart())[:size]) + log.end()
    new += log.feed(kubelet.sent(pieces, log.restart())) + log.end() + log.close()
    assert b"".join(piece for piece in new if isinstance(piece, bytes)) == kubelet.text(pieces)
    assert all(isinstance(piece, bytes) for piece in new)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (stream, payload, capture, container, detection, command, resume)
}
"""The functions by their names, which are those of the folders in `corpus/`."""
