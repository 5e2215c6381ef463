"""A small engine with one container: its states, its stored log, and what the Engine API sends of it.

As in Docker 20.10 to 28: one frame per stored record, a filter by seconds and
nanoseconds that takes records of that time in, a log whose following ends
without its last line if no LF ends it, and words of the engine within stdout
where history is asked for that there is none of.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from .servers import Request

SECOND = 1_000_000_000
BEGIN = 1_714_557_600 * SECOND
RESULT = b"PlanQK:Job:Result: 42\n"
UNREADABLE = "configured logging driver does not support reading"


def frame(data: bytes, kind: int = 1) -> bytes:
    return bytes([kind, 0, 0, 0]) + struct.pack(">I", len(data)) + data


def stamp(ns: int) -> bytes:
    seconds, rest = divmod(ns, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z ".encode()


class Engine:
    """The container's life, what was asked, and how the engine's connections break.

    Attributes:
        records: What the container prints, each with the time at which the engine stores it.
        stored: How many of them are stored, which grows as the log is followed.
        rotated: How many of them are gone again.
        status: The container's status.
        looks: How often it is looked at until it is started.
        cuts: For each answer of the log, after how many bytes it breaks off; ``None``: not at all.
        ends_early: How many answers of the log end properly one record early.
        refusals: Statuses with which the next requests for the log, or the container, are answered.
        refused: For each call, the statuses of its next answers; 200 for one that is not refused.
        stops: For the next answers that do not follow, after how many records they end properly.
    """

    def __init__(self) -> None:
        self.records = [(BEGIN, b"log\n"), (BEGIN + SECOND, RESULT)]
        self.status = "running"
        self.stored = 1
        self.rotated = 0
        self.looks = 0
        self.fate = "running"  # what becomes of a created container at its start
        self.error = ""
        self.exit_code = 0
        self.has_terminal = False
        self.is_removed = False  # at its exit
        self.driver = "json-file"
        self.restarts = 0
        self.said: list[str] = []  # by the engine, in place of what follows the stored records
        self.cuts: list[int | None] = []
        self.ends_early = 0
        self.refusals: list[int] = []
        self.refused: dict[str, list[int]] = {}
        self.stops: list[int] = []
        self.breaks_wait = 0
        self.is_docker = True
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.was_started = False
        self.exited = threading.Event()

    def __call__(self, request: Request) -> None:
        method, path = request.call.split()
        call = path.rpartition("/")[2]
        status = self.refused[call].pop(0) if self.refused.get(call) else 200
        if status != 200:
            request.json({"message": "the engine is busy"}, status)
        elif call == "version":
            components = [{"Name": "Engine" if self.is_docker else "Podman Engine"}]
            request.json({"ApiVersion": "1.44", "Components": components})
        elif call == "info":
            request.json({"SystemTime": "2024-05-01T12:00:00Z"})
        elif call == "events":
            assert request.query["until"]
            request.stream(iter([b"{}\n"] if self.was_started else []))
        elif "/containers/job/" not in path and "/containers/1d/" not in path:
            request.json({"message": "No such container"}, 404)
        elif call == "json":
            self._inspect(request)
        elif request.query.get("tail") == "0":
            self._probe(request)
        else:
            self.asked.append((f"{method} {call}", request.query))
            if self.status == "gone" and call != "wait":
                request.json({"message": "No such container"}, 404)
            elif call != "wait" and self.refusals:
                request.json({"message": "the engine is starting"}, self.refusals.pop(0))
            else:
                getattr(self, f"_{call}")(request)

    @property
    def calls(self) -> list[str]:
        """What was asked, apart from what the container is."""
        return [call for call, _ in self.asked]

    def start(self) -> None:
        self.status = self.fate
        self.was_started = self.fate == "running"

    def exit(self) -> None:
        self.stored = len(self.records)
        self.status = "gone" if self.is_removed else "exited"
        self.exited.set()

    def _inspect(self, request: Request) -> None:
        if self.status == "created":
            if self.looks:
                self.looks -= 1
            else:
                self.start()
        if self.status == "exited":
            self.exit()
        if self.status == "gone":
            request.json({"message": "No such container"}, 404)
            return
        state = {
            "Status": self.status,
            "Running": self.status in ("running", "restarting"),
            "Restarting": self.status == "restarting",
            "StartedAt": "0001-01-01T00:00:00Z" if self.status in ("created", "removing") else "then",
            "Error": self.error,
        }
        host = {"AutoRemove": self.is_removed, "LogConfig": {"Type": self.driver}}
        request.json(
            {
                "Id": "1d",
                "RestartCount": self.restarts,
                "State": state,
                "Config": {"Tty": self.has_terminal},
                "HostConfig": host,
            }
        )

    def _probe(self, request: Request) -> None:
        if self.driver == "none":
            request.json({"message": UNREADABLE}, 501)
        else:
            request.stream(iter([]))

    def _wait(self, request: Request) -> None:
        if self.breaks_wait:
            self.breaks_wait -= 1
            request.stream(iter([]), breaks_off=True)
            return
        request.stream(self._exit_code())

    def _exit_code(self) -> Iterator[bytes]:
        self.exited.wait(20)
        yield b'{"StatusCode":%d}' % self.exit_code

    def _logs(self, request: Request) -> None:
        query = request.query
        since = int(query.get("since", 0)) * SECOND
        follows = query["follow"] == "1" and self.status == "running"
        pieces = self._log(since=since, has_stamps="timestamps" in query, follows=follows)
        if self.stops and not follows:
            pieces = itertools.islice(pieces, self.stops.pop(0))
        if self.ends_early:
            self.ends_early -= 1
            pieces = iter(list(pieces)[:-1])
        self._send(request, pieces)

    def _log(self, *, since: int, has_stamps: bool, follows: bool) -> Iterator[bytes]:
        """The stored log, and then what is stored while it is followed."""
        at = self.rotated
        while at < self.stored or (follows and at < len(self.records)):
            self.stored = max(self.stored, at + 1)
            time, text = self.records[at]
            at += 1
            is_last_line = at == len(self.records) and not text.endswith(b"\n")
            if time >= since and not (follows and is_last_line):
                yield self._framed((stamp(time) if has_stamps else b"") + text)
        for words in self.said:
            yield self._framed(f"{words}\n".encode(), 3)
        if follows:
            self.exit()

    def _attach(self, request: Request) -> None:
        if request.query.get("logs") == "1" and self.driver == "none":
            self._send(
                request, iter([self._framed(f"Error attaching: {UNREADABLE}\n".encode())]), is_chunked=False
            )
        else:
            self._send(request, self._live(), is_chunked=False)

    def _live(self) -> Iterator[bytes]:
        """What the container prints from now on."""
        while self.status == "created":
            self.exited.wait(0.01)
        while self.status == "running" and self.stored < len(self.records):
            self.stored += 1
            yield self._framed(self.records[self.stored - 1][1])
        self.exit()

    def _framed(self, data: bytes, kind: int = 1) -> bytes:
        return data if self.has_terminal else frame(data, kind)

    def _send(self, request: Request, pieces: Iterable[bytes], *, is_chunked: bool = True) -> None:
        cut = self.cuts.pop(0) if self.cuts else None
        if cut is None:
            request.stream(iter(pieces), is_chunked=is_chunked)
            return
        request.stream(_begin(pieces, cut), is_chunked=is_chunked, breaks_off=True)


def _begin(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The first bytes of these."""
    for piece in pieces:
        if piece[:size]:
            yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return
