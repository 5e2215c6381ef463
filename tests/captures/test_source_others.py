"""What a capture holds besides stdout of the container: it never touches the events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import (
    MultilineResult,
    Result,
    parse,
)
from planqk_protocol.captures import Source
from planqk_protocol.testing import KnownCapture, captures, engine_writers, journald_writer
from tests.captures.source_cases import BLOCK, CRI, RESULT, cri, read, shown


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
            id="an entry of another container after an unterminated line",
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
def test_entries_of_others_change_no_event(printed: KnownCapture, data: st.DataObject) -> None:
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


def test_a_result_after_stamps_of_the_job_is_read() -> None:
    log = b"[pod/a/b] 2024-05-01T10:00:00.000000001Z starting\n"
    events, kinds = read(log + b"[pod/a/b] " + RESULT + log, "kubectl-logs", logs=False)
    assert (shown(events), kinds) == ([("Result", 2, True)], ["corrupt"])
