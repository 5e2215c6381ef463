"""What the platform refuses, and what it does not answer."""

from __future__ import annotations

import gzip
import re
import sys
from typing import Any

import httpx
import pytest

from planqk_protocol.engines import EngineError, bounded_http, planqk, retries
from tests.engines.executions import followed, printed
from tests.engines.small_platform import ID, Answer, Cut, Platform, entries, problem

Here = tuple[Platform, str]
TRIES = 12
KEYS = "PLANQK_ACCESS_KEY_ID and PLANQK_SECRET_ACCESS_KEY"


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (problem(400, {"title": "Bad Request"}), "with 400 and 'Bad Request'; check the endpoint and the id"),
        (problem(401), f"the platform asks for access keys; set {KEYS} (401)"),
        (problem(403, {"message": "no"}), "does not permit it (403); use the access keys of an application"),
        (problem(304), "the platform answers with 304; check the endpoint and the id"),
        (problem(418, {"detail": "x" * 10**6}), "answers with 418 and 'xxx"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_at_once(platform: Here, after: int, answer: Answer, message: str) -> None:
    server, endpoint = platform
    server.faults = [*[None] * after, answer]
    with pytest.raises(EngineError, match=re.escape(message)) as raised:
        followed(endpoint)
    assert len(str(raised.value)) < 400
    assert len(server.requests) == after + 1


SENT = "access tokens are sent to no other place than the one that is given"
LONG = "https://gateway.hub.kipu-quantum.com/4fe6a1f2-8d7c-4b30/optimizer/1.0.0"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (f"{LONG}/{ID}", f"; give ENDPOINT as '{LONG}'"),
        (f"{LONG}/{ID}/log?token=hidden", f"; give ENDPOINT as '{LONG}'"),
        (f"https://me:hidden@other.example/a/{ID}#hidden", "; give ENDPOINT as 'https://other.example/a'"),
        (f"//me@hidden:hidden@other.example/{ID}", "; give ENDPOINT as 'http://other.example'"),
        (
            f"https://other.example/{'x' * 400}/{ID}",
            f"; give ENDPOINT as 'https://other.example/{'x' * 278}'…(+122)",
        ),
        (f"/{ID}/1.0/{ID}/log", f"; give ENDPOINT as 'http://HERE/{ID}/1.0'"),
        (f"/service/{ID}/", f" to 'http://HERE/service/{ID}/'; check the endpoint"),
        (f"http://other.example]/{ID}2", f" to 'http://other.example]/{ID}2'; check the endpoint"),
        (f"/elsewhere/{ID}", "; give ENDPOINT as 'http://HERE/elsewhere'"),
        (
            "https://login.example/?next=hidden",
            " to 'https://login.example/'; check the endpoint",
        ),
    ],
)
def test_a_redirect_tells_the_endpoint_to_give(platform: Here, location: str, said: str) -> None:
    server, endpoint = platform
    server.faults = [problem(302, Location=location)]
    with pytest.raises(EngineError) as raised:
        followed(endpoint)
    said = said.replace("HERE", endpoint.split("/")[2])
    assert str(raised.value) == f"cannot read execution '{ID}': the endpoint redirects (302){said}; {SENT}"


def test_an_execution_that_is_not_there(platform: Here) -> None:
    server, endpoint = platform
    for name in ("other", "../log", "a?b", "a#b", "a/b", "é"):
        with pytest.raises(
            EngineError, match=r"there is no execution .* \(404\); check the endpoint and the id"
        ):
            planqk.follow(endpoint, name)
    assert server.asked == [
        f"/service/{name}" for name in ("other", "..%2Flog", "a%3Fb", "a%23b", "a%2Fb", "%C3%A9")
    ]
    for name in ("", ".", "..", "\udcff"):
        with pytest.raises(EngineError, match="is not the id of an execution"):
            planqk.follow(endpoint, name)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("", "'' is no endpoint; give its address"),
        ("gateway/service", "is no endpoint"),
        ("ftp://gateway/service", "is no endpoint"),
        ("https:///service", "is no endpoint"),
        ("https://[gateway/service", "is no endpoint"),
        *(
            (address, r"^the endpoint holds a query \(\?\) or a fragment \(#\); leave it out$")
            for address in (
                "https://gateway/service?key=hidden",
                "https://gateway/service#hidden",
                "https://gateway/service?",
                "gateway/service?token=hidden#hidden",
            )
        ),
        *(
            (address, "^the endpoint holds an @; leave out user names, and write %40 in a path$")
            for address in (
                "https://me:hidden@gateway/service",
                "me:hidden@gateway/service",
                "https://me:hi?hidden@gateway",
                "https://gateway/@hidden/service",
            )
        ),
        ("http://127.0.0.1:99999/service", "is no endpoint"),
        ("http://127.0.0.1:port/service", "is no endpoint"),
        ("http://127.0.0.1 :1/service", "is no endpoint"),
        ("http://127.0.0.1:1/\x1b[2J", r"x1b\[2J' is no endpoint"),
        ("http://gatew\xe4y/service", "is no endpoint"),
        ("http://gateway/\udcff", "is no endpoint"),
        ("http://127.0.0.1:1/service", "cannot connect to the endpoint: .*; check the address"),
    ],
)
def test_an_endpoint_that_is_none(monkeypatch: pytest.MonkeyPatch, endpoint: str, message: str) -> None:
    monkeypatch.delenv("PLANQK_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("PLANQK_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(EngineError, match=message) as raised:
        planqk.follow(endpoint, ID)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (problem(500, {"error": "boom"}), "the platform answers with 500 and 'boom'"),
        (problem(503), "the platform answers with 503"),
        (problem(429, {"status": 429}), "the platform answers with 429"),
        (problem(408, "text"), "the platform answers with 408 and 'text'"),
        (Cut(5), "the connection to the platform broke"),
    ],
)
def test_what_may_pass_is_asked_for_again_for_a_while(
    platform: Here, fault: Answer | Cut, message: str
) -> None:
    server, endpoint = platform
    server.faults = [*[fault] * (TRIES - 1)]
    found = followed(endpoint)
    assert found.events == printed()
    assert found.told[0] == f"cannot read execution '{ID}': {message}; trying again"
    server.statuses = ["RUNNING"]
    server.faults = [None, None, *[fault] * TRIES]
    with pytest.raises(EngineError, match=f"{re.escape(message)}; gave up after 12 tries, so run it again"):
        followed(endpoint)


@pytest.mark.parametrize("body", [b'{"message": "a"}', b"42"])
def test_a_log_that_is_no_list(platform: Here, body: bytes) -> None:
    server, endpoint = platform
    server.faults = [None, Answer(200, body)]
    found = followed(endpoint)
    assert found.events == printed()
    assert any(said.endswith("the answer is not a list of log entries; trying again") for said in found.told)


def test_an_error_without_a_body_is_no_log(platform: Here) -> None:
    """The client takes it as a log that is not there, whatever its status."""
    server, endpoint = platform
    server.statuses = ["SUCCEEDED"]
    server.faults = [None, *[problem(503)] * 9]
    assert followed(endpoint).events == printed()
    server.faults = [None, problem(403)]
    with pytest.raises(EngineError, match="403"):
        followed(endpoint)


def test_large_answers_are_refused(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    server, endpoint = platform
    monkeypatch.setattr(bounded_http, "_LARGEST_ANSWER", 1000)
    server.logs = [entries("x" * 1000)]
    with pytest.raises(EngineError, match=r"the answer has more than \d+ MiB; download the log with curl"):
        followed(endpoint)
    with pytest.raises(EngineError, match=r"the answer has more than \d+ MiB; download the log with curl"):
        list(planqk.follow("", ID, client=_client(endpoint)))


def _client(endpoint: str) -> Any:
    from qhub.api.service import HubServiceClient  # noqa: PLC0415  # an extra

    class Client:
        with httpx.Client() as http:
            body = http.get(f"{endpoint}/{ID}/log").content
        mock = httpx.Client(
            transport=httpx.MockTransport(lambda request: httpx.Response(200, content=Client.answer(request)))
        )
        api = HubServiceClient(base_url=endpoint, token="-", httpx_client=mock).service_api  # noqa: S106

        @staticmethod
        def answer(request: Any) -> bytes:
            return Client.body if request.url.path.endswith("/log") else b'{"status": "SUCCEEDED"}'

    return Client


@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [
        ("7", 7, 7),
        ("100000", 300, 300),
        ("9" * 400, 300, 300),
        ("-5", 0.5, 0.5),
        ("soon", 0.5, 0.5),
        ("", 0.5, 0.5),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.5, 0.5),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300, 300),
        (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", 0.5, 0.5),
        (f"Mon, 01 Jan 2027 00:00:00 +{'9' * 20}", 0.5, 0.5),
    ],
)
def test_pauses_between_tries(
    platform: Here, monkeypatch: pytest.MonkeyPatch, retry_after: str, shortest: float, longest: float
) -> None:
    """They are as long as the platform asks for, within bounds; otherwise each is twice the one before."""
    server, endpoint = platform
    pauses: list[float] = []
    monkeypatch.setattr(retries, "_FIRST_DELAY", 0.5)
    monkeypatch.setattr(
        "planqk_protocol.engines.planqk._ExecutionReader._sleep",
        lambda _self, seconds: pauses.append(seconds),
    )
    server.faults = [problem(429, None, **{"Retry-After": retry_after}), *[problem(503)] * 8]
    followed(endpoint)
    assert shortest <= pauses[0] <= longest
    assert pauses[1:9] == [1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize("name", ["httpx", "qhub.api.service"])
def test_a_library_that_is_missing(platform: Here, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _, endpoint = platform
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineError, match=r"is missing; run .* install '\.\[planqk\]'"):
        followed(endpoint)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Answer(200, b"<!DOCTYPE html>"), "the answer is a page of HTML"),
        (Answer(302, b"", {"Location": "a\x1b[2J"}), "the answer is not HTTP, or redirects to no address"),
        (Answer(200, b"It works!"), "the answer is not JSON, or was cut"),
        (Answer(200, b""), "the answer is not JSON, or was cut"),
        (Answer(200, b"\xff"), "the answer is not what the API says (UnicodeDecodeError)"),
        (Answer(200, b"[1]"), "the answer is not what the API says (TypeError)"),
        (Answer(200, b"null"), "the answer has no status"),
        (Answer(200, b'{"health": "up"}'), "the answer has no status"),
        (
            Answer(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
            "the answer is compressed, although that was not asked for",
        ),
    ],
)
def test_an_address_at_which_something_else_is(platform: Here, fault: Answer, message: str) -> None:
    """It is tried twice. Once the API has answered, it is asked again for a while."""
    server, endpoint = platform
    server.faults = [fault] * 99
    with pytest.raises(EngineError, match=f"{re.escape(message)}; check the endpoint"):
        followed(endpoint)
    assert len(server.asked) == 2
    server.faults = [None, None, *[fault] * (TRIES - 1)]
    found = followed(endpoint)
    assert found.events == printed()
    assert f"cannot read execution '{ID}': {message}; trying again" in found.told
    server.statuses = ["RUNNING"]
    server.faults = [None, None, *[fault] * TRIES]
    with pytest.raises(EngineError, match=f"{re.escape(message)}; gave up after 12 tries, so run it again"):
        followed(endpoint)


@pytest.mark.parametrize("address", ["ftp://gateway", "http://[::1"])
def test_a_client_without_an_address(address: str) -> None:
    from qhub.api.service import HubServiceClient  # noqa: PLC0415  # an extra

    class Client:
        api = HubServiceClient(base_url=address, token="-").service_api  # noqa: S106

    with pytest.raises(EngineError, match="the endpoint is no address of HTTP"):
        planqk.follow("", ID, client=Client)
