"""The requests to PlanQK's Service API about one execution, through its client library.

The client (qhub-api 3.3.0, made from the API's definition) is used for paths and headers.
Its tokens come from `access_keys`. What it makes of an answer is not used, for these reasons:

- It takes an answer without a body as a log that is not there, whatever the status
  (qhub/api/service/service_api/raw_client.py, get_logs). So the status is looked at here.
- It drops the spelling of numbers, and members that are not in its models get no types.
- It repeats failed requests by itself, and sleeps in between, where nothing can wake it
  (qhub/api/service/core/http_client.py, request). So it is told not to.
- It puts ids into paths as they are (qhub/api/service/core/jsonable_encoder.py,
  encode_path_param), so an id is quoted before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin

import msgspec

from planqk_protocol.engines.access_keys import AccessKeys, without_secrets
from planqk_protocol.engines.bounded_http import BoundedClient, TooLargeError, check_size
from planqk_protocol.engines.container import EngineError
from planqk_protocol.engines.endpoints import check_endpoint
from planqk_protocol.engines.platform_result import problem_in, value_of
from planqk_protocol.engines.retries import (
    BrokenError,
    UnauthorizedError,
    WrongPlaceError,
    error_of_request,
)
from planqk_protocol.errors import missing_extra
from planqk_protocol.excerpts import excerpt

__all__ = ["GoneError", "ServiceApi"]

_OPTIONS = {"max_retries": 0}
_OK, _REDIRECT, _BAD_REQUEST = 200, 300, 400  # the first status of each kind
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR = 401, 403, 404, 500
_LONGEST_ADDRESS = 300  # characters of an address that is shown
_LONGEST_WAIT = 10**9  # seconds; a larger integer may be none that a float can have
_DOWNLOAD = "download the log with curl, and read the file with --capture planqk-log"
_NOT_THE_API = "the answer is not what the API says"
_MAY_PASS = {408, 409, 425, 429}  # the client's own choice, and "too early"


class GoneError(EngineError):
    """The platform has no such thing (404)."""


class ServiceApi:
    """One execution of a service, as the Service API shows it.

    Args:
        endpoint: The service's address.
        execution_id: The id of the execution.
        client: A ``qhub.service.client.HubServiceClient``; ``None`` for one of its own.

    Attributes:
        caveats: Warnings about the connection, one sentence each.
        answer_time: Seconds that the latest answer took, without the request for a token.
    """

    def __init__(self, endpoint: str, execution_id: str, client: Any) -> None:
        self._name = f"execution {excerpt(execution_id)}"
        self._id = _quoted_id(execution_id)
        self._endpoint = endpoint
        self._own: BoundedClient | None = None  # the HTTP client, if it was made here
        self._keys = AccessKeys.of_environment() if client is None else None
        self.caveats: list[str] = []
        self.answer_time = 0.0
        with self._client_errors():
            self._requests = self._connect(endpoint) if client is None else client.api.with_raw_response

    def __str__(self) -> str:
        return self._name

    def _connect(self, endpoint: str) -> Any:
        from qhub.api.service import HubServiceClient  # noqa: PLC0415  # heavy, and an extra

        is_encrypted = check_endpoint(endpoint, "endpoint")
        if self._keys and not is_encrypted:
            self.caveats.append("the endpoint is not encrypted (http), so others can read the access token")
        self._own = BoundedClient()
        token = self._keys.token if self._keys else "none"
        client = HubServiceClient(base_url=endpoint, token=token, httpx_client=self._own.client)
        return client.service_api.with_raw_response

    def status(self) -> str:
        """Ask for the status, in the words of the API.

        Raises:
            GoneError: There is no such execution.
            EngineError: As `_ask`.
        """
        try:
            answer = msgspec.json.decode(self._ask("get_status"))
            status = answer["status"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise WrongPlaceError(f"cannot read {self}: the answer has no status") from None
        return self._hidden(status) if isinstance(status, str) else "UNKNOWN"

    def log(self) -> bytes:
        """Ask for the whole log: a JSON list, or nothing.

        Raises:
            GoneError: The execution has no log.
            EngineError: As `_ask`.
        """
        return self._ask("get_logs")

    def result(self) -> bytes | None:
        """Ask for the result, as the platform writes it; ``None`` if there is none.

        Raises:
            EngineError: As `_ask`.
        """
        status, headers, body = self._ask_for_result()
        if _OK <= status < _REDIRECT:
            return body if body.strip() else None
        if status == _NOT_FOUND:
            return None
        raise self._error_of_status(status, headers, value_of(body))

    def reason(self) -> str | None:
        """Ask why a job has no result; ``None`` if the platform does not say.

        Raises:
            EngineError: As `_ask`.
        """
        status, headers, body = self._ask_for_result()
        answer = value_of(body)
        if problem := problem_in(status, answer):
            return self._hidden(_reason(problem)) or None
        if status in {_UNAUTHORIZED, *_MAY_PASS} or status >= _SERVER_ERROR:
            raise self._error_of_status(status, headers, answer)
        return None

    def _ask_for_result(self) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for the result. Return the status, the head and the body of the answer.

        The client's own call raises `TypeError` for a result that is no object, so it is not used.
        """
        with self._client_errors(), self._limited():
            http = self._requests._client_wrapper.httpx_client  # noqa: SLF001  # see above
            answer = http.request(f"{self._id}/result", method="GET", request_options=_OPTIONS)
            check_size(len(answer.content))
            return answer.status_code, answer.headers, bytes(answer.content)

    def renew_token(self) -> bool:
        """Drop the access token, so that the next request gets a new one. Whether that is possible."""
        if self._keys:
            self._keys.drop_token()
        return self._keys is not None

    def close(self) -> None:
        """Close all connections, even while other threads read them."""
        for closable in (self._own, self._keys):
            if closable:
                closable.close()

    def _ask(self, call: str) -> bytes:
        """Make a request, and return the body of its answer.

        Raises:
            BrokenError: There is no answer, or it cannot be read. Another try may help.
            GoneError: The platform has no such thing.
            UnauthorizedError: The platform does not accept the access token.
            EngineError: The platform refuses the request.
        """
        return self._body(*self._exchange(call))

    def _body(self, status: int, headers: Mapping[str, str], body: Any) -> bytes:
        """The body of an answer that tells of no error."""
        if isinstance(body, bytes) and _OK <= status < _REDIRECT:
            return body
        raise self._error_of_status(status, headers, body)

    def _exchange(self, call: str) -> tuple[int, Mapping[str, str], Any]:
        """Make a request. Return the status, the head and the body of its answer.

        The body of an error is what the client made of it: a text, or the value of a JSON text.

        Raises:
            EngineError: There is no answer, or it cannot be read.
        """
        from qhub.api.service.core.api_error import ApiError  # noqa: PLC0415  # heavy, and an extra

        with self._client_errors(), self._limited():
            began = time.monotonic()
            try:
                answer = getattr(self._requests, call)(self._id, request_options=_OPTIONS)
            except ApiError as error:
                return int(error.status_code or 0), error.headers or {}, error.body
            finally:
                self.answer_time = time.monotonic() - began
            status, body = answer.status_code, bytes(answer.response.content)
            check_size(len(body))
            return status, answer.headers, body if _OK <= status < _REDIRECT else ""

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Limit the time of a request. The token for it is asked for before, as that has its own limit."""
        if self._keys:
            self._keys.token()
        with self._own.limited() if self._own else nullcontext():
            yield

    def _error_of_status(self, status: int, headers: Mapping[str, str], body: Any) -> EngineError:
        """The error that a status of HTTP means."""
        cannot = f"cannot read {self}"
        if _OK <= status < _REDIRECT:
            is_page = isinstance(body, str) and body.lstrip().startswith("<")
            said = "a page of HTML" if is_page else "not JSON, or was cut"
            return WrongPlaceError(f"{cannot}: the answer is {said}")
        said = f"the platform answers with {status}{self._quoted(body)}"
        if status in _MAY_PASS or status >= _SERVER_ERROR:
            return BrokenError(f"{cannot}: {said}", retry_after=_retry_after(headers))
        if status == _UNAUTHORIZED:
            return UnauthorizedError(f"{cannot}: {self._why_unauthorized()} (401)")
        if status == _NOT_FOUND:
            return GoneError(f"there is no {self} at this endpoint (404); check the endpoint and the id")
        if status == _FORBIDDEN:
            said = "the platform does not permit it (403)"
            advice = "use the access keys of an application that has subscribed to the service"
        elif status < _BAD_REQUEST and headers.get("location"):
            return self._error_of_redirect(status, headers["location"])
        else:
            advice = "check the endpoint and the id"
        return EngineError(f"{cannot}: {said}; {advice}")

    def _error_of_redirect(self, status: int, location: str) -> EngineError:
        """Tell where an answer redirects to: the endpoint there, without the id, if it is one."""
        place = _without_secret_parts(location)
        with suppress(ValueError):  # it is no address for urllib, though it is for httpx
            place = urljoin(self._endpoint, place)
        found = re.match(f"(.*)/{re.escape(self._id)}(?:/|$)", place)
        if found and found[1] != self._endpoint.rstrip("/"):
            said = f"; give ENDPOINT as {self._shown(found[1])}"
        else:
            said = f" to {self._shown(place)}; check the endpoint"
        sent = "access tokens are sent to no other place than the one that is given"
        return EngineError(f"cannot read {self}: the endpoint redirects ({status}){said}; {sent}")

    def _shown(self, address: str) -> str:
        return excerpt(self._hidden(address), _LONGEST_ADDRESS)

    def _quoted(self, body: Any) -> str:
        """What the body of an answer says, for a message."""
        reason = self._hidden(_reason(body))
        return f" and {excerpt(reason)}" if reason else ""

    def _hidden(self, text: str) -> str:
        return self._keys.hidden_in(text) if self._keys else without_secrets(text)

    def _why_unauthorized(self) -> str:
        if self._keys:
            return "the platform does not accept the token of the access keys; check whether they are valid"
        return f"the platform asks for access keys; set {AccessKeys.NAMES}"

    @contextmanager
    def _client_errors(self) -> Iterator[None]:
        """Turn the errors of the libraries into `EngineError`.

        Their texts may quote the request with its token. So only those of connections are shown.
        """
        try:
            yield
        except ModuleNotFoundError as error:
            raise EngineError(missing_extra(error.name, "planqk")) from None
        except EngineError:
            raise
        except TooLargeError as error:
            raise EngineError(f"cannot read {self}: {error}; {_DOWNLOAD}") from None
        except Exception as error:  # noqa: BLE001  # the client raises whatever its models raise
            raise self._error_of_client(error) from None

    def _error_of_client(self, error: Exception) -> EngineError:
        """The error that one of the libraries means."""
        import httpx  # noqa: PLC0415  # heavy, and an extra

        cannot = f"cannot read {self}"
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return EngineError(f"{cannot}: the endpoint is no address of HTTP; correct it")
        known = error_of_request(error, cannot, "the platform", "the endpoint")
        return known or WrongPlaceError(f"{cannot}: {_NOT_THE_API} ({type(error).__name__})")


def _quoted_id(execution_id: str) -> str:
    """The id as a part of a path.

    Raises:
        EngineError: It can be no such part.
    """
    with suppress(UnicodeEncodeError):  # bytes of the command line that are not UTF-8
        if execution_id not in {"", ".", ".."}:
            return quote(execution_id, safe="")
    raise EngineError(f"{excerpt(execution_id)} is not the id of an execution")


def _without_secret_parts(address: str) -> str:
    """An address without user name, password, query and fragment."""
    return re.sub("^([^/]*//)[^/]*@", r"\1", re.split("[?#]", address)[0])


def _reason(body: Any) -> str:
    """What a problem says in words: RFC 7807's detail or title, or what takes their place."""
    if not isinstance(body, dict):
        return str(body)
    words = (body.get(name) for name in ("detail", "message", "title", "error"))
    return next((word for word in words if isinstance(word, str) and word), "")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that an answer asks to wait (RFC 9110, section 10.2.3); 0 if it does not."""
    text = headers.get("retry-after", "")
    with suppress(ValueError):
        return float(max(0, min(int(text), _LONGEST_WAIT)))
    with suppress(ValueError, TypeError, OverflowError):  # the last one: a year or a zone of many digits
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return 0.0
