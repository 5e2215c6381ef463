"""Small engines: enough of their HTTP APIs for the real client libraries."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from planqk_protocol.captures import CaptureNotice

CUTS = pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.every_byte)])
"""Where connections are cut: at every byte, or at some, as tests without connections cut at every byte."""

Handle = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """A request, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body of an answer go at once: 40 ms less for each
    handle_request: Handle
    tls: ssl.SSLContext | None

    def setup(self) -> None:
        if self.tls:
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        if self.tls:
            self.request.close()  # the server knows only the connection without TLS

    def do_GET(self) -> None:  # the library calls it so
        type(self).handle_request(self)

    do_POST = do_DELETE = do_CONNECT = do_GET  # noqa: N815  # likewise

    @property
    def call(self) -> str:
        """Method and path, without the version of the API."""
        path = urlsplit(self.path).path
        return f"{self.command} {path}"

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def json(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, chunks: Iterator[bytes], *, is_chunked: bool = True, breaks_off: bool = False) -> None:
        """A body of unknown size, as it comes."""
        self.send_response(200)
        self.send_header(
            "Transfer-Encoding" if is_chunked else "Connection", "chunked" if is_chunked else "close"
        )
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
            self.wfile.flush()
        if is_chunked and not breaks_off:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = breaks_off or not is_chunked

    def reset(self) -> None:
        """Break the connection off, as a host does that is gone."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Nothing: standard error is the command's."""


def joined(pieces: Iterable[bytes | CaptureNotice]) -> bytes:
    """The bytes of an output in which nothing was lost."""
    chunks = []
    for piece in pieces:
        assert isinstance(piece, bytes)
        chunks.append(piece)
    return b"".join(chunks)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the client closed: standard error is the command's."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handle: Handle, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server on this machine; gives its address."""
    server = _Server(("127.0.0.1", 0), type("Handler", (Request,), {"handle_request": handle, "tls": tls}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
