"""Answers of the platform that are cut anywhere: the events are those of the uncut run, each once."""

from __future__ import annotations

import json

import pytest

from planqk_protocol import JobStatus, Result
from planqk_protocol.captures import Source
from planqk_protocol.engines import planqk
from tests.engines.executions import Followed, followed, printed
from tests.engines.servers import CUTS
from tests.engines.small_platform import ID, KEY_ID, SECRET, Answer, Cut, Platform, entries

LOG = ["two\nlines\n", "equal\n", "equal\n", 'PlanQK:Job:Result: {"sum": 42}']
GROWING = [[], entries(*LOG[:2]), entries(*LOG[:2]), entries(*LOG)]
LONGEST = len(json.dumps(entries(*LOG))) + 100  # bytes of an answer, its head included
BUSY = Answer(503, b"<html>busy</html>", {"Retry-After": "0"})


def prepare(platform: Platform, **values: object) -> None:
    fresh = Platform(
        statuses=["PENDING", "RUNNING", "UNKNOWN", "SUCCEEDED"],
        logs=list(GROWING),
        result={"sum": 42},
    )
    vars(platform).update(vars(fresh) | values)


def is_whole(found: Followed) -> bool:
    return found[:4] == (printed(*LOG), [], JobStatus.SUCCEEDED, False)


@CUTS
@pytest.mark.parametrize("request_number", [0, 5])
def test_an_answer_that_is_cut_anywhere(
    platform: tuple[Platform, str], step: int, request_number: int
) -> None:
    """The status or the log, at its beginning or later; other faults come between."""
    server, endpoint = platform
    for size in range(0, LONGEST, step):
        cut = Cut(size, breaks_off=size % 2 == 0)
        prepare(server, faults=[*[None] * request_number, cut, BUSY, Cut(size // 2), None, cut])
        assert is_whole(followed(endpoint)), f"cut after {size} bytes"
        assert server.faults == []


@CUTS
def test_an_answer_without_a_length_that_is_cut_anywhere(platform: tuple[Platform, str], step: int) -> None:
    """HTTP does not tell then that it was cut, but JSON does. No bytes at all are an empty log."""
    server, endpoint = platform
    body = json.dumps(entries(*LOG)).encode()
    for size in range(0, len(body), step):
        cut = Answer(200, body[:size], {"Content-Length": "", "Connection": "close"})
        prepare(server, faults=[None, cut, *[None] * 5, cut])
        assert is_whole(followed(endpoint)), f"cut after {size} bytes"


@CUTS
def test_a_result_that_is_cut_anywhere(platform: tuple[Platform, str], step: int) -> None:
    server, endpoint = platform
    prepare(server, logs=[entries('PlanQK:Job:Result: {"sum": 42}')], statuses=["SUCCEEDED"])
    with planqk.follow(endpoint, ID) as output:
        source = Source(output.capture)
        for item in output:
            source.feed(item)
        for size in range(0, 130, step):
            server.faults = [Cut(size), Cut(size // 2, breaks_off=True)]
            assert output.difference(source.result) is None
        server.result = {"sum": 43}
        assert isinstance(source.result, Result)
        assert output.difference(source.result) == "at $.sum, the log has '42', and the platform has '43'"


@CUTS
def test_a_token_that_is_cut_anywhere(
    platform: tuple[Platform, str], step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, endpoint = platform
    monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", endpoint.replace("/service", "/token"))
    for size in range(0, 170, step):
        prepare(server, needs_keys=True, lasting=3, token_faults=[Cut(size), BUSY, None, Cut(size)])
        assert is_whole(followed(endpoint)), f"cut after {size} bytes"
        assert server.tokens > 3
