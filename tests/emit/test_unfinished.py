"""Log text never completes a marked line that somebody else left unfinished."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Log, Violation, parse
from planqk_protocol.emit.unfinished import fresh_log_line, may_complete
from tests.strategies import FENCE, INTERIM, RESULT, json_values
from tests.strategies import cut as cut_at

MARKED = [RESULT, INTERIM, INTERIM[:-1]]
texts = st.sampled_from(
    [
        '{"a": 1}',
        '["\\"x\\\\", "}"]',
        "true",
        "false",
        "null",
        "-1.5e+300",
        '"\\u00e4ä"',
        "[1, [], {}]",
        " 1 ",
    ]
) | json_values.map(json.dumps)


def results(data: bytes) -> list[object]:
    return [event for event in parse(data) if not isinstance(event, Log | Violation)]


@given(st.sampled_from(MARKED), texts, st.integers(0, 10_000))
def test_the_rest_of_a_marked_line_is_put_on_a_fresh_line(marker: bytes, text: str, place: int) -> None:
    marked = marker + b" " + text.encode()
    beginning, rest = cut_at(marked, [place])
    if beginning:  # else the line is not unfinished
        printed = fresh_log_line(rest.decode(errors="surrogateescape"))
        assert results(beginning + printed) == results(beginning + b"\n")


@given(st.sampled_from(MARKED), st.text(), st.text() | texts)
@example(RESULT, ' "', 'a"')
@example(RESULT, ' "\\', '""')
@example(RESULT, " tr", "ue")
@example(RESULT, "", "42\nmore")
def test_log_text_adds_no_result(marker: bytes, beginning: str, text: str) -> None:
    unfinished = marker + beginning.replace("\n", "").encode(errors="replace")
    assert results(unfinished + fresh_log_line(text)) in ([], results(unfinished + b"\n"))


@pytest.mark.parametrize("size", range(1, len(FENCE) + 1))
@pytest.mark.parametrize("blanks", ["", " ", "\t\r"])
def test_a_fence_is_not_completed(size: int, blanks: str) -> None:
    printed = fresh_log_line(FENCE[size:].decode() + blanks)
    closed = b"{}\n" + FENCE + b"\n"
    assert results(FENCE[:size] + printed + closed) == results(FENCE[:size] + b"\n" + printed[1:] + closed)
    assert printed.startswith(b"\n")


@pytest.mark.parametrize("marker", MARKED)
def test_no_marker_is_completed(marker: bytes) -> None:
    for size in range(1, len(marker)):
        printed = fresh_log_line(marker[size:].decode() + ' {"a": "b"}')
        assert printed.startswith(b"\n"), size
        assert not results(marker[:size] + printed)


@pytest.mark.parametrize(
    "line",
    [
        "reading input",
        "step 42",
        "400 of 1000 iterations",
        "2024-05-01T10:00:00Z INFO done",
        'he said "yes"',
        "values [1, 2]",
        "cost = 871.5",
        "Traceback (most recent call last):",
        "    raise ValueError",
        "50 %",
        "the result is true",
    ],
)
def test_a_sentence_needs_no_empty_line(line: str) -> None:
    assert fresh_log_line(line) == line.encode() + b"\n"


@pytest.mark.parametrize("line", ["", " ", "42", "{}", "null", '"x"', 'x"', "ull", "---", "Result: 1"])
def test_what_could_complete_a_line_begins_with_an_lf(line: str) -> None:
    assert fresh_log_line(line) == b"\n" + line.encode() + b"\n"


def test_only_the_first_line_matters() -> None:
    assert fresh_log_line("done\n42") == b"done\n42\n"
    assert fresh_log_line("42\ndone") == b"\n42\ndone\n"


@pytest.mark.parametrize("part", [b'"', b"\\", b'\\"', b"1", b" ", b"true", b'"a"', b"t", b"e", b"Result:"])
def test_the_time_is_proportional_to_the_length(part: bytes) -> None:
    def seconds(size: int) -> float:
        begin = time.thread_time()
        may_complete(part * size + b"!")
        return time.thread_time() - begin

    assert min(seconds(200_000) for _ in range(5)) < 60 * min(seconds(20_000) for _ in range(5)) + 0.001
