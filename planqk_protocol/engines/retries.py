"""Requests that are made again while the platform does not answer them, and what their errors mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from planqk_protocol.engines.bounded_http import BadAnswerError, LateError, SettingsError
from planqk_protocol.engines.container import EngineError
from planqk_protocol.excerpts import excerpt

__all__ = [
    "BrokenError",
    "Retries",
    "UnauthorizedError",
    "UnreachableError",
    "WrongPlaceError",
    "error_of_request",
]

_T = TypeVar("_T")

_TRIES = 12  # of one request: some three minutes, in which a gateway can be restarted
_TRIES_AT_A_WRONG_PLACE = 2
_TOKENS = 2  # new access tokens for one request
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0  # seconds before another try; each delay is twice the one before
_LONGEST_CAUSE = 200  # characters of why a connection failed
_OF_OPENSSL = re.compile(r"^\[[A-Z0-9_: ]+\] | \(_ssl\.c:\d+\)$")  # what Python's ssl puts around its words
_NOT_HTTP = re.compile("illegal|Invalid URL")  # the words of h11 0.16.0, and of httpx 0.28.1 for a redirect
_ADVICE = {  # by what stands in the words of why a connection failed; the first that fits is given
    "WRONG_VERSION_NUMBER": "the server speaks no TLS there; if the address is right, use http",
    "CERTIFICATE_VERIFY_FAILED": "check the address; SSL_CERT_FILE names a file of certificates to trust",
    "": "check the address, and whether the service is up",
}
_OF_PROXIES = "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
_LONGEST_RETRY_AFTER = 300.0  # seconds; a server that asks for more is asked again then


class BrokenError(EngineError):
    """The platform does not answer, or its answer cannot be read. Another try may help.

    Attributes:
        advice: What to check if other tries do not help.
        retry_after: Seconds that the platform asks to wait; 0 if it does not ask.
    """

    def __init__(self, message: str, *, advice: str = "check the endpoint", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.advice = advice
        self.retry_after = retry_after


class UnreachableError(BrokenError):
    """Nothing listens at the address, or there is no such host."""


class WrongPlaceError(BrokenError):
    """An answer that the API never gives: most likely, something else is at the address."""


class UnauthorizedError(EngineError):
    """The platform does not accept the access token, or asks for one (401)."""


def error_of_request(error: Exception, cannot: str, peer: str, endpoint: str) -> EngineError | None:
    """The error that an exception of httpx or `bounded_http` means; ``None`` for other exceptions.

    An exception may quote the request with its secrets. So its text is shown only if there
    was no connection: then nothing was sent.

    Args:
        error: The exception.
        cannot: What cannot be done, for messages.
        peer: Who was asked, for messages.
        endpoint: What the address is called, for messages.
    """
    import httpx  # noqa: PLC0415  # heavy, and an extra

    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        cause = excerpt(_OF_OPENSSL.sub("", str(error)), _LONGEST_CAUSE)
        advice = next(advice for sign, advice in _ADVICE.items() if sign in str(error))
        return UnreachableError(f"cannot connect to {endpoint}: {cause}", advice=advice)
    if isinstance(error, SettingsError):
        return EngineError(str(error))
    if isinstance(error, httpx.ProxyError):
        return UnreachableError(f"the proxy refuses a connection to {endpoint}", advice=_OF_PROXIES)
    kind: type[BrokenError] = BrokenError
    if isinstance(error, BadAnswerError):
        said = str(error)
        kind = BrokenError if isinstance(error, LateError) else WrongPlaceError
    elif isinstance(error, httpx.RemoteProtocolError) and _NOT_HTTP.match(str(error)):
        said, kind = "the answer is not HTTP, or redirects to no address", WrongPlaceError
    elif isinstance(error, httpx.TimeoutException):
        said = f"{peer} does not answer"
    elif isinstance(error, httpx.TransportError):
        said = f"the connection to {peer} broke"
    else:
        return None
    return kind(f"{cannot}: {said}", advice=f"check {endpoint}")


class Retries:
    """Makes requests until they are answered.

    Args:
        sleep: Waits for a number of seconds.
        renew_token: Drops the access token. Returns whether there can be another one.
        tell: Called with messages for people: why a request was in vain.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None],
        renew_token: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._sleep = sleep
        self._renew_token = renew_token
        self._tell = tell
        self._was_answered = False  # any request

    def until_answered(self, request: Callable[[], _T]) -> _T:
        """Make a request, and make it again if another try may help.

        Raises:
            EngineError: The platform refuses, or all tries were in vain. A host that
                cannot be reached at all is tried once, and one that gives other answers
                than the API is tried twice: its name may be wrong.
        """
        tries = tokens = 0
        while True:
            try:
                answer = request()
            except UnauthorizedError:
                tokens += 1
                if tokens > _TOKENS or not self._renew_token():
                    raise
            except BrokenError as error:
                tries += 1
                if isinstance(error, UnreachableError) and not self._was_answered:
                    raise EngineError(f"{error}; {error.advice}") from None
                is_wrong = isinstance(error, WrongPlaceError) and not self._was_answered
                if is_wrong and tries >= _TRIES_AT_A_WRONG_PLACE:
                    raise EngineError(f"{error}; {error.advice}") from None
                if tries == _TRIES:
                    raise EngineError(
                        f"{error}; gave up after {tries} tries, so run it again later"
                    ) from None
                self._tell(f"{error}; trying again")
                asked = min(error.retry_after, _LONGEST_RETRY_AFTER)
                self._sleep(max(asked, min(_FIRST_DELAY * 2 ** (tries - 1), _LONGEST_DELAY)))
            else:
                self._was_answered = True
                return answer
