"""An HTTP client whose answers are bounded in size and time, and which another thread can close.

The timeouts of httpx hold for each read alone. So a server that sends a byte from time to
time, or answers 102 for ever, is waited for without end. Here, a timer shuts the
connections of a request that takes too long.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

__all__ = [
    "LOCAL_HOSTS",
    "BadAnswerError",
    "BoundedClient",
    "LateError",
    "SettingsError",
    "TooLargeError",
    "check_size",
]

_CONNECT_TIMEOUT, _SILENCE = 10.0, 30.0  # seconds to connect, and until the next bytes of an answer
_LONGEST_ANSWER = 300.0  # seconds until an answer is complete
_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")  # reached without a proxy, as addresses have them
_OPENED = (  # ends of the names of httpcore 1.0.9 (_sync/connection.py, _sync/http_proxy.py)
    ".connect_tcp.complete",
    ".start_tls.complete",  # before it, "connection", or "proxy" if TLS begins in a proxy's tunnel
)


_CERTIFICATES = "correct SSL_CERT_FILE and SSL_CERT_DIR"
_PROXIES = "correct HTTP_PROXY, HTTPS_PROXY and ALL_PROXY; for socks5://, install the package socksio"


class BadAnswerError(Exception):
    """An answer that is not read to its end. The message says why."""


class SettingsError(Exception):
    """A client cannot be made with the settings in the environment. The message says what to correct."""


class LateError(BadAnswerError):
    """An answer is not complete in time."""


class TooLargeError(BadAnswerError):
    """An answer has too many bytes."""


class BoundedClient:
    """An ``httpx.Client``, and the connections that it has open.

    Attributes:
        client: The client. It follows no redirects.

    Raises:
        SettingsError: What the environment says of proxies or of certificates cannot be used.
    """

    def __init__(self) -> None:
        import httpx  # noqa: PLC0415  # heavy, and an extra

        self._connections = deque[Any](maxlen=2)  # the latest one, with TLS and without
        self._is_closed = False
        self._is_late = False  # whether the current request has taken too long
        try:
            self.client = httpx.Client(
                timeout=httpx.Timeout(_SILENCE, connect=_CONNECT_TIMEOUT),
                follow_redirects=False,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"request": [self._trace], "response": [_bounded]},
                mounts=dict.fromkeys(f"all://{host}" for host in LOCAL_HOSTS),  # ``None`` is no proxy
            )
        except OSError:  # also those of SSL
            raise SettingsError(f"cannot read the certificates to trust; {_CERTIFICATES}") from None
        except (ImportError, ValueError, httpx.InvalidURL):  # their texts may quote a password
            raise SettingsError(f"cannot use the settings of the proxy; {_PROXIES}") from None

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Limit the time of the request that is made within.

        Raises:
            LateError: The answer was not complete in time.
        """
        self._is_late = False
        timer = threading.Timer(_LONGEST_ANSWER, self._end_request)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if not self._is_late:
                raise
        finally:
            timer.cancel()
        if self._is_late:  # even without an error: the end of a connection may end an answer
            raise LateError(f"the answer was not complete after {_LONGEST_ANSWER:g} s")

    def close(self) -> None:
        """Close all connections, even while other threads read them."""
        self._is_closed = True
        self._shut()
        self.client.close()

    def _end_request(self) -> None:
        self._is_late = True
        self._shut()

    def _shut(self) -> None:
        for connection in list(self._connections):
            with (
                suppress(OSError, ValueError, AttributeError),  # it is closed already
                socket.fromfd(
                    connection.get_extra_info("socket").fileno(), socket.AF_INET, socket.SOCK_STREAM
                ) as same,
            ):
                same.shutdown(socket.SHUT_RDWR)

    def _trace(self, request: Any) -> None:
        """Remember the connections that a request opens."""

        def note(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith(_OPENED):
                self._connections.append(info["return_value"])
                if self._is_closed or self._is_late:  # meanwhile, and nothing else closes what is opened
                    info["return_value"].close()

        request.extensions["trace"] = note


def check_size(size: int) -> None:
    """Check the bytes of an answer.

    Raises:
        TooLargeError: There are too many.
    """
    if size > _LARGEST_ANSWER:
        raise TooLargeError(f"the answer has more than {_LARGEST_ANSWER // 1024 // 1024} MiB")


def _bounded(response: Any) -> None:
    """Bound the size of an answer whose head has come."""
    import httpx  # noqa: PLC0415  # heavy, and an extra

    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadAnswerError("the answer is compressed, although that was not asked for")
    inner = response.stream

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in inner:
                size += len(chunk)
                check_size(size)
                yield chunk

        def close(self) -> None:
            inner.close()

    response.stream = Bounded()
