"""The protocol once more, in the plainest way: whole streams, no grammar, no limit but that of depth.

It is written from the rules, shares no code with the package, and knows its own
JSON: an independent answer to the question which events a stream has.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_WHITE = rb"[ \t\n\r]*"
_STRING = rb'"(?:[^\x00-\x1f"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_TOKEN = re.compile(_WHITE + rb"(" + _STRING + rb"|" + _NUMBER + rb"|true|false|null|[][{}:,])" + _WHITE)


def is_json(text: bytes) -> bool:
    """Whether `text` is one JSON text by RFC 8259, told by a stack of brackets and a state."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    stack: list[bytes] = []
    state = "value"
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            return False
        at = token.end()
        state = _next_state(state, token[1], stack)
        if not state:
            return False
    return state == "end" and not stack


def _next_state(state: str, token: bytes, stack: list[bytes]) -> str:  # noqa: PLR0911  # one way out for each case
    after = "end" if not stack else "rest"
    if state in {"value", "first"}:
        if token == b"]" and state == "first":
            stack.pop()
            return "end" if not stack else "rest"
        if token in {b"[", b"{"}:
            stack.append(token)
            return "first" if token == b"[" else "first key"
        return after if token[:1] not in b"]}:," else ""
    if state in {"key", "first key"}:
        if token == b"}" and state == "first key":
            stack.pop()
            return "end" if not stack else "rest"
        return "colon" if token[:1] == b'"' else ""
    if state == "colon":
        return "value" if token == b":" else ""
    if state == "rest":
        if token == b",":
            return "value" if stack[-1] == b"[" else "key"
        if token == (b"]" if stack[-1] == b"[" else b"}"):
            stack.pop()
            return "end" if not stack else "rest"
    return ""


def is_too_deep(text: bytes) -> bool:
    """Whether brackets outside strings nest deeper than 128."""
    depth = 0
    in_string = escaped = False
    for byte in text:
        if escaped and byte in b'"\\':
            escaped = False
            continue
        escaped = byte == ord("\\")
        if byte == ord('"'):
            in_string = not in_string
        elif not in_string:
            depth += (byte in b"[{") - (byte in b"]}")
        if depth > 128:
            return True
    return False


def _judged(payload: bytes, good: str) -> str:
    if is_too_deep(payload):
        return "payload-too-deep"
    return good if is_json(payload) else "invalid-json"


class Expected(NamedTuple):
    """What an event must be: its type or violation code, its first line, its bytes, whether LF ends it."""

    what: str
    line: int
    raw: bytes
    terminated: bool = True


def expected_events(data: bytes) -> list[Expected]:
    """The events of a whole stream, without limits."""
    lines = data.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    events: list[Expected] = []
    taken = False
    number = 0
    while number < len(lines):
        line = lines[number]
        first = number + 1
        if line.startswith(b"PlanQK:Job:InterimResult"):
            payload = line.removeprefix(b"PlanQK:Job:InterimResult").removeprefix(b":")
            events.append(Expected(_judged(payload, "interim_result"), first, line))
        elif line.startswith(b"PlanQK:Job:Result:"):
            good = _judged(line.removeprefix(b"PlanQK:Job:Result:"), "result")
            events.append(Expected("duplicate-result" if taken else good, first, line))
            taken = True
        elif _is_fence(line):
            closing = next((n for n in range(number + 1, len(lines)) if _is_fence(lines[n])), None)
            block = lines[number : None if closing is None else closing + 1]
            good = _judged(b"".join(block[1:-1]), "multiline_result")
            code = "unterminated-block" if closing is None else "duplicate-result" if taken else good
            events.append(Expected(code, first, b"".join(block)))
            taken = True
            number += len(block) - 1
        else:
            events.append(Expected("log", first, line))
        number += 1
    if lines and lines[-1][-1:] != b"\n":  # no event but the last one
        events[-1] = events[-1]._replace(terminated=False)
    return events


def _is_fence(line: bytes) -> bool:
    marker = b"PlanQK:Job:MultilineResult"
    return line.startswith(marker) and not line[len(marker) :].strip(b" \t\r\n")
