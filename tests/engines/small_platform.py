"""A small platform: the Service API of one execution, and the endpoint that gives tokens for access keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.engines.servers import Request

ID = "0030737b"
KEY_ID, SECRET = "the-key-id", "the-secret-of-the-key"  # of nobody
Entry = dict[str, Any]

LOG = [
    "starting\n",
    "two\nlines\n",
    "two\nlines\n",
    'PlanQK:Job:InterimResult: {"sum": 25.2}',
    'PlanQK:Job:Result: {"sum": 42, "name": "ä\\u2028"}\n',
    "done\n",
]


def entries(*texts: str, seconds: Sequence[int] | None = None) -> list[Entry]:
    """Log entries, a second apart."""
    return [
        {
            "message": text,
            "severity": "INFO",
            "timestamp": f"2024-05-01T10:00:{seconds[at] if seconds else at:02}.000Z",
        }
        for at, text in enumerate(texts)
    ]


@dataclass
class Clock:
    """A clock that moves only when it is told to. It takes the place of the module `time`."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def passing(self, seconds: float) -> Callable[[], None]:
        """What lets so many seconds pass when it is called."""

        def wait() -> None:
            self.now += seconds

        return wait


@dataclass
class Cut:
    """An answer of which only so many bytes come, head included; then the connection ends or breaks."""

    size: int
    breaks_off: bool = False


@dataclass
class Answer:
    """An answer of another kind."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Fault = Cut | Answer | None


def problem(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer that tells of an error, in JSON if it has a body."""
    return Answer(status, b"" if body is None else json.dumps(body).encode(), headers)


@dataclass
class Platform:
    """What the platform has, does, and was asked.

    Of the lists of what comes next, the last item is repeated for ever.
    """

    statuses: list[str] = field(default_factory=lambda: ["PENDING", "RUNNING", "RUNNING", "SUCCEEDED"])
    logs: list[list[Entry]] = field(default_factory=lambda: [entries(*LOG)])
    result: Any = None  # None if there is none
    no_result: Answer | None = None  # what comes instead
    faults: list[Fault] = field(default_factory=list)  # of the first requests to the API, in turn
    token_faults: list[Fault] = field(default_factory=list)
    needs_keys: bool = False
    lasting: int = 10**9  # requests to the API for which a token is good
    asked: list[str] = field(default_factory=list)  # the paths, in the API and of the tokens
    headers: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    used: int = 0  # requests with the latest token
    at_request: dict[int, Callable[[], object]] = field(default_factory=dict)
    indent: int | None = None  # of JSON

    def __call__(self, request: Request) -> None:
        _, path = request.call.split()
        self.asked.append(path)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.at_request.get(len(self.asked), lambda: None)()
        if path == "/token":
            body = request.rfile.read(int(request.headers["Content-Length"]))
            self._send(request, self._token(request, body), self.token_faults)
        else:
            self._send(request, self._answer(request, path), self.faults)

    @property
    def requests(self) -> list[str]:
        """What the API was asked, in short."""
        return [path.rpartition("/")[2] for path in self.asked if path != "/token"]

    def _token(self, request: Request, body: bytes) -> Answer:
        keys = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if keys != f"{KEY_ID}:{SECRET}" or b"grant_type=client_credentials" not in body:
            return self._json({"error": "invalid_client", "error_description": f"not {keys}"}, 401)
        self.tokens, self.used = self.tokens + 1, 0
        return self._json(
            {"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 3600}
        )

    def _answer(self, request: Request, path: str) -> Answer:
        self.used += 1
        is_current = request.headers["Authorization"] == f"Bearer token-{self.tokens}"
        if self.needs_keys and not (is_current and self.used <= self.lasting):
            return self._json({"message": f"not {request.headers['Authorization']}"}, 401)
        if path == f"/service/{ID}":
            return self._json({"id": ID, "createdAt": "2024", "status": _next(self.statuses)})
        if path == f"/service/{ID}/log":
            return self._json(_next(self.logs))
        if path == f"/service/{ID}/result" and self.result is not None:
            return self._json(self.result)
        if path == f"/service/{ID}/result" and self.no_result is not None:
            return self.no_result
        return self._json({"title": "Not Found", "status": 404}, 404)

    def _json(self, value: Any, status: int = 200) -> Answer:
        body = json.dumps(value, indent=self.indent).encode()
        return Answer(status, body, {"Content-Type": "application/json"})

    def _send(self, request: Request, answer: Answer, faults: list[Fault]) -> None:
        fault = faults.pop(0) if faults else None
        if isinstance(fault, Answer):
            answer = fault
        head = {"Content-Length": str(len(answer.body)), **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in head.items()]
        raw = "\r\n".join([*lines, "", ""]).encode() + answer.body
        if not isinstance(fault, Cut):
            request.wfile.write(raw)
            return
        request.wfile.write(raw[: fault.size])
        request.wfile.flush()
        if fault.breaks_off:
            request.reset()
        request.close_connection = True


def _next(values: list[Any]) -> Any:
    return values.pop(0) if len(values) > 1 else values[0]
