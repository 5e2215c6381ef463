"""The Service API for a command or an image of Docker, on one's own machine: see docs/service_api.md.

It listens on 127.0.0.1 alone, and does not ask who calls.
"""

from __future__ import annotations

import argparse
import contextlib
import http
import json
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobs import Jobs
from log_entries import LIMITS
from planqk_protocol import runner
from planqk_protocol.runner import JobInput, JobInputError, Run
from store import Store

RESULT_FILE = "result.json"
MOST_REQUESTS = 100  # at the same time


class Service:
    """Answers the requests. Starlette calls what is not `async` in threads.

    Args:
        options: The options of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._service_id = str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([options.image, options.command])))
        self._store = Store(options.database)
        self._jobs = Jobs(
            self._store,
            self._run,
            owner=str(options.database.resolve()),
            concurrency=options.concurrency,
            log_bytes=options.log_bytes,
        )

    def app(self) -> Starlette:
        """The application for a server."""
        routes = [
            Route("/", self.executions),
            Route("/", self.start, methods=["POST"]),
            Route("/{id}", self.status, name="status"),
            Route("/{id}/result", self.result, name="result"),
            Route("/{id}/result/{file}", self.result_file, name="file"),
            Route("/{id}/interim-results", self.interim_results),
            Route("/{id}/log", self.log),
            Route("/{id}/cancel", self.cancel, methods=["PUT"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={HTTPException: problem})

    def executions(self, _request: Request) -> Response:
        """``GET /``: all executions, the oldest first."""
        return JSONResponse([self._shown(row) for row in self._store.executions()])

    async def start(self, request: Request) -> Response:
        """``POST /``: an execution for ``{"data": …, "params": …}``."""
        body = bytearray()
        async for chunk in request.stream():  # to its end, as a client that still sends sees no answer
            if len(body) <= self._options.body_bytes:
                body += chunk
        if len(body) > self._options.body_bytes:
            raise HTTPException(413, f"the body is longer than {self._options.body_bytes} bytes")
        return await run_in_threadpool(self._started, request, bytes(body))

    def status(self, request: Request) -> Response:
        """``GET /{id}``."""
        return JSONResponse(self._shown(self._row(request)))

    def result(self, request: Request) -> Response:
        """``GET /{id}/result``: the members of the result, beside `_links` and `_embedded`."""
        row = self._row(request)
        if row["result"] is None:
            return _no_result(row)
        links = {
            "self": request.url_for("result", id=row["id"]),
            "status": request.url_for("status", id=row["id"]),
            RESULT_FILE: request.url_for("file", id=row["id"], file=RESULT_FILE),
        }
        envelope = {
            "_links": {name: {"href": str(url)} for name, url in links.items()},
            "_embedded": {"status": self._shown(row)},
        }
        # As text, so that numbers keep their digits. Of a key that is there twice, the last one counts.
        value = row["result"] if row["result"].startswith(b"{") else b'{"result":' + row["result"] + b"}"
        members = value[1:-1].strip()
        content = b"{" + members + b"," * bool(members) + json.dumps(envelope).encode()[1:]
        return Response(content, media_type="application/json")

    def result_file(self, request: Request) -> Response:
        """``GET /{id}/result/result.json``: the result as the job printed it."""
        row = self._row(request)
        if request.path_params["file"] != RESULT_FILE:
            raise HTTPException(404, f"the only file is {RESULT_FILE}")
        if row["result"] is None:
            return _no_result(row)
        return Response(row["result"], media_type="application/octet-stream")

    def interim_results(self, request: Request) -> Response:
        """``GET /{id}/interim-results``: an array of all of them, or with ``?last=true`` of the last one."""
        row = self._row(request)
        if request.query_params.get("last", "false") == "true":
            values = [row["last_interim"]] if row["last_interim"] is not None else []
        else:
            values = self._store.interim(row["id"])
        return Response(b"[" + b",".join(values) + b"]", media_type="application/json")

    def log(self, request: Request) -> Response:
        """``GET /{id}/log``: the entries so far, the oldest first."""
        entries = self._store.log(self._row(request)["id"])
        return Response(f"[{','.join(entries)}]", media_type="application/json")

    def cancel(self, request: Request) -> Response:
        """``PUT /{id}/cancel``. An execution that has ended stays as it is."""
        self._jobs.cancel(self._row(request)["id"])
        return self.status(request)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(self._jobs.close)
        self._store.close()

    def _run(self, job_input: JobInput) -> Run:
        image, command, timeout = self._options.image, self._options.command, self._options.timeout
        if image:
            return runner.run_image(image, command, job_input=job_input, timeout=timeout, limits=LIMITS)
        return runner.run(command, job_input=job_input, timeout=timeout, limits=LIMITS)

    def _started(self, request: Request, body: bytes) -> Response:
        try:
            job_input, tags = _parsed(body)
        except JobInputError as error:
            raise HTTPException(400, str(error)) from None
        execution = self._store.add(job_input, tags, most_pending=self._options.queue)
        if execution is None:
            what = f"{self._options.queue} executions are pending; try again when one of them has begun"
            raise HTTPException(429, what, headers={"Retry-After": "1"})
        self._jobs.submit(execution)
        row = self._store.execution(execution)
        location = str(request.url_for("status", id=execution))
        return JSONResponse(self._shown(row), status_code=201, headers={"Location": location})

    def _row(self, request: Request) -> sqlite3.Row:
        try:
            return self._store.execution(request.path_params["id"])
        except KeyError:
            raise HTTPException(404, "there is no execution with this id") from None

    def _shown(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "id": row["id"],
            "createdAt": row["created"],
            "startedAt": row["started"],
            "endedAt": row["ended"],
            "status": row["status"],
            "type": "MANAGED",
            "serviceId": self._service_id,
            "serviceDefinitionId": self._service_id,
            "applicationId": None,
            "tags": json.loads(row["tags"]),
        }


def problem(_request: Request, error: Exception) -> Response:
    """A problem (RFC 7807) for an exception."""
    assert isinstance(error, HTTPException)  # noqa: S101  # for type checkers
    return _problem(error.status_code, error.detail, dict(error.headers or {}))


def _problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    content = {"title": http.HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def _no_result(row: sqlite3.Row) -> Response:
    """Why an execution has no result. Clients ask again if they get another status than 404."""
    if row["ended"] is None:
        return _problem(404, f"the execution is {row['status']}; there is no result before its end")
    return _problem(404, **json.loads(row["problem"]))


def _parsed(body: bytes) -> tuple[JobInput, list[str]]:
    """The input and the tags in a request. `qhub-service` puts tags beside the input."""
    if b'"$' not in body:
        return JobInput.of_request(body), []
    JobInput(body, names=("request", ""))  # what is not JSON is refused with its line and column
    try:
        values = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return JobInput.of_request(body), []  # refused, as it is no object
    except msgspec.DecodeError:  # it is JSON, as it was decoded above
        raise JobInputError("request: with $tags, an escape such as \\ud800 needs its second half") from None
    if "$secrets" in values:
        raise JobInputError("request: $secrets are not supported here")
    try:
        tags = msgspec.json.decode(values.pop("$tags", b"[]"), type=list[str])
    except msgspec.MsgspecError:
        raise JobInputError("request: $tags is not an array of strings") from None
    return JobInput.of_request(msgspec.json.encode(values)), tags


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Answer the Service API for a command or an image.")
    add = parser.add_argument
    add("command", nargs="*", help="the program and its arguments; with --image, its arguments")
    add("--image", help="an image of Docker to run in place of a program")
    add("--port", type=int, default=8080, help="port on 127.0.0.1; 0 chooses a free one")
    add("--database", type=Path, default="executions.sqlite", help="the file for all that is kept")
    add("--concurrency", type=int, default=2, help="jobs that run at the same time")
    add("--queue", type=int, default=100, help="executions that may be pending")
    add("--timeout", type=float, help="seconds until a job is ended; without, there is no limit")
    add("--body-bytes", type=int, default=16 << 20, help="length that a request may have")
    add("--log-bytes", type=int, default=8 << 20, help="length that the log of an execution may have")
    options = parser.parse_args()
    if not (options.command or options.image):
        parser.error("give a command, or --image")
    return options


def main() -> None:
    """Serve until a signal comes."""
    options = _options()
    try:
        service = Service(options)
    except sqlite3.DatabaseError as error:
        is_locked = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        sys.exit(f"{options.database}: {'another server uses it' if is_locked else error}")
    uvicorn.run(service.app(), host="127.0.0.1", port=options.port, limit_concurrency=MOST_REQUESTS)


if __name__ == "__main__":
    main()
