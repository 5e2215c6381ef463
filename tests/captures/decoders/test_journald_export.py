"""The journal in systemd's export format."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.journald_writer import journald_export
from tests.captures.feeding import chunks_in, decode, kinds, places
from tests.captures.test_journal_entries import OUT_A, entry

ONE = journald_export([entry(b"a")])

BINARY = journald_export([entry(b"\xff")])

TOO_LONG = b"x" * (1024 * 1024 + 5000)

FOUND_A = ("stdout", b"a\n", True)  # after damage, by a search


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
        pytest.param(b"\n\n" + ONE, [OUT_A], [], id="empty lines"),
        pytest.param(ONE.replace(b"MESSAGE=a", b"MESSAGE=a\nMESSAGE=b"), [OUT_A], [], id="repeated field"),
        pytest.param(ONE.replace(b"MESSAGE=a\n", b""), [], [("null-message", 1, 0, "stdout")], id="no text"),
        pytest.param(
            ONE + BINARY.replace(b"\xff\n", b"\xff\xff\n") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length that is too small",
        ),
        pytest.param(
            ONE + BINARY.replace(b"\1\0", b"\5\0") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length that is too large",
        ),
        pytest.param(
            journald_export([entry(b"a", OTHER=b"\n" + TOO_LONG)]).replace(b"x\n", b"xx\n") + ONE,
            [FOUND_A],
            [("corrupt", 1, 0, "unknown")],
            id="a large length that is too small",
        ),
        pytest.param(
            ONE + BINARY.replace(b"\1\0\0\0\0", b"\1\0\0\0\1") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length beyond all bounds",
        ),
        pytest.param(
            ONE[12:],
            [OUT_A],
            [("corrupt", 1, 0, "unknown")],
            id="beginning of an entry missing",
        ),
        pytest.param(
            journald_export([entry(b"\n" + TOO_LONG)])[:-1] + b"lower=x\n\n" + ONE,
            [FOUND_A],
            [("oversize", 1, 0, "unknown"), ("corrupt", 1, 0, "unknown")],
            id="no entry after a long text",
        ),
        pytest.param(
            ONE + b"lower=x\n" + ONE, [OUT_A, FOUND_A], [("corrupt", 2, len(ONE), "unknown")], id="no entry"
        ),
        pytest.param(
            ONE + b"lower=x\nY=z\n\n" + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="no entry, ended",
        ),
        pytest.param(
            ONE.replace(b"CONTAINER_ID_FULL=", b"\0" * 18) + ONE,
            [FOUND_A],
            [("nul-run", 1, 0, "unknown")],
            id="NULs in an entry",
        ),
        pytest.param(
            b"\0\0" + ONE + ONE, [FOUND_A], [("nul-run", 1, 0, "unknown")], id="NULs before an entry"
        ),
        pytest.param(ONE[:-1] + ONE, [OUT_A], [("torn", 1, 0, "unknown")], id="torn between two fields"),
        *(
            pytest.param(
                ONE + ONE[:at] + ONE + ONE,
                [OUT_A, FOUND_A],
                [("torn", 2, len(ONE), "unknown")],
                id=f"torn within a field, at {at}",
            )
            for at in (len(b"__CURSOR=s"), ONE.index(b"PRIORITY") + 3, ONE.index(b"MESSAGE") + 8)
        ),
        pytest.param(ONE + ONE[:-1], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated"),
        pytest.param(
            ONE + ONE[:5], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a name"
        ),
        pytest.param(
            ONE + BINARY[:-3], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a value"
        ),
        pytest.param(
            ONE + BINARY[:-7], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a length"
        ),
        pytest.param(
            ONE + b"lower=x\nY", [OUT_A], [("corrupt", 2, len(ONE), "unknown")], id="no entry at the end"
        ),
        pytest.param(
            ONE + TOO_LONG + b"\nY=z\n" + TOO_LONG + b"\n\n" + ONE,
            [OUT_A, FOUND_A],
            [("oversize", 2, len(ONE), "unknown")],
            id="long line",
        ),
        pytest.param(
            ONE + TOO_LONG, [OUT_A], [("oversize", 2, len(ONE), "unknown")], id="long line at the end"
        ),
        pytest.param(
            journald_export([entry(b"a"), entry(b"\n" + TOO_LONG), entry(b"a")]),
            [OUT_A, OUT_A],
            [("oversize", 2, len(ONE), "unknown")],
            id="long text",
        ),
        pytest.param(
            journald_export([entry(b"a", OTHER=b"\n" + TOO_LONG)]),
            [OUT_A],
            [],
            id="long value of no interest",
        ),
    ],
)
def test_export(capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode("journald-export", capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_the_next_file_begins_with_an_entry() -> None:
    assert kinds(decode("journald-export", ONE[:-1], ONE, b"lower\n", ONE)) == ["truncated", "corrupt"]


def test_a_text_after_damage_forges_no_entry() -> None:
    """Any program of the host can write a text of several lines, and what looks like two entries in it."""
    forged = journald_export([entry(b"a"), entry(b"PlanQK:Job:Result: 666")])
    text = journald_export([{"__CURSOR": b"s", "MESSAGE": b"x\n" + forged}])
    torn = text.replace(b"MESSAGE\n", b"MESSAGE\n\xff\xff\xff\xff")
    output = decoder("journald-export").feed(torn + ONE)
    chunks = [item for item in output if isinstance(item, Chunk)]
    assert [(chunk.data, chunk.suspect) for chunk in chunks] == [(b"a\nPlanQK:Job:Result: 666\na\n", True)]
