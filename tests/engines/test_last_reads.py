"""When the log of an execution that is over has been read often enough, and when it is given up."""

from __future__ import annotations

from typing import Any

import pytest

from planqk_protocol import JobStatus
from planqk_protocol.engines import last_reads
from tests.engines.executions import followed, printed
from tests.engines.small_platform import LOG, Clock, Platform, entries

Here = tuple[Platform, str]
DOUBTFUL_READS = 6


def test_a_copy_that_lags_behind_in_the_end(platform: Here) -> None:
    """A whole answer came after the final status, so nothing is missing."""
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.logs = [entries(*LOG), *[entries(*LOG[:2])] * (DOUBTFUL_READS + 1)]
    assert followed(endpoint)[:4] == (printed(), [], JobStatus.SUCCEEDED, False)
    assert server.requests.count("log") == DOUBTFUL_READS + 1


def _growing(count: int) -> list[list[dict[str, Any]]]:
    """Answers of which each has one entry more."""
    return [entries(*["a"] * (at + 1), seconds=range(count)) for at in range(count)]


@pytest.mark.parametrize("most", [3, 9])
def test_a_log_that_grows_for_ever(platform: Here, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    server, endpoint = platform
    monkeypatch.setattr(last_reads, "_MOST", most)
    server.statuses, server.logs = ["SUCCEEDED"], _growing(20)
    found = followed(endpoint)
    assert server.requests.count("log") == most
    assert "the log still changes after the final status" in found.notices[-1].message
    assert found.is_cut_off


def test_a_log_that_grows_for_too_long(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers of this one take 100 seconds each."""
    server, endpoint = platform
    clock = Clock()
    monkeypatch.setattr(last_reads, "time", clock)
    server.at_request = dict.fromkeys(range(20), clock.passing(100))
    server.statuses, server.logs = ["SUCCEEDED"], _growing(20)
    assert followed(endpoint).is_cut_off
    assert server.requests.count("log") == 4


def test_a_log_that_rests_after_a_long_time_is_whole(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    server, endpoint = platform
    monkeypatch.setattr(last_reads, "_LONGEST", -1.0)
    server.statuses, server.logs = ["SUCCEEDED"], [[], entries("a")]
    assert followed(endpoint).is_cut_off
    server.logs = [entries("a")]
    server.statuses = ["RUNNING", "SUCCEEDED"]
    assert followed(endpoint)[:4] == (printed("a"), [], JobStatus.SUCCEEDED, False)


def test_a_log_whose_time_stamps_are_those_of_the_answer(platform: Here) -> None:
    """Each answer looks as if all entries were new."""
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.logs = [[{"message": "a", "timestamp": str(at)}] for at in range(20)]
    found = followed(endpoint)
    assert server.requests.count("log") == 4
    assert "each answer has other entries than the one before" in found.notices[-1].message
    assert found.is_cut_off
    server.logs = [*[[{"message": "a", "timestamp": str(at // 2)}] for at in range(8)]]
    assert not followed(endpoint).is_cut_off
