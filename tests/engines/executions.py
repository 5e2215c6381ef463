"""What a follower of an execution gives."""

from __future__ import annotations

from typing import NamedTuple

from planqk_protocol import Event, JobStatus, Parser
from planqk_protocol.captures import CaptureNotice, Source
from planqk_protocol.engines import planqk
from tests.engines.small_platform import ID, LOG


class Followed(NamedTuple):
    events: list[Event]
    notices: list[CaptureNotice]
    status: JobStatus | None
    is_cut_off: bool
    told: list[str]


def followed(endpoint: str, *, wait_timeout: float | None = None) -> Followed:
    """All that the log of the execution gives."""
    told: list[str] = []
    with planqk.follow(endpoint, ID, wait_timeout=wait_timeout, tell=told.append) as output:
        source = Source(output.capture)
        parts = [source.feed(item) for item in output] + [source.close()]
        return Followed(
            [event for part in parts for event in part.events],
            [notice for part in parts for notice in part.notices],
            output.status,
            output.is_cut_off,
            told,
        )


def printed(*texts: str) -> list[Event]:
    """The events of what a job printed, piece by piece; an LF ends each piece."""
    parser = Parser()
    whole = "".join(text if text.endswith("\n") else f"{text}\n" for text in texts or LOG)
    return parser.feed(whole.encode()) + parser.close()
