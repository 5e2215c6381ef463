"""The recipes that follow a process say the same of a job that was killed."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, blocks

RECIPES = {
    block.line: block.text
    for block in blocks(DOCS / "howto" / "follow-a-process.md")
    if block.language == "python" and "JOB = " in block.text
}
KILLED = """
import os, signal
os.write(1, {printed!r})
os.kill(os.getpid(), signal.SIGKILL)
"""
REASON = "no LF ends it, and the exit code is -9: the rest of it may be missing"
JOBS = {
    "in the middle of a result": (b"PlanQK:Job:Result: 12", f"FAILED 12 {REASON}"),
    "in the middle of a fence's line": (
        b"PlanQK:Job:MultilineResult\n1\nPlanQK:Job:MultilineResult",
        f"FAILED 1 {REASON}",
    ),
    "in the middle of an interim result": (
        b"PlanQK:Job:Result: 1\nPlanQK:Job:InterimResult: 12",
        "FAILED 1 None",
    ),
    "in the middle of its JSON": (b'PlanQK:Job:Result: {"sum"', "FAILED None None"),
    "after its result": (b"PlanQK:Job:Result: 12\nx", "FAILED 12 None"),
    "at once": (b"", "FAILED None None"),
}


def test_there_are_two_recipes() -> None:
    assert ["asyncio" in text for text in RECIPES.values()] == [False, True]


@pytest.mark.parametrize("line", RECIPES)
@pytest.mark.parametrize(("printed", "verdict"), JOBS.values(), ids=JOBS)
def test_a_job_that_is_killed(
    line: int, printed: bytes, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job = f"JOB = {KILLED.format(printed=printed)!r}\n"
    recipe = re.sub(r'JOB = """.*?"""\n', lambda _: job, RECIPES[line], flags=re.DOTALL)
    assert job in recipe
    exec(compile(recipe, f"follow-a-process.md:{line}", "exec"), {"__name__": "__main__"})  # noqa: S102  # our own documentation
    assert capsys.readouterr().out.splitlines()[-1] == verdict
