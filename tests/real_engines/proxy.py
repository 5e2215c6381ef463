"""A Unix socket in front of another one, whose connections break."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Proxy:
    """Passes on what either side sends.

    Args:
        path: Where it listens.
        behind: The socket behind it.

    Attributes:
        refuses: Whether it closes new connections at once.
    """

    def __init__(self, path: Path, behind: Path) -> None:
        self._behind = behind
        self.refuses = False
        self._open: set[socket.socket] = set()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            if self.refuses:
                return
            engine.connect(str(self._behind))
            self._open.add(engine)
            asking = threading.Thread(target=_pass, args=(client, engine), daemon=True)
            asking.start()
            _pass(engine, client)
            asking.join()
            self._open.remove(engine)

    def break_all(self) -> int:
        """Break all connections, and tell how many these were."""
        broken = list(self._open)
        for engine in broken:
            _end(engine)
        return len(broken)

    def close(self) -> None:
        _end(self._server)
        self._server.close()


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(100):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(side: socket.socket) -> None:
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)


@contextmanager
def broken(path: Path, behind: Path) -> Iterator[Proxy]:
    """A proxy for the time of a test."""
    proxy = Proxy(path, behind)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
