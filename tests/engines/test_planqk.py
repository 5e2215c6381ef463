"""Executions on PlanQK that are followed, on a small platform through the real client library."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from functools import partial
from typing import Any

import pytest

from planqk_protocol import FinalResult, JobStatus, Log
from planqk_protocol.captures import NoticeKind, Source
from planqk_protocol.engines import EngineError, bounded_http, planqk, service_api
from tests.engines.executions import followed, printed
from tests.engines.small_platform import ID, LOG, Answer, Clock, Platform, entries, problem

Here = tuple[Platform, str]
PENDING, RUNNING = "it is PENDING; waiting for its start", "it is RUNNING; its log is read until it ends"
LAST_READS, DOUBTFUL_READS = 4, 6  # of the log, after the final status


def test_each_entry_is_given_once_though_each_answer_repeats_the_log(platform: Here) -> None:
    server, endpoint = platform
    server.logs = [[], entries(*LOG[:2]), entries(*LOG[:2]), entries(*LOG[:4]), entries(*LOG)]
    found = followed(endpoint)
    assert found[:4] == (printed(), [], JobStatus.SUCCEEDED, False)
    assert found.told == [PENDING, RUNNING]
    assert server.requests[:3] == [ID, "log", ID]  # the log is read after the status


def test_entries_come_while_the_execution_runs(platform: Here) -> None:
    server, endpoint = platform
    server.statuses = ["RUNNING"]
    server.logs = [entries(*LOG[:1])]
    with planqk.follow(endpoint, ID) as output:
        source = Source(output.capture)
        assert source.feed(next(output)).events == printed(*LOG[:1])
        server.logs = [entries(*LOG)]
        assert source.feed(next(output)).events == printed()[1:]
        server.statuses = ["SUCCEEDED"]
        assert list(output) == []
        assert output.status is JobStatus.SUCCEEDED
        assert not output.is_cut_off
        assert output.exit_code() is None


def test_time_stamps_are_those_of_the_entries(platform: Here) -> None:
    _, endpoint = platform
    with planqk.follow(endpoint, ID) as output:
        source = Source(output.capture)
        times = [time for item in output for time in source.feed(item).times]
    assert times[0] == "2024-05-01T10:00:00.000Z"
    assert len(times) == len(printed())


def test_a_list_over_several_lines_and_entries_that_are_none(platform: Here) -> None:
    server, endpoint = platform
    server.indent = 2
    odd: Any = 42
    server.logs = [[*entries("a"), odd, {"message": ["x"]}, *entries("b")]]
    found = followed(endpoint)
    assert [event.text for event in found.events if isinstance(event, Log)] == ["a", "b"]
    assert found.notices


def test_many_entries_come_in_several_chunks(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    monkeypatch.setattr(planqk, "_ENTRIES", 4)
    with planqk.follow(endpoint, ID) as output:
        assert [chunk.count(b"\n") for chunk in output if isinstance(chunk, bytes)] == [4, 2]


@pytest.mark.parametrize("reads", range(1, LAST_READS + 1))
def test_a_log_that_lags_behind_the_status(platform: Here, reads: int) -> None:
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.logs = [*[entries(*LOG[:2])] * reads, *[entries(*LOG[:3])] * reads, entries(*LOG)]
    assert followed(endpoint).events == printed()


@pytest.mark.parametrize("reads", range(1, DOUBTFUL_READS))
def test_a_log_that_is_empty_or_missing_at_first(platform: Here, reads: int) -> None:
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.logs = [*[[]] * reads, entries(*LOG)]
    assert followed(endpoint).events == printed()
    server.faults = [None, *[Answer(404)] * reads]
    assert followed(endpoint).events == printed()


def test_a_log_that_stays_empty_and_one_that_is_missing(platform: Here) -> None:
    server, endpoint = platform
    server.statuses, server.logs = ["FAILED"], [[]]
    assert followed(endpoint)[:4] == ([], [], JobStatus.FAILED, False)
    assert server.requests.count("log") == DOUBTFUL_READS
    server.faults = [None, *[Answer(404)] * DOUBTFUL_READS]
    found = followed(endpoint)
    assert (found.events, found.status, found.is_cut_off) == ([], JobStatus.FAILED, True)
    assert "the platform has no log of the execution (404)" in found.notices[0].message


def test_a_log_that_loses_its_beginning(platform: Here) -> None:
    """As platforms do that keep the newest entries only: what is new can be told."""
    server, endpoint = platform
    whole = entries(*LOG)
    server.logs = [whole[:2], whole[:4], whole[2:5], whole[4:]]
    assert followed(endpoint)[:2] == (printed(), [])


def test_a_log_that_loses_all_that_was_given(platform: Here) -> None:
    server, endpoint = platform
    whole = entries(*LOG)
    server.logs = [whole[:2], whole[4:]]
    found = followed(endpoint)
    (notice,) = found.notices
    assert (notice.kind, notice.record) == (NoticeKind.GAP, 3)
    assert "others may be missing here" in notice.message
    (result,) = (event for event in found.events if isinstance(event, FinalResult))
    assert result.after_loss


def test_a_log_that_ends_earlier_than_before(platform: Here) -> None:
    """Later entries may be missing, so the output is cut off."""
    server, endpoint = platform
    server.logs = [entries(*LOG[:4]), entries(*LOG[:3])]
    found = followed(endpoint)
    assert found.events == printed(*LOG[:4])
    assert [notice.kind for notice in found.notices] == [NoticeKind.GAP]
    assert found.is_cut_off


def test_copies_of_the_log_that_answer_in_turn(platform: Here) -> None:
    """One of them has lost its beginning. Each entry comes once, and the reading ends."""
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    whole = entries(*LOG)
    server.logs = [whole, whole[3:]] * 20
    assert followed(endpoint)[:4] == (printed(), [], JobStatus.SUCCEEDED, False)
    assert server.requests.count("log") < 10


@pytest.mark.parametrize("seen", [1, 2, 3])
def test_a_log_that_vanishes_after_the_final_status(platform: Here, seen: int) -> None:
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.faults = [None, *[None] * seen, *[Answer(404)] * 9]
    found = followed(endpoint)
    assert found.events == printed()
    assert "no longer has the log of the execution (404)" in found.notices[0].message
    assert found.is_cut_off
    assert server.requests.count("log") == DOUBTFUL_READS + 1
    server.faults = [None, None, Answer(404)]
    assert followed(endpoint)[:4] == (printed(), [], JobStatus.SUCCEEDED, False)


def test_an_execution_that_is_deleted(platform: Here) -> None:
    server, endpoint = platform
    server.faults = [None, None, None, None, Answer(404)]
    server.statuses = ["RUNNING"]
    found = followed(endpoint)
    assert found.events == printed()
    assert [notice.kind for notice in found.notices] == [NoticeKind.GAP]
    assert (found.status, found.is_cut_off) == (None, True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("PENDING", PENDING),
        ("UNKNOWN", "the platform does not know its status (UNKNOWN); waiting until it does"),
        ("QUEUED\x1b", r"its status is 'QUEUED\x1b', which the API does not have; waiting"),
    ],
)
def test_a_status_that_is_neither_running_nor_final_is_waited_for(
    platform: Here, word: str, said: str
) -> None:
    server, endpoint = platform
    server.statuses = [word, word, "RUNNING", word, "SUCCEEDED"]
    assert followed(endpoint).told == [said, RUNNING, said]
    server.statuses = ["RUNNING", word]
    with pytest.raises(EngineError, match=f"execution '{ID}' has neither run nor ended for 0 s: its status"):
        followed(endpoint, wait_timeout=0)
    server.statuses = [word, "SUCCEEDED"]
    assert followed(endpoint, wait_timeout=3600).status is JobStatus.SUCCEEDED


def test_a_status_that_is_no_text_is_unknown(platform: Here) -> None:
    server, endpoint = platform
    server.faults = [Answer(200, b'{"status": 1}')]
    assert "UNKNOWN" in followed(endpoint).told[0]


def test_pauses_grow_while_nothing_happens(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    server, endpoint = platform
    pauses: list[float] = []
    monkeypatch.setattr(planqk, "_FIRST_PAUSE", 0.5)
    monkeypatch.setattr(
        "planqk_protocol.engines.planqk._ExecutionReader._sleep",
        lambda _self, seconds: pauses.append(seconds),
    )
    server.statuses = [*["RUNNING"] * 8, "SUCCEEDED"]
    server.logs = [*[entries("a")] * 7, entries("a", "b")]
    followed(endpoint)
    assert pauses == [0.5, 0.5, 1, 2, 4, 8, 10, 0.5, 0.5, 1, 2]  # the entry b came before the eighth


def test_a_pause_is_longer_than_the_answer_took(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    pauses: list[float] = []
    monkeypatch.setattr(planqk, "_REST", 10**6)
    monkeypatch.setattr(
        "planqk_protocol.engines.planqk._ExecutionReader._sleep",
        lambda _self, seconds: pauses.append(seconds),
    )
    followed(endpoint)
    assert min(pauses) == 60


def test_a_pause_does_not_count_the_waiting_for_an_answer(
    platform: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, endpoint = platform
    clock = Clock()
    pauses: list[float] = []

    def sleep(_reader: object, seconds: float) -> None:
        clock.passing(seconds)()
        pauses.append(seconds)

    monkeypatch.setattr(planqk, "_REST", 4)
    monkeypatch.setattr(service_api, "time", clock)
    monkeypatch.setattr("planqk_protocol.engines.planqk._ExecutionReader._sleep", sleep)
    server.faults = [None, problem(429, None, **{"Retry-After": "60"})]
    followed(endpoint)
    assert pauses[0] == 60
    assert set(pauses[1:]) == {0}


def test_closing_ends_an_iteration_that_waits(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    server, endpoint = platform
    server.statuses = ["RUNNING"]
    monkeypatch.setattr(planqk, "_FIRST_PAUSE", 3600)
    monkeypatch.setattr(planqk, "_LONGEST_PAUSE", 3600)
    output = planqk.follow(endpoint, ID)
    chunks: list[object] = []
    reader = threading.Thread(target=lambda: chunks.extend(output))
    server.logs = [[]]
    reader.start()
    output.close()
    output.close()
    reader.join(timeout=60)
    assert not reader.is_alive()
    assert chunks == []
    assert output.is_cut_off


def test_closing_ends_a_request_that_is_not_answered(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    server, endpoint = platform
    monkeypatch.setattr(bounded_http, "_SILENCE", 3600.0)
    is_asked, is_over = threading.Event(), threading.Event()

    def hang() -> None:
        is_asked.set()
        is_over.wait(120)

    output = planqk.follow(endpoint, ID)
    server.at_request[2] = hang
    chunks: list[object] = []
    reader = threading.Thread(target=lambda: chunks.extend(output))
    reader.start()
    assert is_asked.wait(60)
    output.close()
    reader.join(timeout=60)
    assert not reader.is_alive()
    is_over.set()
    assert chunks == []


def test_an_event_loop_is_not_blocked(platform: Here) -> None:
    _, endpoint = platform
    told: list[str] = []

    async def read() -> tuple[list[object], JobStatus | None]:
        async with await planqk.afollow(endpoint, ID, wait_timeout=60, tell=told.append) as output:
            return [item async for item in output], output.status

    chunks, status = asyncio.run(read())
    assert b"".join(chunk for chunk in chunks if isinstance(chunk, bytes)).count(b"\n") == len(LOG)
    assert status is JobStatus.SUCCEEDED
    assert told == [PENDING, RUNNING]


def test_a_task_that_is_cancelled_while_it_opens(platform: Here) -> None:
    server, endpoint = platform
    is_asked, is_over = threading.Event(), threading.Event()

    def hang() -> None:
        is_asked.set()
        is_over.wait(60)

    server.at_request[1] = hang

    async def cancel() -> None:
        task = asyncio.create_task(planqk.afollow(endpoint, ID))
        await asyncio.to_thread(is_asked.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    is_over.set()


def test_messages_after_the_end_of_the_loop_are_dropped(platform: Here) -> None:
    server, endpoint = platform
    told: list[str] = []
    output = asyncio.run(planqk.afollow(endpoint, ID, tell=told.append))
    server.faults = [Answer(503)]
    with output:
        assert b"".join(item for item in output if isinstance(item, bytes))
    assert not any("503" in message for message in told)


def test_a_client_of_ones_own(platform: Here) -> None:
    with warnings.catch_warnings(record=True):  # authlib's, about another library
        from qhub.service.client import HubServiceClient  # noqa: PLC0415  # an extra
    server, endpoint = platform
    client = HubServiceClient(endpoint, None, None)
    follow = partial(planqk.follow, "elsewhere", ID, client=client)
    with follow() as output:
        assert b"".join(item for item in output if isinstance(item, bytes)).count(b"\n") == len(LOG)
    server.faults = [Answer(401)]
    with pytest.raises(EngineError, match="401"):
        follow()
    client._api._client_wrapper.httpx_client.httpx_client.close()  # noqa: SLF001  # it has no close


def test_the_environment_is_left_alone(platform: Here) -> None:
    before = dict(os.environ)
    followed(platform[1])
    assert dict(os.environ) == before
