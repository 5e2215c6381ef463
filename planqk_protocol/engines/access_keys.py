"""The access keys of PlanQK's Service API, and the access token that they bring.

The client takes the keys as the arguments ``access_key_id`` and ``secret_access_key``
(qhub-service 2.0.0, README, and planqk-service-sdk 2.12.1, README). Neither documents names of
variables for them, so the names here are made of those of the arguments. The variables and
the file that qhub-api reads by itself (``KQH_PERSONAL_ACCESS_TOKEN`` and others; qhub-api
3.3.0, qhub/api/credentials.py) hold tokens of other APIs. They are not read here.

The secret goes to the token endpoint only. What that answers is never shown, save for the
code of an error: it might quote the request.
"""

from __future__ import annotations

import os
import warnings
from typing import Any, Final

from planqk_protocol.engines.container import EngineError
from planqk_protocol.engines.retries import BrokenError
from planqk_protocol.excerpts import excerpt

__all__ = ["AccessKeys"]

_ID, _SECRET = "PLANQK_ACCESS_KEY_ID", "PLANQK_SECRET_ACCESS_KEY"  # names of variables
_TOKEN_ENDPOINT = "PLANQK_TOKEN_ENDPOINT"  # noqa: S105  # likewise
_MAY_PASS = {"server_error", "temporarily_unavailable", "slow_down"}  # RFC 6749, 4.1.2.1; RFC 8628, 3.5
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
        self._arguments = (key_id, secret, *([token_endpoint] if token_endpoint else []))
        self._auth: Any = None  # the client's own object, which keeps the token until it expires
        self._token = ""

    @classmethod
    def of_environment(cls) -> AccessKeys | None:
        """The keys in the environment; ``None`` if there are none.

        Raises:
            EngineError: Only one of the two variables is set.
        """
        key_id, secret = os.environ.get(_ID), os.environ.get(_SECRET)
        if key_id and secret:
            return cls(key_id, secret, os.environ.get(_TOKEN_ENDPOINT))
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
        if self._auth is None:
            with warnings.catch_warnings(record=True):  # authlib 1.9.9 warns that it will change its library
                from qhub.service.client import HubServiceAuth  # noqa: PLC0415  # heavy, and an extra
            self._auth = HubServiceAuth(*self._arguments)
        from authlib.integrations.base_client import OAuthError  # noqa: PLC0415  # heavy, and an extra

        try:
            self._token = str(self._auth.get_token())
        except OAuthError as error:
            if error.error in _MAY_PASS:
                raise BrokenError(f"the token endpoint answers with {error.error}") from None
            raise EngineError(
                f"the token endpoint refuses the access keys: {excerpt(str(error.error))}; check {self.NAMES}"
            ) from None
        except Exception as error:  # noqa: BLE001  # whatever goes wrong, its text might hold the secret
            self.drop_token()  # the client's object keeps an answer without a token
            kind = type(error).__name__
            raise BrokenError(f"cannot get an access token from the token endpoint ({kind})") from None
        return self._token

    def drop_token(self) -> None:
        """Forget the access token, so that the next request asks for a new one."""
        self._auth = None

    def hidden_in(self, text: str) -> str:
        """A text from the platform without the keys and the token, should it quote them."""
        for secret in (self._token, *self._arguments[:2]):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text
