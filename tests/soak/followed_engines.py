"""Engines that flap: they end answers anywhere, refuse, and break connections, while a job prints.

They are small, but their clients are the real libraries. Each has one
container, whose log is kept in records as engines keep it: lines, or pieces of
16 KiB. What was read long ago is dropped, as if it had been rotated away.
"""

from __future__ import annotations

import json
import random
import struct
import threading
import time
from abc import ABC, abstractmethod
from calendar import timegm
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from planqk_protocol.captures.timestamps import rfc3339
from planqk_protocol.testing.engine_writers import PIECE
from tests.engines.servers import Request, serving
from tests.soak.followers import COMMAND, Follower
from tests.soak.job import line

__all__ = ["FollowedDocker", "FollowedEngine", "FollowedKubernetes"]

_LINES = 20  # written at a time
_KEPT = 10_000_000_000  # nanoseconds of the log that are kept before what was read last
_IDLE = 0.02  # seconds
_LONGEST = 400_000  # bytes of an answer, apart from what was sent before
_SHORT = 0.3  # how often what was sent before counts, too, so that an answer mostly stops amid that
_REFUSED = 0.2  # how often an answer is an error
_SECOND = 1_000_000_000


class _Record(NamedTuple):
    number: int  # of its line
    time: int  # in nanoseconds since 1970
    text: bytes  # with its LF, if the line ends
    begins: bool  # whether a line begins with it


class FollowedEngine(ABC):
    """An engine, the job in its container, and the command that follows it.

    Args:
        folder: Where files are put that the command needs.
    """

    name: str
    statuses: tuple[int, ...]  # of errors that pass

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._draw = random.Random(self.name)  # noqa: S311  # not a secret
        self._records: deque[_Record] = deque()
        self._dropped = 0
        self._sent = 0  # records
        self._grown = threading.Condition()
        self._written = 0  # lines
        self._has_ended = False
        self._counts = {"answers cut": 0, "refused": 0}
        self._serving = ExitStack()
        address = self._serving.enter_context(serving(self._handle))
        self._command = self._follower(address)
        self.followers = [self._command]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {what}" for what, count in self._counts.items())
        return f"{self.name}: {self._written} lines, {counts}"

    @abstractmethod
    def _follower(self, address: str) -> Follower:
        """Start the command on an engine at an address."""

    @abstractmethod
    def _answer(self, request: Request) -> None:
        """Answer a request."""

    @abstractmethod
    def _shown(self, record: _Record) -> bytes:
        """A record as the engine sends it."""

    def step(self) -> None:
        """Print some lines, some of them at the same time."""
        now = time.time_ns()
        with self._grown:
            for number in range(self._written + 1, self._written + 1 + _LINES):
                if self._draw.random() < 0.5:
                    now = time.time_ns()
                text = line(number)
                starts = range(0, len(text), PIECE)
                self._records += (_Record(number, now, text[at : at + PIECE], at == 0) for at in starts)
            self._written += _LINES
            read = [item.time for item in self._records if item.number >= self._command.check.seen][:1]
            while self._records and read and self._records[0].time < read[0] - _KEPT:
                self._records.popleft()
                self._dropped += 1
            self._grown.notify_all()

    def _since(self, seconds: int) -> Iterator[tuple[bytes, bool]]:
        """The log from a second on, as it grows, and what of it was not sent yet."""
        place = 0
        while True:
            with self._grown:
                at = max(0, place - self._dropped)
                if at >= len(self._records):
                    if self._has_ended:
                        return
                    self._grown.wait(_IDLE)
                    continue
                record = self._records[at]
                place = self._dropped + at + 1
            if record.time >= seconds * _SECOND:
                yield self._shown(record), place > self._sent
                self._sent = max(self._sent, place)

    def _stream(self, request: Request, seconds: int) -> None:
        """Answer with the log, or with what comes of it until the answer is cut."""
        if self._draw.random() < _REFUSED:
            self._counts["refused"] += 1
            request.json({"message": "not now"}, self._draw.choice(self.statuses))
            return
        left, is_short = self._draw.randrange(_LONGEST), self._draw.random() < _SHORT

        def cut() -> Iterator[bytes]:
            nonlocal left
            for data, is_new in self._since(seconds):
                counts = is_new or is_short
                yield data[: max(1, left)] if counts else data
                left -= len(data) if counts else 0
                if left <= 0:
                    self._counts["answers cut"] += 1
                    return

        request.stream(cut(), breaks_off=self._draw.random() < 0.5)

    def _handle(self, request: Request) -> None:
        with suppress(OSError):  # the reader has gone
            self._answer(request)

    def end(self) -> None:
        """End the job, and see that all it printed was read."""
        with self._grown:
            self._has_ended = True
            self._grown.notify_all()
        self._command.wait_for(self._written)
        self._command.end()

    def stop(self) -> None:
        """End the command and the engine, whatever they do."""
        self._command.stop()
        self._serving.close()


class FollowedKubernetes(FollowedEngine):
    """A pod, as an API server shows it."""

    name = "kubernetes"
    statuses = (410, 429, 500, 503)

    def _follower(self, address: str) -> Follower:
        cluster = {"name": "soak", "cluster": {"server": f"http://{address}"}}
        context = {"name": "soak", "context": {"cluster": "soak", "user": "soak"}}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [context],
            "users": [{"name": "soak", "user": {}}],
            "current-context": "soak",
        }
        path = self._folder / "kubeconfig"
        path.write_text(json.dumps(config))
        arguments = [*COMMAND, "--pod", "default/job"]
        return Follower(f"command, {self.name}", arguments, self._folder, {"KUBECONFIG": str(path)})

    def _answer(self, request: Request) -> None:
        path = request.call.split()[1]
        if path == "/version/":
            request.json(_VERSION)
        elif not path.endswith("/log"):
            is_refused = self._draw.random() < _REFUSED
            request.json({"message": "not now"} if is_refused else self._pod(), 503 if is_refused else 200)
        else:
            since = request.query.get("sinceTime")
            self._stream(request, timegm(time.strptime(since, "%Y-%m-%dT%H:%M:%SZ")) if since else 0)

    def _shown(self, record: _Record) -> bytes:
        # A kubelet puts a stamp where a line begins (cri-client, pkg/logs/logs.go).
        return (f"{rfc3339(record.time)} ".encode() if record.begins else b"") + record.text

    def _pod(self) -> dict[str, Any]:
        state = {"terminated": {"exitCode": 0}} if self._has_ended else {"running": {}}
        container = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
        return {
            "metadata": {"name": "job", "uid": "1"},
            "spec": {"containers": [{"name": "main"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [container | {"state": state, "lastState": None}],
            },
        }


_VERSION = dict.fromkeys(
    ("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion", "platform"), ""
) | {"major": "1", "minor": "34"}


class FollowedDocker(FollowedEngine):
    """A container, as the Engine API shows it."""

    name = "docker"
    statuses = (429, 500, 503)

    def _follower(self, address: str) -> Follower:
        environment = {"DOCKER_HOST": f"tcp://{address}", "DOCKER_TLS_VERIFY": ""}
        arguments = [*COMMAND, "--container", "job"]
        return Follower(f"command, {self.name}", arguments, self._folder, environment)

    def _answer(self, request: Request) -> None:
        call = request.call.rpartition("/")[2]
        if call == "version":
            request.json({"ApiVersion": "1.44", "Components": [{"Name": "Engine"}]})
        elif call == "json":
            request.json(self._container())
        elif call == "wait":
            request.stream(self._exit_code())
        elif request.query.get("tail") == "0":
            request.stream(iter(()))
        else:
            self._stream(request, int(request.query.get("since", "0")))

    def _shown(self, record: _Record) -> bytes:
        payload = f"{rfc3339(record.time)} ".encode() + record.text
        return b"\1\0\0\0" + struct.pack(">I", len(payload)) + payload

    def _exit_code(self) -> Iterator[bytes]:
        while not self._has_ended:
            time.sleep(_IDLE)
        yield b'{"StatusCode":0}'

    def _container(self) -> dict[str, Any]:
        is_running = not self._has_ended
        return {
            "Id": "1d",
            "RestartCount": 0,
            "State": {
                "Status": "running" if is_running else "exited",
                "Running": is_running,
                "StartedAt": "2024-05-01T10:00:00Z",
            },
            "Config": {"Tty": False},
            "HostConfig": {"AutoRemove": False, "LogConfig": {"Type": "json-file"}},
        }
