"""Log streams that are cut: the events are those of the uncut run, or a notice tells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from planqk_protocol import Event, Log, Parser, Violation
from planqk_protocol.captures import NoticeKind, Source
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.stamped_lines import StampedLines
from tests.engines.kubelet import Piece, sent, text
from tests.engines.servers import CUTS, serving
from tests.engines.small_cluster import BEGIN, Cluster, Cut, Run

SECOND = 1_000_000_000


def piece(seconds: float, data: bytes) -> Piece:
    return Piece(round((BEGIN + seconds) * SECOND), data)


# Equal stamps, a clock that is set back, a line in pieces over many seconds, text like a stamp, no last LF.
LOG = [
    piece(0, b"a\n"),
    piece(0, b"a\n"),
    piece(1, b"PlanQK:Job:"),
    piece(13, b"InterimResult: 12"),
    piece(26, b"345\n"),
    piece(27.1, sent([piece(99, b"\n")])),
    piece(26, b"PlanQK:Job:Result: 1\xff\r\n"),
    piece(27.2, b"x"),
    piece(40, b"\n"),
    piece(40, b"PlanQK:Job:Result: 12345"),
]
SENT = sent(LOG)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, object]]:
    from kubernetes import client  # noqa: PLC0415  # an extra

    made = Cluster()
    for delay in ("_POLL_INTERVAL", "_FIRST_DELAY"):
        monkeypatch.setattr(kubernetes, delay, 0)
    with serving(made) as address:
        configuration = client.Configuration(host=f"http://{address}")
        api = client.CoreV1Api(client.ApiClient(configuration))
        yield made, api
        api.api_client.rest_client.pool_manager.clear()


def events(client: object) -> tuple[list[Event], list[NoticeKind], bool]:
    """The events of the pod's output, the notices, and whether it is cut off."""
    with kubernetes.follow("default", "job", client=client) as output:
        source = Source(output.capture)
        parts = [source.feed(piece) for piece in output] + [source.close()]
        found = [event for part in parts for event in part.events]
        return found, [notice.kind for part in parts for notice in part.notices], output.is_cut_off


def uncut(log: list[Piece] = LOG) -> list[Event]:
    parser = Parser()
    return parser.feed(text(log)) + parser.close()


def prepare(cluster: Cluster, *answers: Cut | int) -> None:
    vars(cluster).update(vars(Cluster(runs=[Run(LOG)], minor="31", answers=list(answers))))


@CUTS
@pytest.mark.parametrize("breaks_off", [True, False])
def test_a_cut_anywhere(cluster: tuple[Cluster, object], step: int, *, breaks_off: bool) -> None:
    """In the first connection and in later ones, between errors, while and after the container runs."""
    server, client = cluster
    expected = uncut()
    for size in range(0, len(SENT) + 1, step):
        cut = Cut(size, breaks_off=breaks_off)
        prepare(server, cut, 500, Cut(size // 2), 429, Cut(size // 3, breaks_off=breaks_off), 410)
        server.ends_after = 1 + size % 6
        assert events(client) == (expected, [], False), f"cut after {size} bytes"


@CUTS
def test_a_cut_anywhere_before_the_log_is_rotated(cluster: tuple[Cluster, object], step: int) -> None:
    """What is missing is told, and no event that may be wrong is unmarked."""
    server, client = cluster
    log = [LOG[0], piece(0, b"b\n"), *LOG[2:]]  # of two that are alike, nobody knows which one is gone
    expected = uncut(log)
    printed = {event.raw for event in expected}
    told = 0
    for size in range(len(sent(log[:1])), len(sent(log)) + 1, step):
        for rotated in (1, 4, 8, len(LOG)):
            prepare(server, Cut(size))
            server.runs[0].pieces = log
            server.at_look[3] = partial(setattr, server, "rotated", rotated)
            found, notices, _ = events(client)
            told += bool(notices)
            assert set(notices) <= {NoticeKind.GAP}
            assert notices or found == expected
            assert all(event.raw in printed or is_marked(event) for event in found)
    assert told


def resumed(log: list[Piece], *sizes: int, gone: int = 0) -> tuple[list[Event], list[NoticeKind]]:
    """The events of connections that bring so many bytes each, and then all; and the notices.

    A number of pieces is gone after the first connection.
    """
    lines, source = StampedLines(is_exact=True), Source("raw")
    taken = []
    for number, size in enumerate([*sizes, None]):
        since = lines.restart()
        data = sent(log[gone if number else 0 :], since)[:size]
        taken += [source.feed(piece) for piece in lines.feed(data) + lines.end()]
    taken += [source.feed(piece) for piece in lines.close()] + [source.close()]
    return [event for part in taken for event in part.events], [
        n.kind for part in taken for n in part.notices
    ]


def test_a_log_that_is_cut_at_every_byte() -> None:
    expected = uncut()
    for size in range(len(SENT) + 1):
        for sizes in ([size], [size, size // 2, size // 3], [size // 3, size, size // 2]):
            assert resumed(LOG, *sizes) == (expected, []), sizes


def test_a_log_that_is_cut_at_every_byte_and_rotated() -> None:
    log = [LOG[0], piece(0, b"b\n"), *LOG[2:]]
    expected = uncut(log)
    printed = {event.raw for event in expected}
    for size in range(len(sent(log[:1])), len(sent(log)) + 1):
        for gone in range(1, len(LOG) + 1):
            found, notices = resumed(log, size, gone=gone)
            assert set(notices) <= {NoticeKind.GAP}
            assert notices or found == expected, (size, gone)
            assert all(event.raw in printed or is_marked(event) for event in found)


def is_marked(event: Event) -> bool:
    return isinstance(event, Log) or event.suspect or event.after_loss


@CUTS
def test_a_pod_that_is_deleted_at_any_byte(cluster: tuple[Cluster, object], step: int) -> None:
    """Each event but the last one is that of the uncut run, and what is cut is no result."""
    server, client = cluster
    expected = uncut()
    for size in range(0, len(SENT) + 1, step):
        prepare(server, Cut(size))
        server.at_look[3] = partial(setattr, server, "is_gone", True)
        found, notices, is_cut_off = events(client)
        assert (notices, is_cut_off) == ([NoticeKind.GAP], True)
        for event, whole in zip(found, expected, strict=False):
            assert event == whole or (event is found[-1] and isinstance(event, Log | Violation))
