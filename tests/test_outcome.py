"""Exit code and events give a status, in the words of the Service API."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from strategies import FENCE, INTERIM, RESULT, all_limits, streams

from planqk_protocol import (
    InterimResult,
    JobStatus,
    Limits,
    Log,
    MultilineResult,
    Outcome,
    Result,
    Violation,
    collect,
    parse,
)

GOOD = RESULT + b" 1\n"
BAD = RESULT + b" {'a'}\n"
BAD_INTERIM = INTERIM + b" {'a'}\n"


@pytest.mark.parametrize("data", [b"", b"log\n", GOOD, BAD, BAD_INTERIM, GOOD + BAD])
@pytest.mark.parametrize("exit_code", [None, 0, 1, 137, -9])
def test_status(data: bytes, exit_code: int | None) -> None:
    outcome = collect(parse(data), exit_code=exit_code)
    if exit_code is None:
        assert outcome.status is JobStatus.UNKNOWN
    elif exit_code != 0 or data == BAD:
        assert outcome.status is JobStatus.FAILED
    else:
        assert outcome.status is JobStatus.SUCCEEDED
    assert outcome.exit_code == exit_code
    assert collect(parse(data), exit_code=exit_code, closed=False).status is JobStatus.RUNNING


def test_a_failed_job_keeps_its_result() -> None:
    outcome = collect(parse(GOOD), exit_code=1)
    assert outcome.result
    assert outcome.result.value == 1
    assert outcome.reason is None


@pytest.mark.parametrize("taker", [BAD, FENCE + b"\n" + GOOD, FENCE + b"\nx\n" + FENCE + b"\n" + GOOD])
def test_the_reason_is_the_violation_that_took_the_slot(taker: bytes) -> None:
    outcome = collect(parse(BAD_INTERIM + taker), exit_code=0)
    assert outcome.status is JobStatus.FAILED
    assert outcome.result is None
    assert outcome.reason is outcome.violations[1]


def test_violations_elsewhere_are_no_reason() -> None:
    outcome = collect(parse(BAD_INTERIM + GOOD + BAD), exit_code=0)
    assert [violation.code for violation in outcome.violations] == ["invalid-json", "duplicate-result"]
    assert (outcome.status, outcome.reason) == (JobStatus.SUCCEEDED, None)


def test_what_follows_a_bad_interim_result_counts() -> None:
    outcome = collect(parse(BAD_INTERIM + INTERIM + b" 1\n" + GOOD), exit_code=0)
    assert [interim.value for interim in outcome.interim_results] == [1]
    assert outcome.result
    assert outcome.result.value == 1


@pytest.mark.parametrize("taker", [GOOD, BAD])
@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("suspect", "damaged part of the capture"),
        ("after_loss", "an earlier result may have been among them"),
    ],
)
def test_an_outcome_is_suspect_where_what_took_the_slot_is(taker: bytes, flag: str, reason: str) -> None:
    interim, final = parse(INTERIM + b" 1\n" + taker)
    doubtful = [msgspec.structs.replace(event, **{flag: True}) for event in (interim, final)]
    assert collect([interim, final]).suspect is False
    assert collect([doubtful[0], final]).suspect is False
    assert collect([interim, doubtful[1]]).suspect is True
    assert reason in str(collect([interim, doubtful[1]]).suspect_reason)
    assert collect([]).suspect is False


@pytest.mark.parametrize("data", [RESULT + b" 12", FENCE + b"\n12\n" + FENCE])
@pytest.mark.parametrize(
    ("exit_code", "cut_off", "reason"),
    [
        (None, False, None),
        (0, False, None),
        (137, False, "no LF ends it, and the exit code is 137: the rest of it may be missing"),
        (None, True, "no LF ends it, and the stream was cut off: the rest of it may be missing"),
        (0, True, "no LF ends it, and the stream was cut off: the rest of it may be missing"),
        (1, True, "no LF ends it, and the stream was cut off: the rest of it may be missing"),
    ],
)
def test_a_result_that_no_lf_ends_is_suspect_after_a_failure(
    data: bytes, exit_code: int | None, cut_off: bool, reason: str | None
) -> None:
    outcome = collect(parse(data), exit_code=exit_code, cut_off=cut_off)
    assert outcome.suspect_reason == reason
    assert outcome.suspect is (reason is not None)
    assert outcome.result is not None
    whole = collect(parse(data + b"\n"), exit_code=exit_code, cut_off=cut_off)
    assert whole.suspect_reason is None
    assert whole.status is outcome.status


def test_a_violation_that_no_lf_ends_is_not_suspect() -> None:
    assert collect(parse(BAD[:-1]), exit_code=1, cut_off=True).suspect is False
    assert collect([], exit_code=1, cut_off=True).suspect is False


@given(streams, all_limits)
def test_everything_but_log_text_is_in_the_outcome(data: bytes, limits: Limits) -> None:
    events = parse(data, limits=limits)
    outcome = collect(iter(events))
    assert list(outcome.interim_results) == [e for e in events if isinstance(e, InterimResult)]
    assert list(outcome.violations) == [e for e in events if isinstance(e, Violation)]
    final = [e for e in events if isinstance(e, Result | MultilineResult)]
    assert outcome.result == (final[0] if final else None)
    assert outcome == collect(e for e in events if not isinstance(e, Log))
    assert isinstance(outcome, Outcome)
