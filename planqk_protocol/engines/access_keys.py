"""The access keys of PlanQK's Service API, and the access token that they bring.

The client takes the keys as the arguments ``access_key_id`` and ``secret_access_key``
(qhub-service 2.0.0, README, and planqk-service-sdk 2.12.1, README). Neither documents names of
variables for them, so the names here are made of those of the arguments. The variables and
the file that qhub-api reads by itself (``KQH_PERSONAL_ACCESS_TOKEN`` and others; qhub-api
3.3.0, qhub/api/credentials.py) hold tokens of other APIs. They are not read here.

A token is asked for as qhub.service.client.HubServiceAuth does (qhub-service 2.0.0): by RFC 6749,
section 4.4, with the keys as user name and password. Its client is not used, as its answers are
not bounded, and as it does not tell the status of an answer.

The secret goes to the token endpoint only. What that answers is never shown, save for the
code of an error: it might quote the request.
"""

from __future__ import annotations

import math
import os
import re
import time
from contextlib import suppress
from typing import Any, Final

import msgspec

from planqk_protocol.engines.bounded_http import BoundedClient
from planqk_protocol.engines.container import EngineError
from planqk_protocol.engines.endpoints import check_endpoint
from planqk_protocol.engines.retries import BrokenError, WrongPlaceError, error_of_request
from planqk_protocol.excerpts import excerpt

__all__ = ["AccessKeys", "without_secrets"]

_ID, _SECRET = "PLANQK_ACCESS_KEY_ID", "PLANQK_SECRET_ACCESS_KEY"  # names of variables
_TOKEN_ENDPOINT = "PLANQK_TOKEN_ENDPOINT"  # noqa: S105  # likewise
_DEFAULT_ENDPOINT = "https://gateway.hub.kipu-quantum.com/token"  # qhub-service 2.0.0, client.py
_EARLIER = 120.0  # seconds before its end at which a token is renewed, as the client does
_REDIRECT, _TOO_MANY, _SERVER_ERROR = 300, 429, 500  # statuses of HTTP
_MAY_PASS = {"server_error", "temporarily_unavailable", "slow_down"}  # RFC 6749, 4.1.2.1; RFC 8628, 3.5
_CANNOT = "cannot get an access token"
_PLACE = f"the token endpoint ({_TOKEN_ENDPOINT}, or that of the client)"
_LONGEST_TEXT = 1000  # characters of a text from the platform; messages show fewer
_SHORTEST_SECRET = 4  # characters; shorter texts are hidden in no message, as they occur in words


class AccessKeys:
    """The access keys of an application, and its current access token.

    Args:
        key_id: The id of the key.
        secret: Its secret.
        token_endpoint: The address that gives tokens for keys; by default, that of the client.
    """

    NAMES: Final = f"{_ID} and {_SECRET}"

    def __init__(self, key_id: str, secret: str, token_endpoint: str | None = None) -> None:
        self._keys = (key_id, secret)
        self._endpoint = token_endpoint or _DEFAULT_ENDPOINT
        self._http: BoundedClient | None = None
        self._token = ""
        self._end = 0.0  # when the token is to be renewed, on the monotonic clock

    @classmethod
    def of_environment(cls) -> AccessKeys | None:
        """The keys in the environment; ``None`` if there are none.

        Raises:
            EngineError: Only one of the two variables is set, or a variable holds what it cannot hold.
        """
        key_id, secret = os.environ.get(_ID), os.environ.get(_SECRET)
        if key_id and secret:
            for name, key in ((_ID, key_id), (_SECRET, secret)):
                if not (key.isascii() and key.isprintable()):
                    raise EngineError(f"{name} holds characters that are not printable ASCII; correct it")
            endpoint = os.environ.get(_TOKEN_ENDPOINT)
            if endpoint and not check_endpoint(endpoint, f"token endpoint ({_TOKEN_ENDPOINT})"):
                raise EngineError(
                    f"{_TOKEN_ENDPOINT} is not encrypted (http), so others could read the secret; use https"
                )
            return cls(key_id, secret, endpoint)
        if not (key_id or secret):
            return None
        is_set, is_missing = (_ID, _SECRET) if key_id else (_SECRET, _ID)
        raise EngineError(f"{is_set} is set, and {is_missing} is not; set both, or neither")

    def token(self) -> str:
        """The access token. It is asked for when there is none, and when it is about to expire.

        Raises:
            BrokenError: The token endpoint does not answer. Another try may help.
            EngineError: It refuses the keys.
        """
        if not self._token or time.monotonic() >= self._end:
            answer = self._ask()
            try:
                token, seconds = answer["access_token"], _seconds(answer.get("expires_in", math.inf))
            except (KeyError, TypeError, ValueError):
                raise WrongPlaceError(
                    f"{_CANNOT}: there is none in the answer of the token endpoint",
                    advice=f"check {_TOKEN_ENDPOINT}",
                ) from None
            if not (isinstance(token, str) and token.isascii() and token.isprintable()):
                raise EngineError(f"{_CANNOT}: it is not printable ASCII; check {_TOKEN_ENDPOINT}")
            self._token, self._end = token, time.monotonic() + seconds - _EARLIER
        return self._token

    def drop_token(self) -> None:
        """Forget the access token, so that the next request asks for a new one."""
        self._end = 0.0

    def close(self) -> None:
        """Close the connections to the token endpoint, even while another thread reads them."""
        if self._http:
            self._http.close()

    def _ask(self) -> Any:
        """Ask for a token. Return the answer, a JSON value."""
        try:
            self._http = self._http or BoundedClient()
            with self._http.limited():
                response = self._http.client.post(
                    self._endpoint, auth=self._keys, data={"grant_type": "client_credentials"}
                )
        except Exception as error:  # noqa: BLE001  # whatever goes wrong, its text might hold the secret
            known = error_of_request(error, _CANNOT, "the token endpoint", _PLACE)
            raise known or BrokenError(
                f"{_CANNOT}: the answer of the token endpoint cannot be read"
            ) from None
        answer = None
        with suppress(ValueError, RecursionError):
            answer = msgspec.json.decode(response.content)
        self._check(response.status_code, answer)
        return answer

    def _check(self, status: int, answer: Any) -> None:
        """Raise the error that an answer means, if it means one."""
        said = answer.get("error") if isinstance(answer, dict) else None
        code = said if isinstance(said, str) else None
        if code in _MAY_PASS:
            raise BrokenError(f"the token endpoint answers with {code}")
        answered = f"{_CANNOT}: the token endpoint answers with {status}"
        if status >= _SERVER_ERROR or status == _TOO_MANY:
            raise BrokenError(answered)
        if code:
            word = excerpt(self.hidden_in(code))
            raise EngineError(f"the token endpoint refuses the access keys: {word}; check {self.NAMES}")
        if status >= _REDIRECT:
            raise EngineError(f"{answered}; check {_TOKEN_ENDPOINT} and {self.NAMES}")

    def hidden_in(self, text: str) -> str:
        """The beginning of a text without the keys and the token: see `without_secrets`."""
        return without_secrets(text, self._token, *self._keys)


def without_secrets(text: str, *secrets: str) -> str:
    """The beginning of a text from the platform, in which secrets are hidden.

    A text is cut for a message, and half a secret would not be recognized. So it is cut
    here, once the secrets are hidden: after `_LONGEST_TEXT` characters, or after the
    secret that stands there.

    Args:
        text: The text.
        secrets: What is hidden, even if it is percent-encoded. The shortest ones are not.

    >>> without_secrets("no user me%2b1 here", "me+1")
    'no user *** here'
    """
    known = sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)
    spellings = "|".join(
        "".join(f"(?:{re.escape(sign)}|%{ord(sign):02x})" for sign in secret) for secret in known
    )
    parts, end = [], 0
    if known:
        reach = _LONGEST_TEXT + len("%xx") * len(known[0])  # holds each secret that begins in time
        for found in re.finditer(spellings, text[:reach], flags=re.IGNORECASE):
            if found.start() >= _LONGEST_TEXT:
                break
            parts += [text[end : found.start()], "***"]
            end = found.end()
    return "".join([*parts, text[end:_LONGEST_TEXT]])


def _seconds(value: Any) -> float:
    """A number of seconds, even if no float can hold it."""
    with suppress(OverflowError):
        return float(value)
    return math.inf
