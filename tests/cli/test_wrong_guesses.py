"""A job may print what looks like a capture: no marker of it is lost without a word on how to read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.inputs import detection
from tests.cli.harness import invoke

if TYPE_CHECKING:
    from click.testing import Result

STAMP = b"2024-05-01T10:00:00.000000001Z "
CURSOR = b"__CURSOR=s=%032x;i=1f;b=%032x;m=1;t=1;x=1\n" % (1, 2)
TIMES = b"__REALTIME_TIMESTAMP=1\n__MONOTONIC_TIMESTAMP=1\n"
RESULT = b"PlanQK:Job:Result: 42\n"

FRAGMENTS = st.sampled_from(
    [
        *(b"log\n", b"\n", b"\0", b"\xff\n", b"PlanQK:Job:Results: 1\n"),
        *(CURSOR, CURSOR + TIMES, CURSOR + TIMES + b"MESSAGE=a\n\n", b"__CURSOR=abc\n", b"MESSAGE=a\n"),
        *(b"MESSAGE\n\x40\0\0\0\0\0\0\0", CURSOR + TIMES + b"MESSAGE\n\xff\0\0\0\0\0\0\0"),
        *(b"\1\0\0\0\0\0\0\4log\n", b"\2\0\0\0\0\0\0\x40", b"\2\0\0\0\0\0\x10\0", b"\3\0\0\0\0\0\1\0"),
        *(b"\0\0\0\x0b\x0a\x06stdout\x1a\1a\0\0\0\x0b", b"\0\0\1\x21\x0a\x06stderr\x1a\xff"),
        *(STAMP + b"stdout F log\n", STAMP + b"stderr P log\n", STAMP + b"log\n", STAMP + b" log\n"),
        *(b'{"log":"log\\n","stream":"stdout","time":"t"}\n', b'{"log":"a', b'{"log":"a\\n"}\n'),
        *(b'{"MESSAGE":"a","_BOOT_ID":"b","PRIORITY":"6"}\n', b'{"__CURSOR":"a"}\n'),
        *(b"[pod/a/b] log\n", b"job-1  | log\n", b"Attaching to job-1\njob-1 exited with code 0\n"),
    ]
)
BEFORE = st.lists(FRAGMENTS, max_size=4).map(b"".join)
AFTER = st.lists(FRAGMENTS, max_size=2).map(b"".join)


def results_of(outcome: Result) -> list[object]:
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    return [event.get("value") for event in events if event["type"] == "result"]


@pytest.mark.parametrize("is_stored", [False, True])
@given(before=BEFORE, after=AFTER)
def test_a_marker_is_read_or_the_way_to_read_it_is_said(
    tmp_path_factory: pytest.TempPathFactory, is_stored: bool, before: bytes, after: bytes
) -> None:
    starts_a_line = before[-1:] in (b"", b"\n")
    data = before + (b"" if starts_a_line else b"\n") + RESULT + after
    path = tmp_path_factory.getbasetemp() / "wrong-guess.log"
    path.write_bytes(data)
    source: tuple[tuple[str | Path, ...], bytes | None] = ((path,), None) if is_stored else ((), data)
    outcome = invoke("parse", *source[0], stdin=source[1])
    assert results_of(outcome) == [42] or "--capture raw" in outcome.stderr
    outcome = invoke("result", *source[0], stdin=source[1])
    assert outcome.stdout == "42\n" or "--capture raw" in outcome.stderr
    assert results_of(invoke("parse", "--capture", "raw", *source[0], stdin=source[1])) == [42]
    unwrapped = invoke("unwrap", *source[0], stdin=source[1])
    assert RESULT in unwrapped.stdout_bytes or "--capture raw" in unwrapped.stderr


@pytest.mark.parametrize("cursor", [b"__CURSOR=abc\n", b"__CURSOR=\n", b"__CURSOR=s=1;i=2\n"])
def test_a_line_that_begins_like_a_journal_costs_no_result(cursor: bytes) -> None:
    outcome = invoke("result", stdin=cursor + RESULT)
    assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("42\n", "", 0)


PIECES = st.sampled_from([b"Q", b"Q" * 700, b"x" * 900, b"\n", b"PlanQK:Job:", b"\nPlanQK:Job:"])


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_a_marker_after_an_lf_is_found_however_many_letters_mislead(data: bytes) -> None:
    prefix = b"PlanQK:Job:"
    found = data.find(b"\n" + prefix)
    assert detection._marked_line(data, prefix) == (found + 1 if found >= 0 else -1)  # noqa: SLF001
