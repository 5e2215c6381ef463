"""Exit code and events give a status, in the words of the Service API."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import (
    Collector,
    Event,
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
from tests.strategies import FENCE, INTERIM, RESULT, all_limits, streams

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


@given(streams, all_limits, st.sampled_from([None, 0, 1]), st.booleans(), st.booleans())
def test_a_collector_gives_what_collect_gives_event_by_event(
    data: bytes, limits: Limits, exit_code: int | None, closed: bool, cut_off: bool
) -> None:
    collector = Collector()
    so_far: list[Event] = []
    for event in parse(data, limits=limits):
        collector.add(event)
        so_far.append(event)
        assert collector.outcome(closed=False) == collect(so_far, closed=False)
        collector = pickle.loads(pickle.dumps(copy.copy(collector)))  # noqa: S301  # our own bytes
    outcome = collector.outcome(exit_code=exit_code, closed=closed, cut_off=cut_off)
    assert outcome == collect(so_far, exit_code=exit_code, closed=closed, cut_off=cut_off)
    assert outcome.violation_count == len(outcome.violations)


@given(streams, all_limits, st.integers(0, 3))
def test_a_bounded_collector_keeps_the_last_interim_result_and_the_first_violations(
    data: bytes, limits: Limits, most: int
) -> None:
    events = parse(data, limits=limits)
    whole = collect(events)
    collector = Collector(keep_interim="last", max_violations=most)
    for event in events:
        collector.add(event)
    bounded = collector.outcome()
    assert bounded.interim_results == whole.interim_results[-1:]
    assert bounded.violations[:most] == whole.violations[:most]
    assert set(map(id, bounded.violations[most:])) <= {id(bounded.reason)}
    assert bounded.violation_count == len(whole.violations)
    assert (bounded.result, bounded.reason, bounded.status) == (whole.result, whole.reason, whole.status)
    assert bounded.reason is None or bounded.reason in bounded.violations


def test_a_bounded_collector_does_not_grow() -> None:
    collector = Collector(keep_interim="last", max_violations=5)
    sizes = []
    for _ in range(3):
        for event in parse((INTERIM + b" 1\n" + BAD + b"log\n") * 1000, limits=Limits(max_line=5)):
            collector.add(event)
        sizes.append(len(pickle.dumps(collector)))
    assert sizes[0] == sizes[1] == sizes[2]
    assert collector.outcome().violation_count == 3000


def test_a_bounded_collector_keeps_16_mib_of_violations() -> None:
    mib = 1024 * 1024
    sizes = [20 * mib, 6 * mib, 6 * mib, 6 * mib, 1000]
    small = parse(BAD + BAD_INTERIM * 4)
    events = [
        msgspec.structs.replace(event, raw=bytes(size)) for event, size in zip(small, sizes, strict=True)
    ]
    collector = Collector()
    for event in events:
        collector.add(event)
    outcome = collector.outcome()
    # The one in the slot takes no room from the others, and the third large one has none.
    assert outcome.violations == (*events[:3], events[4])
    assert outcome.violation_count == 5
    assert collect(events).violations == tuple(events)


def test_by_default_a_collector_keeps_a_thousand_violations() -> None:
    collector = Collector()
    for event in parse(BAD * 1001):
        collector.add(event)
    assert (len(collector.outcome().violations), collector.outcome().violation_count) == (1000, 1001)
    assert len(collect(parse(BAD * 1001)).violations) == 1001


def test_a_collector_refuses_other_arguments() -> None:
    with pytest.raises(ValueError, match='keep_interim is \'first\': give "all" or "last"'):
        Collector(keep_interim="first")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_violations is -1: give 0 or more, or None for no limit"):
        Collector(max_violations=-1)


def test_the_repr_of_an_outcome_is_readable() -> None:
    assert repr(collect([])) == "Outcome(status='UNKNOWN')"
    assert repr(collect(parse(GOOD), exit_code=0)) == (
        "Outcome(status='SUCCEEDED', result=Result.of(line=1, payload=b' 1'), exit_code=0)"
    )
    three = repr(collect(parse(INTERIM + b" 1\n") * 3))
    assert three.count("InterimResult.of(line=1, payload=b' 1')") == 3
    assert "…" not in three
    four = repr(collect(parse(INTERIM + b" 1\n") * 1003))
    assert four == three.replace("))", "), …(+1000))")
    failed = repr(collect(parse(BAD + GOOD[:-1]), exit_code=3))
    assert failed.startswith("Outcome(status='FAILED', violations=(Violation(code='invalid-json', ")
    assert "reason=Violation(" in failed
    assert failed.endswith("exit_code=3, violation_count=2)")


def test_every_status_is_given() -> None:
    given_ = {
        collect(parse(BAD), exit_code=exit_code, closed=closed).status
        for exit_code in (None, 0)
        for closed in (True, False)
    } | {collect([], exit_code=0).status, collect([], status=JobStatus.CANCELLED).status}
    assert given_ == set(JobStatus)


@pytest.mark.parametrize("status", JobStatus)
def test_the_status_of_a_platform_takes_the_place_of_the_exit_code(status: JobStatus) -> None:
    """It is what the outcome says, but a job whose result is a violation has not succeeded."""
    good, bad = collect(parse(GOOD), status=status), collect(parse(BAD), status=status)
    assert (good.status, good.exit_code, good.result is None) == (status, None, False)
    assert bad.status is (JobStatus.FAILED if status is JobStatus.SUCCEEDED else status)
    assert bad.reason is not None
    assert collect([], status=status).status is status
    assert collect(parse(GOOD), status=status, closed=False).status is JobStatus.RUNNING


@pytest.mark.parametrize("status", JobStatus)
def test_a_result_without_lf_is_suspect_where_the_platform_says_failed(status: JobStatus) -> None:
    reason = collect(parse(GOOD[:-1]), status=status).suspect_reason
    is_failed = status in {JobStatus.FAILED, JobStatus.CANCELLED}
    cause = f"no LF ends it, and the platform's status is {status}: the rest of it may be missing"
    assert reason == (cause if is_failed else None)


def test_an_exit_code_and_a_status_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="both exit_code and status are given"):
        collect([], exit_code=0, status=JobStatus.SUCCEEDED)
