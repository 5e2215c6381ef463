"""A small engine that creates, starts, stops and removes one container of an image."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.engines.servers import Request
from tests.engines.small_engine import Engine, frame


class ImageEngine(Engine):
    """An engine with one image, ``job``.

    Attributes:
        created: What was asked of the container when it was created.
        errors: What the container prints on standard error.
        broken_errors: What the engine sends in place of a frame with errors.
        waits: Whether it runs until it is stopped.
        stopped_code: Its exit code then.
        changes: What it wrote to its file system.
        pulled: Whether the image is there.
        done: What was done to the container.
    """

    def __init__(self) -> None:
        super().__init__()
        self.created: dict[str, Any] = {}
        self.errors = b""
        self.broken_errors = b""
        self.waits = False
        self.stopped_code = 137
        self.changes: list[dict[str, object]] | None = None
        self.pulled = True
        self.start_error = ""
        self.done: list[str] = []
        self.driver = "json-file"
        self.stored = 0

    def __call__(self, request: Request) -> None:
        method, path = request.call.split()
        call = path.rpartition("/")[2]
        handlers: dict[str, Callable[[Request], None]] = {
            "POST create": self._create,
            "POST start": self._begin,
            "POST stop": self._stop,
            "DELETE 1d": self._remove,
            "GET changes": self._tell_changes,
        }
        handler = handlers.get(f"{method} {call}")
        if "/images/" in path:
            self._image(request, call)
        elif handler:
            handler(request)
        elif call == "attach" and "stderr" in request.query:
            request.stream(self._error_frames(), is_chunked=False)
        else:
            super().__call__(request)

    def _error_frames(self) -> Iterator[bytes]:
        while self.status == "created":
            self.exited.wait(0.01)
        if self.errors:
            yield frame(self.errors, 2)
        if self.broken_errors:
            yield self.broken_errors

    def _image(self, request: Request, call: str) -> None:
        if call == "create":
            self.done.append(f"pull {request.query['fromImage']}")
            self.pulled = True
            request.stream(iter([b'{"status":"pulled"}\n']))
        elif self.pulled:
            request.json({"Id": "sha256:1", "RepoTags": ["job:latest"]})
        else:
            request.json({"message": "No such image: job:latest"}, 404)

    def _create(self, request: Request) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if not self.pulled:
            request.json({"message": "No such image: job:latest"}, 404)
            return
        self.created = json.loads(body)
        self.looks = 1_000_000  # it is not started by being looked at
        self.status = "created"
        request.json({"Id": "1d"}, 201)

    def _begin(self, request: Request) -> None:
        self.done.append("start")
        if self.start_error:
            request.json({"message": self.start_error}, 400)
            return
        self.start()
        request.json({})

    def _stop(self, request: Request) -> None:
        self.done.append(f"stop {request.query['t']}")
        self.exit_code = self.stopped_code
        self.waits = False
        self.exit()
        request.json({})

    def _tell_changes(self, request: Request) -> None:
        if self.refused:
            request.json({"message": "the engine is busy"}, self.refused["changes"].pop())
        else:
            request.json(self.changes)

    def _remove(self, request: Request) -> None:
        self.done.append("remove")
        self.exited.set()
        request.json({})

    def exit(self) -> None:
        while self.waits:
            time.sleep(0.01)
        super().exit()
