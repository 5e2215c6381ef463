"""Findings where bytes may be lost: they do not blame the job."""

from __future__ import annotations

import msgspec
import pytest

from planqk_protocol import Violation, parse
from planqk_protocol.diagnosis import diagnose
from planqk_protocol.diagnosis.violations import violation_finding


@pytest.mark.parametrize(
    ("data", "is_suspect", "may_be_right"),
    [
        (b'PlanQK:Job:Result: {"a": ', False, True),
        (b'PlanQK:Job:Result: {"a": \n', False, False),
        (b"PlanQK:Job:Result: {'a': 1}", False, False),
        (b"PlanQK:Job:Result: {'a': 1}\n", True, True),
    ],
)
def test_the_job_is_not_blamed_where_bytes_may_be_missing(
    data: bytes, is_suspect: bool, may_be_right: bool
) -> None:
    [violation] = parse(data)
    assert isinstance(violation, Violation)
    found = violation_finding(msgspec.structs.replace(violation, suspect=is_suspect), 0)
    assert ("Bytes may be missing" in found.advice) == may_be_right


LINE = b'PlanQK:Job:Result: {"v": "' + b"a" * 30_000 + b'"}'
PIECE = b"2024-05-01T10:00:00Z stdout P " + LINE[:16384] + b"\n"


@pytest.mark.parametrize(
    ("capture", "data", "rules"),
    [
        ("cri", PIECE[:-200], ["json-truncated", "capture-truncated", "no-result"]),
        ("cri", PIECE, ["json-truncated", "no-result"]),  # between two pieces of a line
        (
            "docker-mux",
            b"\1\0\0\0\0\0\x80\0" + LINE[:20000],
            ["json-truncated", "capture-truncated", "no-result"],
        ),
    ],
)
def test_a_capture_that_is_cut_within_the_result(capture: str, data: bytes, rules: list[str]) -> None:
    found = diagnose(data, capture=capture)
    assert [finding.rule for finding in found] == rules
    assert all("once more" in finding.advice for finding in found)
