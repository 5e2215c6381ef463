"""The figures of "Why not thirty lines": its loops are put to the vectors, to captures and to a long line."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import tracemalloc
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any, TextIO

import pytest

from planqk_protocol import Limits, Parser, Result
from planqk_protocol.captures import Source, formats
from planqk_protocol.conformance.comparison import Profile
from planqk_protocol.conformance.decoders import Case, run_case
from planqk_protocol.conformance.grading import Grade, grade_records
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import Vector, load_vectors
from planqk_protocol.diagnosis import RULES
from planqk_protocol.testing.models import MODELS
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "explanation" / "thirty-lines.md"
TEXT = PAGE.read_text(encoding="utf-8")
LOOPS = dict(
    zip(
        ("The short loop", "The careful loop"),
        (block.text for block in blocks(PAGE) if block.language == "py"),
        strict=True,
    )
)
CAREFUL = LOOPS["The careful loop"]
RESULTS_ONLY = DOCS / "examples" / "adapters" / "results_only.py"
VECTORS = [vector for vector in load_vectors() if vector.group == "must" and not vector.limits]
LONG_LINE = 1 << 24
KIB, MIB = 1 << 10, 1 << 20


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without their first lines."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [line for line in lines if line[0] not in {"---", "Loop", "What is wrong", "Format"}]


@cache
def compiled(program: str) -> CodeType:
    return compile(program, str(PAGE), "exec")


def printed(program: str, data: bytes) -> bytes:
    """What a loop prints of a stream, until it ends or fails."""

    def opened(file: int, **how: Any) -> TextIO:
        assert file == 0
        return io.TextIOWrapper(io.BytesIO(data), **how)

    output = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(output),
        contextlib.suppress(ValueError, RecursionError),
    ):
        patch.setattr(sys, "argv", ["loop.py"])
        exec(compiled(program), {"__name__": "__main__", "open": opened})  # noqa: S102  # our own documentation
    return output.getvalue().encode()


def is_right(vector: Vector, program: str) -> bool:
    answer = Answer(output=printed(program, vector.data()), errors="", exit_code=0)
    grade, _ = grade_records(answer, vector.records(), profile=Profile.RESULTS, may_decline=False)
    return grade is Grade.PASSED


@cache
def wrong(name: str) -> list[Vector]:
    """The vectors whose results a loop gets wrong."""
    return [vector for vector in VECTORS if not is_right(vector, LOOPS[name])]


@pytest.mark.parametrize("name", LOOPS)
def test_the_share_of_right_results(name: str) -> None:
    right = len(VECTORS) - len(wrong(name))
    assert [name, str(right), f"{right / len(VECTORS):.0%}".replace("%", " %")] in rows(
        "On clean standard output"
    )


def test_the_share_of_the_loop_that_the_kit_passes() -> None:  # test_adapters.py shows that it does
    assert ["`results_only.py`", str(len(VECTORS)), "100 %"] in rows("On clean standard output")
    assert f"The kit has {len(VECTORS)} vectors" in TEXT
    assert f"| Loop | Right | Of {len(VECTORS)} |" in TEXT


def test_what_is_wrong_with_the_careful_loop() -> None:
    ids = {vector.id for vector in wrong("The careful loop")}
    groups = (
        r"json/.*(nan|infinity).*|json-values/not-a-surrogate",
        r".*/(invalid-utf-8|encoded-surrogate|overlong(-forms)?|utf-8-(cut-short|broken|out-of-range))",
        r"json-values/(?!not-).*",
        r"fence-line/.*",
    )
    counts = [sum(bool(re.fullmatch(group, id_)) for id_ in ids) for group in groups]
    assert [row[1] for row in rows("On clean standard output")[3:]] == [str(count) for count in counts]
    assert sum(counts) == len(ids)
    assert f"The careful loop is wrong in {len(ids)} vectors" in TEXT


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_the_kit_agrees(name: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", LOOPS[name]]
    some = VECTORS[::20] + wrong(name)[::5]
    graded = [run_case(Case(vector, "whole"), command, 60, Profile.RESULTS) for vector in some]
    assert [case.grade is Grade.PASSED for case in graded] == [vector not in wrong(name) for vector in some]


VALUES = {"short": {"sum": 42}, "long": list(range(10_000))}


def capture(format_id: str, value: object) -> Iterator[bytes]:
    """Captures of a log with a result, by each model of an engine."""
    text = f"PlanQK:Job:Result: {json.dumps(value)}\n".encode()
    writes = [("stdout", line) for line in (b"starting\n", text, b"done\n")]
    for model in MODELS[format_id]:
        yield model.capture(format_id, writes).data


@pytest.mark.parametrize("format_id", formats())
@pytest.mark.parametrize("length", VALUES)
def test_what_is_found_in_captures(format_id: str, length: str) -> None:
    [row] = [row for row in rows("In captured logs") if row[0] == f"`{format_id}`"]
    cell = row[1 + list(VALUES).index(length)]
    record = {"type": "result", "value": VALUES[length]}
    for data in capture(format_id, VALUES[length]):
        found = [json.loads(line) for line in printed(CAREFUL, data).splitlines()]
        assert (found == [record]) == (cell == "found")
        source = Source(format_id)
        events = source.feed(data).events + source.close().events
        assert [event.value for event in events if isinstance(event, Result)] == [VALUES[length]]


def test_the_table_has_all_formats_and_the_length() -> None:
    assert {row[0] for row in rows("In captured logs")} == {f"`{id_}`" for id_ in formats()}
    assert f"one of {len(json.dumps(VALUES['long'])) // 1000} KB" in TEXT


def test_memory_for_a_line_without_end() -> None:
    data = b"x" * LONG_LINE
    limits = Limits(max_line=64 * KIB, max_payload=64 * KIB)
    parser = Parser(limits=limits)
    tracemalloc.start()
    try:
        for start in range(0, LONG_LINE, 64 * KIB):
            assert parser.feed(data[start : start + 64 * KIB]) or start == 0
        parser.close()
        assert tracemalloc.get_traced_memory()[1] < MIB
        tracemalloc.reset_peak()
        printed(CAREFUL, data)
        assert tracemalloc.get_traced_memory()[1] > LONG_LINE
    finally:
        tracemalloc.stop()


def test_nesting_ends_the_careful_loop() -> None:
    deep = b"PlanQK:Job:InterimResult: " + b"[" * 100_000 + b"\n"
    after = b"PlanQK:Job:InterimResult: 1\n"
    assert printed(CAREFUL, after)
    assert printed(CAREFUL, deep + after) == b""


def test_the_other_promises_of_the_page() -> None:
    assert "more\n  than 70 [rules]" in TEXT
    assert len(RULES) > 70
    log = b"\xff\nPlanQK:Job:InterimResult: 1\n"
    assert printed(CAREFUL, log)
    assert printed(CAREFUL.replace(', errors="replace"', ""), log) == b""
    bar = b"10 %\rPlanQK:Job:InterimResult: 1\n"
    assert printed(CAREFUL, bar) == b""
    assert printed(CAREFUL.replace(r', newline="\n"', ""), bar)
    assert len(RESULTS_ONLY.read_text(encoding="utf-8").splitlines()) < 50
