"""Compare the result in a job's log with the result that the platform gives.

The platform gives an object: the members of the result beside ``_links`` and ``_embedded``
(qhub-api 3.3.0, qhub/api/service/types/result_response.py). So a result in the log that is not
an object cannot be compared, and members of these two names cannot either.
"""

from __future__ import annotations

import json
from typing import Any

from planqk_protocol.excerpts import excerpt
from planqk_protocol.limits import Limits
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["ABSENT", "difference", "has_members"]

_ENVELOPE = {"_links", "_embedded"}
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
