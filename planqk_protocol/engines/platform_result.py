"""Compare the result in a job's log with the result that the platform gives, or find why it has none.

The platform gives an object: the members of the result beside ``_links`` and ``_embedded``
(qhub-api 3.3.0, qhub/api/service/types/result_response.py). So a result in the log that is not
an object can be compared only if the platform breaks this rule, and members of these two names
cannot be compared.

If a job has no result, the platform may give a problem of RFC 7807 in its place. The API does not
define with which status. An answer is not taken for such a problem if it tells of the request,
or may come from a gateway, or may be a result.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec

from planqk_protocol.excerpts import excerpt
from planqk_protocol.limits import Limits
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["ABSENT", "difference", "has_members", "problem_in", "value_of"]

_ENVELOPE = {"_links", "_embedded"}
_OF_A_PROBLEM = {"type", "title", "status", "detail", "instance"}  # RFC 7807, section 3.1
_OF_THE_REQUEST = {401, 403, 408, 425, 429, 502, 503, 504}  # and of gateways
_WITHOUT_TITLE = {404, 409}  # the title may be about the request
_REDIRECT, _SERVER_ERROR = 300, 500  # the first status of each kind
_PHRASES = {status.phrase.casefold() for status in HTTPStatus}  # they tell no more than the status
_MOST_SHOWN = 200  # characters of a path
_MOST_TEXT = 64 * 1024  # characters of a value that are written to show its first ones

ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "ABSENT"})()
"""The value of a result that is not there."""


def difference(ours: Any, theirs: bytes | None) -> str | None:
    r"""How the platform's result differs from the one in the log; ``None`` if nothing tells that it does.

    Args:
        ours: The value of the result in the log; `ABSENT` if there is no valid one.
        theirs: The platform's answer, a JSON text; ``None`` if it has no result.

    >>> difference({"sum": 42}, b'{"sum": 43, "_links": {}}')
    "at $.sum, the log has '42', and the platform has '43'"
    """
    if theirs is None:
        return None if ours is ABSENT else "the log has a result, and the platform has none"
    try:
        answer = PayloadDecoder(Limits(max_digits=None)).decode(theirs)
    except PayloadError as error:
        return f"the platform's result is not valid: {error.fault}"
    if not isinstance(answer, dict) and not isinstance(ours, dict) and ours is not ABSENT:
        return _first_difference(ours, answer, "$")
    if not isinstance(answer, dict):
        return f"the platform's result is not an object, but {_shown(answer)}"
    members = _members(answer)
    if ours is ABSENT:
        return f"the platform has a result, {_shown(members)}, and the log has none" if members else None
    return _first_difference(_members(ours), members, "$") if isinstance(ours, dict) else None


def has_members(theirs: bytes | None) -> bool:
    r"""Whether the platform's answer has members that are a job's.

    >>> has_members(b'{"sum": 43, "_links": {}}'), has_members(b'{"_links": {}}'), has_members(None)
    (True, False, False)
    """
    try:
        answer = PayloadDecoder(Limits(max_digits=None)).decode(theirs or b"{}")
    except PayloadError:
        return False
    return isinstance(answer, dict) and bool(_members(answer))


def problem_in(status: int, answer: Any) -> dict[str, str] | None:
    """The words that say why a job has no result; ``None`` if an answer says nothing about that.

    Args:
        status: The status of the answer, which takes the place of a result.
        answer: The value of its JSON text.

    >>> problem_in(404, {"title": "Not Found", "detail": "killed"})
    {'detail': 'killed'}
    >>> problem_in(404, {"title": "Not Found", "detail": "Not Found"})
    """
    if status in _OF_THE_REQUEST or not isinstance(answer, dict):
        return None
    if status < _REDIRECT and answer.keys() - _OF_A_PROBLEM:  # a result
        return None
    has_title = status < _SERVER_ERROR and status not in _WITHOUT_TITLE
    for name in ("detail", "title") if has_title else ("detail",):
        word = answer.get(name)
        if isinstance(word, str) and word.strip() and word.strip(" .").casefold() not in _PHRASES:
            return {name: word}
    return None


def value_of(body: bytes) -> Any:
    r"""The value of a JSON text, or the text if it is none.

    >>> value_of(b'{"a": 1}'), value_of(b"<html>")
    ({'a': 1}, '<html>')
    """
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(body)
    return body.decode(errors="replace")


def _members(value: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in value.items() if name not in _ENVELOPE}


def _first_difference(ours: Any, theirs: Any, path: str) -> str | None:
    """The first difference of two values, in the order of ours. Nesting is within the limits of JSON."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in {**ours, **theirs}:
            step = f".{name}" if name.isidentifier() else f"[{name!r}]"
            found = _first_difference(ours.get(name, ABSENT), theirs.get(name, ABSENT), f"{path}{step}")
            if found:
                return found
        return None
    if isinstance(ours, list) and isinstance(theirs, list):
        for at in range(max(len(ours), len(theirs))):
            one, other = (values[at] if at < len(values) else ABSENT for values in (ours, theirs))
            if found := _first_difference(one, other, f"{path}[{at}]"):
                return found
        return None
    if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool):
        return None
    where = path if len(path) <= _MOST_SHOWN else f"{path[:_MOST_SHOWN]}…"
    return f"at {where}, the log has {_shown(ours)}, and the platform has {_shown(theirs)}"


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += piece
            if len(text) > _MOST_TEXT:
                break
    except ValueError:  # CPython writes no integer of more than 4300 digits
        return "a very long number"
    return excerpt(text)
