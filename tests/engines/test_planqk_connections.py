"""Connections to the platform: their time limits, their ends, proxies and TLS."""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from planqk_protocol.engines import EngineError, bounded_http, planqk, retries
from tests.engines.executions import followed
from tests.engines.servers import Request, serving
from tests.engines.small_platform import ID, KEY_ID, SECRET, Platform
from tests.engines.tunnels import HOST, tls_of_host, tunnel_to

Here = tuple[Platform, str]


def test_slow_answers_are_given_up(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    monkeypatch.setattr(bounded_http, "_LONGEST_ANSWER", -1.0)
    with pytest.raises(EngineError, match="the answer was not complete after -1 s; gave up"):
        followed(endpoint)


def test_silent_servers_are_given_up(monkeypatch: pytest.MonkeyPatch, platform: Here) -> None:
    server, endpoint = platform
    monkeypatch.setattr(bounded_http, "_SILENCE", 0.01)
    monkeypatch.setattr(retries, "_TRIES", 2)
    over = threading.Event()
    server.at_request = dict.fromkeys(range(1, 9), lambda: over.wait(60))
    with pytest.raises(EngineError, match="the platform does not answer; gave up after 2 tries"):
        followed(endpoint)
    over.set()


@pytest.mark.usefixtures("platform")
def test_a_host_that_drops_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once, as a host that refuses connections is."""
    tries: list[object] = []

    def drop(*_: object, **__: object) -> None:
        tries.append(None)
        raise httpcore.ConnectTimeout("timed out")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", drop)
    with pytest.raises(
        EngineError, match="cannot connect to the endpoint: 'timed out'; check the address, and"
    ):
        planqk.follow("http://192.0.2.1/service", ID)
    assert len(tries) == 1


@pytest.mark.usefixtures("platform")
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is not shown, as it may quote a password."""
    with serving(lambda request: request.json({}, 407)) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://me:hidden@{proxy}")
        with pytest.raises(EngineError) as raised:
            planqk.follow("https://service.example/service", ID)
    assert str(raised.value) == (
        "the proxy refuses a connection to the endpoint; check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.usefixtures("platform")
def test_what_is_sent_to_this_machine_goes_to_no_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str, scheme: str
) -> None:
    """The secret goes to local endpoints without encryption, so it must not leave the machine."""
    asked: list[tuple[str, int]] = []

    def refuse(_: object, host: str, port: int, **_others: object) -> None:
        asked.append((host, port))
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", refuse)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    with pytest.raises(EngineError, match="cannot connect to the endpoint"):
        planqk.follow(f"{scheme}://{host}:8000/service", ID)
    with pytest.raises(EngineError, match="cannot connect to the endpoint"):
        planqk.follow(f"{scheme}://service.example/service", ID)
    assert asked == [(host.strip("[]"), 8000), ("proxy.example", 3128)]


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize(
    ("has_tls", "cause", "advice"),
    [
        (False, "wrong version number", "the server speaks no TLS there; if the address is right, use http"),
        (
            True,
            "certificate verify failed: self-signed certificate",
            "check the address; SSL_CERT_FILE names a file of certificates to trust",
        ),
    ],
)
def test_why_there_is_no_connection_with_tls(
    platform: Here,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    has_tls: bool,
    cause: str,
    advice: str,
    is_token: bool,
) -> None:
    """The words of OpenSSL come without what Python puts around them."""
    own = tls_of_host(tmp_path / "certificate") if has_tls else None
    with serving(lambda _: None, own) as address:
        endpoint, place = f"https://{address}/service", "the endpoint"
        if is_token:
            monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
            monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
            monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", f"https://{address}/token")
            endpoint = platform[1]
            place = "the token endpoint (PLANQK_TOKEN_ENDPOINT, or that of the client)"
        with pytest.raises(EngineError) as raised:
            planqk.follow(endpoint, ID)
    assert str(raised.value) == f"cannot connect to {place}: {cause!r}; {advice}"


@pytest.mark.parametrize(
    "proxy", ["socks5://me:hidden@proxy", "ftp://me:hidden@proxy", "http://me:hidden@proxy:p"]
)
@pytest.mark.parametrize("has_keys", [False, True])
def test_a_proxy_that_cannot_be_used(
    platform: Here, monkeypatch: pytest.MonkeyPatch, proxy: str, *, has_keys: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("all_proxy", proxy)
    if has_keys:
        monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(
        EngineError, match=r"^cannot use the settings of the proxy; correct HTTP_PROXY,"
    ) as raised:
        followed(platform[1])
    assert "hidden" not in str(raised.value)


def test_certificates_that_cannot_be_read(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(ssl, "create_default_context", fail)
    with pytest.raises(
        EngineError, match=r"^cannot read the certificates to trust; correct SSL_CERT_FILE and"
    ):
        followed(platform[1])


def _without_end(head: bytes, part: bytes) -> Callable[[Request], None]:
    """An answer that goes on until the connection ends."""

    def answer(request: Request) -> None:
        with suppress(OSError):
            request.wfile.write(head)
            while True:
                request.wfile.write(part)
                request.wfile.flush()
                time.sleep(0.01)
        request.close_connection = True

    return answer


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
)
@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.usefixtures("platform")
def test_answers_without_end_are_given_up(
    monkeypatch: pytest.MonkeyPatch, head: bytes, part: bytes, *, is_token: bool
) -> None:
    monkeypatch.setattr(bounded_http, "_LONGEST_ANSWER", 0.1)
    monkeypatch.setattr(retries, "_TRIES", 2)
    message = "the answer was not complete after 0.1 s; gave up after 2 tries"
    with serving(_without_end(head, part)) as address:
        if is_token:
            monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
            monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
            monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", f"http://{address}/token")
            message = "cannot get an access token: the answer was not complete .*; gave up after 2 tries"
        with pytest.raises(EngineError, match=message):
            planqk.follow(f"http://{address}/service", ID)


@pytest.mark.usefixtures("platform")
def test_connections_with_tls_are_closed_too() -> None:
    """What a request opens is remembered; what is opened after the end is closed at once."""
    client = bounded_http.BoundedClient()
    client.close()
    notes: list[Callable[..., None]] = []

    class Asked:
        extensions: dict[str, Any] = {}  # noqa: RUF012  # as httpx has it

    class Opened:
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    client._trace(Asked)  # noqa: SLF001
    notes.append(Asked.extensions["trace"])
    opened = Opened()
    notes[0]("connection.start_tls.complete", {"return_value": opened})
    notes[0]("http11.send_request_headers.started", {})
    assert opened.is_closed


def test_the_time_limit_holds_through_a_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a tunnel, TLS takes the connection over, and the one that was there before is of no use."""
    arrived, over = threading.Event(), threading.Event()
    certificate = tmp_path / "certificate"

    def answer(_request: Request) -> None:
        arrived.set()
        over.wait(60)

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with (
        serving(answer, tls_of_host(certificate)) as server,
        serving(tunnel_to(server)) as proxy,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        monkeypatch.setenv("https_proxy", f"http://{proxy}")
        client = bounded_http.BoundedClient()
        with ThreadPoolExecutor() as threads:
            reading = threads.submit(client.client.get, f"https://{HOST}/service")
            try:
                assert arrived.wait(60)
                client._end_request()  # noqa: SLF001  # as the timer does
                assert isinstance(reading.exception(30), httpx.HTTPError)
            finally:
                over.set()
        client.close()
