"""Access keys of PlanQK and their tokens: they are used, renewed, and never shown."""

from __future__ import annotations

import re
import sys
import traceback

import pytest

from planqk_protocol import JobStatus
from planqk_protocol.engines import EngineError, planqk, service_api
from planqk_protocol.engines.access_keys import AccessKeys, without_secrets
from tests.engines.executions import followed, printed
from tests.engines.servers import Request, serving
from tests.engines.small_platform import ID, KEY_ID, SECRET, Answer, Clock, Cut, Platform, problem

Here = tuple[Platform, str]
KEYS = "PLANQK_ACCESS_KEY_ID and PLANQK_SECRET_ACCESS_KEY"


@pytest.fixture
def keys(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", platform[1].replace("/service", "/token"))


@pytest.mark.usefixtures("keys")
def test_access_keys_bring_a_token(platform: Here) -> None:
    server, endpoint = platform
    server.needs_keys = True
    found = followed(endpoint)
    assert found[:3] == (printed(), [], JobStatus.SUCCEEDED)
    assert server.tokens == 1
    assert not any(SECRET in str(headers) for headers in server.headers[1:])


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("lasting", [1, 2, 3])
def test_a_token_that_expires_is_renewed(platform: Here, lasting: int) -> None:
    server, endpoint = platform
    server.needs_keys, server.lasting = True, lasting
    assert followed(endpoint)[:3] == (printed(), [], JobStatus.SUCCEEDED)
    assert server.tokens > 2


@pytest.mark.usefixtures("keys")
def test_a_token_that_lasts_longer_than_a_float_can_say(platform: Here) -> None:
    server, endpoint = platform
    server.token_faults = [problem(200, {"access_token": "token-1", "expires_in": 10**400})]
    assert followed(endpoint)[:3] == (printed(), [], JobStatus.SUCCEEDED)
    assert server.asked.count("/token") == 1


@pytest.mark.usefixtures("keys")
def test_the_time_of_an_answer_is_without_that_of_the_token(
    platform: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses last as long as the answers about the log do, not as long as the token endpoint takes."""
    server, endpoint = platform
    clock, pauses = Clock(), list[float]()
    server.statuses = ["SUCCEEDED"]
    server.at_request = {
        1: clock.passing(50),
        4: clock.passing(40),
        5: clock.passing(7),
    }  # two tokens, and the log
    server.faults = [None, problem(401)]
    monkeypatch.setattr(service_api, "time", clock)
    monkeypatch.setattr(planqk, "_REST", 4)
    monkeypatch.setattr(planqk._ExecutionReader, "_sleep", lambda _, seconds: pauses.append(seconds))  # noqa: SLF001
    assert followed(endpoint).events == printed()
    assert pauses[0] == 4 * 7


@pytest.mark.usefixtures("keys")
def test_tokens_that_are_never_accepted(platform: Here) -> None:
    server, endpoint = platform
    server.faults = [problem(401)] * 9
    with pytest.raises(EngineError, match=r"does not accept the token of the access keys; .* \(401\)"):
        followed(endpoint)
    assert server.tokens == 3


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (problem(500), "cannot get an access token: the token endpoint answers with 500"),
        (problem(429), "cannot get an access token: the token endpoint answers with 429"),
        (
            problem(503, {"error": {"code": 1}}),
            "cannot get an access token: the token endpoint answers with 503",
        ),
        (Cut(9), "cannot get an access token: the connection to the token endpoint broke"),
        (problem(429, {"error": "slow_down"}), "the token endpoint answers with slow_down"),
    ],
)
def test_a_token_endpoint_that_does_not_answer(platform: Here, fault: Answer | Cut, message: str) -> None:
    server, endpoint = platform
    server.token_faults = [fault] * 2
    found = followed(endpoint)
    assert found.events == printed()
    assert re.search(message, found.told[0])
    server.token_faults = [fault] * 99
    with pytest.raises(EngineError, match=f"{message}; gave up"):
        followed(endpoint)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "fault",
    [
        problem(302),
        problem(403, {"message": "no"}),
        Answer(404, b"<html>"),
        problem(401, {"error": {"code": 401, "message": "bad key"}}),
        problem(400, {"error": ["x"]}),
    ],
)
def test_a_token_endpoint_that_is_none(platform: Here, fault: Answer) -> None:
    server, endpoint = platform
    server.token_faults = [fault] * 9
    with pytest.raises(EngineError, match=f"answers with {fault.status}; check PLANQK_TOKEN_ENDPOINT and"):
        followed(endpoint)
    assert server.asked == ["/token"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("body", [b"<html>", b"{}", b"{", b"[1]", b'{"error": ["x"]}'])
def test_an_answer_without_a_token(platform: Here, body: bytes) -> None:
    """The secret is sent twice, not for minutes."""
    server, endpoint = platform
    server.token_faults = [Answer(200, body)]
    assert followed(endpoint).events == printed()
    server.asked, server.token_faults = [], [Answer(200, body)] * 99
    with pytest.raises(
        EngineError, match="there is none in the answer of the token endpoint; check PLANQK_TOKEN"
    ):
        followed(endpoint)
    assert server.asked == ["/token"] * 2


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:1/token", r"cannot connect to the token endpoint \(PLANQK_.*refused'"),
        ("http://gateway/token", r"PLANQK_TOKEN_ENDPOINT is not encrypted \(http\), .*; use https"),
        ("gateway/token", r"'gateway/token' is no token endpoint \(PLANQK_TOKEN_ENDPOINT\); give its"),
        ("https://a:hidden@b/token", r"the token endpoint \(PLANQK_TOKEN_ENDPOINT\) holds an @"),
    ],
)
def test_a_token_endpoint_that_gets_nothing(
    platform: Here, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    server, endpoint = platform
    monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", address)
    with pytest.raises(EngineError, match=message) as raised:
        followed(endpoint)
    assert "hidden" not in str(raised.value)
    assert server.asked == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("name", ["PLANQK_ACCESS_KEY_ID", "PLANQK_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("value", ["a\u20acb", "a\nb"])
def test_keys_that_cannot_be_sent(
    platform: Here, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(EngineError, match=f"{name} holds characters that are not printable ASCII") as raised:
        followed(platform[1])
    assert value not in str(raised.value)


def test_secrets_are_hidden_in_any_spelling() -> None:
    keys = AccessKeys(KEY_ID, "s+cr/t &x")
    for spelling in ("s+cr/t &x", "s%2Bcr%2Ft%20%26x", "s%2bcr/t%20&x", "%73+cr/t &x"):
        assert keys.hidden_in(f"<{spelling}>") == "<***>"


@pytest.mark.parametrize("before", [0, 990, 995, 999, 1000, 5000])
@pytest.mark.parametrize("size", [4, 60, 360, 1300, 5000])
@pytest.mark.parametrize("is_encoded", [False, True])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(before: int, size: int, *, is_encoded: bool) -> None:
    secret = "s" * size
    spelling = "%73" * size if is_encoded else secret
    shown = without_secrets("-" * before + f"{spelling} " * 4, "of-another", secret)
    assert set(shown) <= set("-* ")
    assert len(shown) <= 1000 + len("***")
    assert shown.startswith("-" * min(before, 1000))


def test_the_longest_secret_is_hidden_where_one_begins_with_another() -> None:
    assert without_secrets("<me-and-more> <me-and>", "me-and", "me-and-more") == "<***> <***>"


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("size", [40, 300])
def test_a_long_token_is_hidden_in_messages(platform: Here, size: int) -> None:
    """A JWT may be longer than what a message shows of an answer."""
    server, endpoint = platform
    token = "pArT" * size
    server.token_faults = [problem(200, {"access_token": token, "expires_in": 3600})]
    server.faults = [problem(400, {"detail": f"bad token: {token} {token} {token} {token}"})]
    with pytest.raises(EngineError, match=r"with 400 and 'bad token: \*\*\*") as raised:
        followed(endpoint)
    assert "pArT" not in str(raised.value)


@pytest.mark.usefixtures("keys")
def test_secrets_in_other_answers_are_hidden(platform: Here) -> None:
    server, endpoint = platform
    server.statuses = ["token-1 word", "SUCCEEDED"]
    assert any("'*** word'" in message for message in followed(endpoint).told)
    server.faults = [problem(302, Location=f"https://other.example/{SECRET}")]
    with pytest.raises(EngineError, match=r"to 'https://other.example/\*\*\*'"):
        followed(endpoint)
    server.token_faults = [problem(401, {"error": f"invalid_client {SECRET}"})]
    with pytest.raises(EngineError, match=r"refuses the access keys: 'invalid_client \*\*\*'; check"):
        followed(endpoint)


@pytest.mark.usefixtures("keys")
def test_keys_that_are_refused(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(
        EngineError, match=f"the token endpoint refuses the access keys: 'invalid_client'; check {KEYS}"
    ) as raised:
        followed(endpoint)
    assert "another-secret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.usefixtures("keys")
def test_secrets_are_never_shown(platform: Here, capfd: pytest.CaptureFixture[str]) -> None:
    """Not even where the platform quotes them."""
    server, endpoint = platform
    quoting = {"message": f"token-1 {KEY_ID} {SECRET}"}
    server.faults = [problem(503, quoting), problem(422, quoting)]
    told: list[str] = []
    with pytest.raises(EngineError) as raised:
        planqk.follow(endpoint, ID, tell=told.append)
    shown = "".join([*told, *traceback.format_exception(raised.value), *capfd.readouterr()])
    assert "answers with 422 and '*** *** ***'" in shown
    assert not any(secret in shown for secret in (KEY_ID, SECRET, "token-1"))
    assert SECRET not in repr(AccessKeys(KEY_ID, SECRET))
    assert AccessKeys("", "").hidden_in("a text") == "a text"


@pytest.mark.usefixtures("keys")
def test_a_token_that_cannot_be_sent_is_not_shown(platform: Here) -> None:
    server, endpoint = platform
    bad = {"access_token": "to\nken", "expires_in": 3600, "token_type": "bearer"}
    server.token_faults = [problem(200, bad)]
    with pytest.raises(EngineError) as raised:
        followed(endpoint)
    assert "ken" not in str(raised.value).replace("token", "")


@pytest.mark.usefixtures("keys")
def test_one_key_alone(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", "")
    with pytest.raises(
        EngineError, match=r"^PLANQK_SECRET_ACCESS_KEY is set, and PLANQK_ACCESS_KEY_ID is not; set"
    ):
        followed(endpoint)
    monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.delenv("PLANQK_SECRET_ACCESS_KEY")
    with pytest.raises(
        EngineError, match=r"^PLANQK_ACCESS_KEY_ID is set, and PLANQK_SECRET_ACCESS_KEY is not; set"
    ):
        followed(endpoint)


@pytest.mark.usefixtures("keys")
def test_a_redirect_gets_nothing(platform: Here) -> None:
    """Neither the keys nor the token go to the place of a redirect."""
    server, endpoint = platform
    asked: list[str] = []

    def other(request: Request) -> None:
        asked.append(request.path)
        request.json({"status": "SUCCEEDED"})

    with serving(other) as address:
        away = problem(307, Location=f"http://{address}/service")
        server.faults = [away]
        with pytest.raises(EngineError, match="redirects"):
            followed(endpoint)
        server.token_faults = [away] * 99
        with pytest.raises(EngineError, match="token endpoint"):
            followed(endpoint)
    assert asked == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("endpoint", "is_told"),
    [
        ("http://gateway/service", True),
        ("http://localhost/service", False),
        ("https://gateway/service", False),
    ],
)
def test_a_token_on_an_open_line_is_told(endpoint: str, *, is_told: bool) -> None:
    api = service_api.ServiceApi(endpoint, ID, None)
    assert [("not encrypted" in caveat) for caveat in api.caveats] == [True] * is_told
    api.close()


@pytest.mark.usefixtures("keys")
def test_a_library_that_is_missing(platform: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, endpoint = platform
    monkeypatch.setitem(sys.modules, "qhub.api.service", None)
    with pytest.raises(EngineError, match=r"is missing; run .* install '\.\[planqk\]'"):
        followed(endpoint)
