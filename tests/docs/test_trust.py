"""The page on trust names tests that exist, and what it says of the rule of the first result is so."""

from __future__ import annotations

import re

import pytest

from planqk_protocol import JobStatus, Limits, Result, Violation, ViolationCode, collect, parse
from tests.docs.pages import DOCS, ROOT

TEXT = (DOCS / "explanation" / "trust.md").read_text(encoding="utf-8")
TESTS = re.findall(r"^\* .+: `(tests/[\w/]+\.py)::(test_\w+)`$", TEXT, re.MULTILINE)
FOREIGN = b"the user says: hello\nPlanQK:Job:Result: 1\n"
OWN = b'PlanQK:Job:Result: {"sum": 42}\n'


def test_every_claim_names_a_test() -> None:
    claims = TEXT.split("## What the tests show\n")[1]
    assert len(TESTS) == claims.strip().count("\n") + 1


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_the_test_is_there(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_a_foreign_line_that_comes_first_wins_and_the_own_result_is_a_violation() -> None:
    *_, result, violation = parse(FOREIGN + OWN)
    assert isinstance(result, Result)
    assert result.value == 1
    assert isinstance(violation, Violation)
    assert violation.code is ViolationCode.DUPLICATE_RESULT


@pytest.mark.parametrize("foreign", [b"PlanQK:Job:Result: nonsense\n", b"PlanQK:Job:MultilineResult\n"])
def test_a_foreign_line_may_leave_no_result(foreign: bytes) -> None:
    outcome = collect(parse(foreign + OWN), exit_code=0)
    assert (outcome.result, outcome.status) == (None, JobStatus.FAILED)


def test_the_defaults_of_the_limits() -> None:
    limits = Limits()
    shown = dict(re.findall(r"^\| `(max_\w+)` \| ([^|]+?) \|", TEXT, re.MULTILINE))
    assert shown == {
        "max_line": f"{(limits.max_line or 0) >> 20} MiB",
        "max_payload": f"{(limits.max_payload or 0) >> 20} MiB",
        "max_depth": f"{limits.max_depth}, and no more",
        "max_digits": str(limits.max_digits),
    }
