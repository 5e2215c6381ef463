"""A small API server of Kubernetes: one pod, whose container runs, and whose log a kubelet sends."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import strptime
from typing import Any

from tests.engines import kubelet
from tests.engines.kubelet import Piece
from tests.engines.servers import Request

POD = "/api/v1/namespaces/default/pods/job"
BEGIN = 1_714_557_600  # seconds since 1970
VERSION: dict[str, Any] = dict.fromkeys(
    ("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion", "platform"), ""
)
SEPARATING = 32  # the minor version since which a server knows the parameter stream; others ignore it
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "http://{}"}}}}]
users: [{{name: me, user: {{}}}}]
"""


def lines(*texts: bytes, step: float = 0.4) -> list[Piece]:
    """Pieces of a log, one for each text, a time apart."""
    return [Piece(round((BEGIN + number * step) * 1e9), text) for number, text in enumerate(texts)]


def waiting(reason: str, message: str | None = None) -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@dataclass
class Run:
    """A run of the container."""

    pieces: Sequence[Piece]
    exit_code: int = 0
    has_ended: bool = False


@dataclass
class Cut:
    """A log that ends after a number of bytes; with `breaks_off`, within a chunk of the connection."""

    size: int | None
    breaks_off: bool = True


@dataclass
class Cluster:
    """What the API server has, does, and was asked."""

    runs: list[Run] = field(default_factory=lambda: [Run(lines(b"log\n", b"PlanQK:Job:", b"Result: 42\n"))])
    before: list[dict[str, Any] | None] = field(default_factory=list)  # states before the start
    conditions: list[dict[str, str]] | None = None
    phase: str = "Running"
    reason: str = "Evicted"  # of the phase Failed
    has_started: bool = True
    containers: Sequence[str] = ("main",)
    annotations: dict[str, str] | None = None
    uid: str = "1"
    is_gone: bool = False
    minor: str | None = "34+"  # of the version; None for a server that does not tell it
    separates: bool = False  # stdout from stderr
    rotated: int = 0  # pieces that the newest file no longer has
    words: bytes = b""  # what the kubelet writes at the end of a log
    answers: list[Cut | int] = field(default_factory=list)  # to requests for logs, then whole ones
    looks: list[int] = field(default_factory=list)  # statuses of requests for the pod, then pods
    asked: list[dict[str, str]] = field(default_factory=list)  # for logs
    looked: int = 0
    ends_after: int = 1  # requests for logs that come while the container runs
    hold: Event | None = None  # what a log waits for before it ends
    backs_off: bool = False  # before it runs the container again
    at_look: dict[int, Callable[[], object]] = field(default_factory=dict)  # what happens before it

    def __call__(self, request: Request) -> None:
        _, path = request.call.split()
        if path == f"{POD}/log":
            self._log(request)
        elif path == "/version/":
            request.json(self._version(), 403 if self.minor is None else 200)
        elif path != POD:
            request.json({"message": "not found"}, 404)
        else:
            self.looked += 1
            self.at_look.get(self.looked, lambda: None)()
            status = self.looks.pop(0) if self.looks else 404 if self.is_gone else 200
            request.json(self._pod() if status == 200 else {"message": "no"}, status)

    def _version(self) -> dict[str, Any]:
        return VERSION | {"major": "1" if self.minor else "", "minor": self.minor}

    def _log(self, request: Request) -> None:
        self.asked.append(request.query)
        knows_streams = int((self.minor or "0").rstrip("+")) >= SEPARATING
        refuses = "stream" in request.query and knows_streams and not self.separates
        if refuses:
            request.json({"message": "no"}, 422)
            return
        answer = self.answers.pop(0) if self.answers else Cut(None, breaks_off=False)
        if isinstance(answer, int):
            request.json({"message": "no"}, answer)
            return
        run = self.runs[-2 if request.query.get("previous") else -1]
        since = request.query.get("sinceTime")
        seconds = timegm(strptime(since, "%Y-%m-%dT%H:%M:%SZ")) if since else None
        log = kubelet.sent(run.pieces[self.rotated :], seconds) + self.words
        if len(self.asked) >= self.ends_after:
            run.has_ended = True
        chunks = [log[: answer.size]]
        request.stream(self._held(chunks), breaks_off=answer.breaks_off)

    def _held(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        yield from filter(None, chunks)
        if self.hold:
            self.hold.wait(60)

    def _pod(self) -> dict[str, Any]:
        return {
            "metadata": {"name": "job", "uid": self.uid, "annotations": self.annotations},
            "spec": {"containers": [{"name": name} for name in self.containers]},
            "status": {
                "phase": self.phase,
                "reason": self.reason if self.phase == "Failed" else None,
                "conditions": self.conditions,
                "containerStatuses": self._statuses(),
            },
        }

    def _statuses(self) -> list[dict[str, Any]] | None:
        if self.before:
            state = self.before.pop(0)
            return [self._status(state, None)] if state else None
        if not self.has_started:
            return None
        *earlier, run = self.runs
        if self.backs_off:
            latest = {"terminated": {"exitCode": run.exit_code}}
            return [self._status(waiting("CrashLoopBackOff", "back-off"), latest)]
        ended = {"terminated": {"exitCode": run.exit_code}}
        last = {"terminated": {"exitCode": earlier[-1].exit_code}} if earlier else None
        return [self._status(ended if run.has_ended else {"running": {}}, last)]

    def _status(self, state: dict[str, Any], last: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "name": "main",
            "image": "",
            "imageID": "",
            "ready": True,
            "restartCount": len(self.runs) - 1,
            "state": state,
            "lastState": last,
        }
