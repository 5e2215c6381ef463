"""The platform's own result of an execution, or its reason why there is none."""

from __future__ import annotations

import pytest

from planqk_protocol import Result, collect
from planqk_protocol.captures import Source
from planqk_protocol.engines import EngineError, planqk
from tests.engines.small_platform import ID, Answer, Clock, Platform, entries, problem

Here = tuple[Platform, str]
FEW_TRIES = 4


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (problem(404), None),
        (problem(404, {"title": "Not Found", "status": 404}), None),
        (problem(404, {"title": "Not Found", "detail": "killed"}), "killed"),
        (problem(400, {"title": "Out of memory"}), "Out of memory"),
        (problem(422, {"title": "Bad", "detail": "exit code 137"}), "exit code 137"),
        (problem(200, {"title": "Bad", "detail": "exit code 137"}), "exit code 137"),
        (problem(200, {"sum": 42}), None),
        (problem(200, {"title": 1}), None),
        (problem(200, {"title": ""}), None),
        (problem(200, {"title": "My chart", "detail": "x", "sum": 1}), None),
        (problem(200, {"detail": "x", "_links": {}}), None),
        (problem(200, [1]), None),
        (problem(404, {"title": "Not Found", "detail": "Not Found"}), None),
        (problem(403, {"title": "Forbidden", "detail": "no"}), None),
        (problem(409, {"title": "Conflict", "detail": "killed"}), "killed"),
        (problem(500, {"title": "Error", "detail": "killed"}), "killed"),
        (problem(400, {"title": "Bad Request", "detail": " "}), None),
        (Answer(403, b"<html>"), None),
        (Answer(200, b""), None),
        (Answer(200, b"{"), None),
    ],
)
@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_the_platforms_reason(platform: Here, answer: Answer, reason: str | None, status: str) -> None:
    server, endpoint = platform
    server.statuses, server.no_result = [status], answer
    with planqk.follow(endpoint, ID) as output:
        list(output)
        server.faults = [Answer(503)]  # it may pass
        assert output.reason() == reason
        server.faults = [Answer(503)] * 99
        with pytest.raises(EngineError, match="503; gave up after 4 tries"):
            output.reason()
    assert server.requests.count("result") == 2 + FEW_TRIES


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_problem_of_the_request_or_of_a_gateway_is_no_reason(platform: Here, status: int) -> None:
    server, endpoint = platform
    server.statuses, server.no_result = ["FAILED"], problem(status, {"detail": "too busy"})
    with planqk.follow(endpoint, ID) as output:
        list(output)
        with pytest.raises(EngineError, match=str(status)):
            output.reason()


@pytest.mark.parametrize("body", [b"{'a': 1}", b"[1, 2]", b"42", b"\xff"])
def test_any_answer_is_taken_as_it_is(platform: Here, body: bytes) -> None:
    """The client's model takes objects only."""
    server, endpoint = platform
    server.statuses, server.no_result = ["SUCCEEDED"], Answer(200, body)
    with planqk.follow(endpoint, ID) as output:
        list(output)
        assert output.result() == body
    assert server.requests.count("result") == 1


def test_a_result_that_cannot_be_asked_for_is_given_up_soon(platform: Here) -> None:
    server, endpoint = platform
    server.statuses, server.no_result = ["SUCCEEDED"], problem(500)
    with planqk.follow(endpoint, ID) as output:
        list(output)
        with pytest.raises(EngineError, match="500; gave up after 4 tries"):
            output.result()
    assert server.requests.count("result") == FEW_TRIES


def test_a_job_that_succeeded_has_no_reason(platform: Here) -> None:
    server, endpoint = platform
    with planqk.follow(endpoint, ID) as output:
        list(output)
        assert output.reason() is None
    assert "result" not in server.requests


@pytest.mark.parametrize(
    ("status", "platforms", "difference"),
    [
        ("SUCCEEDED", {"sum": 42, "_links": {"status": {"href": "x"}}, "_embedded": {}}, None),
        ("SUCCEEDED", {"sum": 43}, "at $.sum, the log has '42', and the platform has '43'"),
        ("SUCCEEDED", None, "the log has a result, and the platform has none"),
        ("FAILED", None, None),
        ("FAILED", {"title": "problem"}, None),
        ("CANCELLED", None, None),
    ],
)
def test_the_platforms_own_result(
    platform: Here, status: str, platforms: object, difference: str | None
) -> None:
    server, endpoint = platform
    server.statuses, server.result = [status], platforms
    server.logs = [entries('PlanQK:Job:Result: {"sum": 42}')]
    with planqk.follow(endpoint, ID) as output:
        source = Source(output.capture)
        events = [event for item in output for event in source.feed(item).events]
        assert output.difference(source.result) == difference
        assert (output.result() is None) == (status != "SUCCEEDED" or platforms is None)
    outcome = collect(events, status=output.status)
    assert outcome.status == status
    assert isinstance(outcome.result, Result)


def test_a_result_that_only_the_platform_has(platform: Here) -> None:
    server, endpoint = platform
    server.result, server.logs = {"sum": 42}, [entries("a")]
    with planqk.follow(endpoint, ID) as output:
        list(output)
        assert str(output.difference(None)).startswith("the platform has a result")
        server.result = {"_links": {}}
        assert output.difference(None) is None


def test_an_empty_answer_is_no_result(platform: Here) -> None:
    server, endpoint = platform
    server.no_result = Answer(200, b"")
    with planqk.follow(endpoint, ID) as output:
        list(output)
        assert output.result() is None
    assert server.requests.count("result") == 1


def test_answers_that_take_too_long_are_waited_for_twice(
    platform: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, endpoint = platform
    clock = Clock()
    monkeypatch.setattr(planqk, "time", clock)
    server.at_request = dict.fromkeys(range(1, 20), clock.passing(300))
    server.faults = [Answer(503), Answer(503)]
    with pytest.raises(EngineError, match="503; gave up after 2 tries"):
        planqk.follow(endpoint, ID)
    server.faults = [Answer(503)]
    planqk.follow(endpoint, ID).close()
