"""How a job ended, by its exit code or its status."""

from __future__ import annotations

import pytest

from planqk_protocol import JobStatus
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis
from planqk_protocol.diagnosis.ending import Ending


@pytest.mark.parametrize(
    ("exit_code", "status", "has_succeeded", "told_by", "short"),
    [
        (None, None, None, "", ""),
        (0, None, True, "the exit code is 0", "exit code 0"),
        (3, None, False, "the exit code is 3", "exit code 3"),
        (-9, None, False, "the exit code is -9", "exit code -9"),
        (None, JobStatus.SUCCEEDED, True, "the platform's status is SUCCEEDED", "status SUCCEEDED"),
        (3, JobStatus.SUCCEEDED, True, "the platform's status is SUCCEEDED", "status SUCCEEDED"),
        (None, JobStatus.FAILED, False, "the platform's status is FAILED", "status FAILED"),
        (None, JobStatus.CANCELLED, False, "the platform's status is CANCELLED", "status CANCELLED"),
        (None, JobStatus.UNKNOWN, None, "the platform's status is UNKNOWN", "status UNKNOWN"),
    ],
)
def test_endings(
    exit_code: int | None, status: JobStatus | None, *, has_succeeded: bool | None, told_by: str, short: str
) -> None:
    assert Ending.of(exit_code, status)[:3] == (has_succeeded, told_by, short)


def test_why_a_job_gave_no_result() -> None:
    assert Ending.of(3, None).cause == Ending.of(None, JobStatus.FAILED).cause
    assert "killed" in Ending.of(137, None).cause
    assert "cancelled" in Ending.of(None, JobStatus.CANCELLED).cause


@pytest.mark.parametrize("exit_code", [None, 0, -9, 137])
def test_a_job_that_was_ended_has_failed_and_needs_no_memory(exit_code: int | None) -> None:
    ending = Ending.of(exit_code, None, why_ended="it ran longer than 2 s")
    assert ending.has_succeeded is False
    assert ending.cause == "the job was ended before it printed one, because it ran longer than 2 s"
    assert "memory" not in ending.advice
    source, diagnosis = Source("raw"), Diagnosis()
    diagnosis.observe(source.feed(b"PlanQK:Job:Result: 42\n"))
    diagnosis.observe(source.close())
    [found] = diagnosis.close(exit_code=exit_code, why_ended="it ran longer than 2 s")
    assert found.message == (
        "the job gave a result, but it was ended because it ran longer than 2 s, so it counts as failed"
    )
    assert found.advice == ending.advice


def test_a_job_that_was_cancelled_after_its_result_needs_no_other_exit_code() -> None:
    source, diagnosis = Source("raw"), Diagnosis()
    diagnosis.observe(source.feed(b"PlanQK:Job:Result: 42\n"))
    diagnosis.observe(source.close())
    [found] = diagnosis.close(status=JobStatus.CANCELLED)
    assert found.advice == "Run the job again, and let it end."


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (JobStatus.FAILED, ["failed-with-result"]),
        (JobStatus.CANCELLED, ["failed-with-result"]),
        (JobStatus.SUCCEEDED, []),
        (JobStatus.UNKNOWN, []),
    ],
)
def test_the_status_of_a_platform_is_diagnosed(status: JobStatus, rule: list[str]) -> None:
    source, diagnosis = Source("raw"), Diagnosis()
    diagnosis.observe(source.feed(b"PlanQK:Job:Result: 42\n"))
    diagnosis.observe(source.close())
    assert [finding.rule for finding in diagnosis.close(status=status)] == rule
