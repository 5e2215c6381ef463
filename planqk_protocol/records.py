"""Event records and outcome records: plain data, and JSON Lines for other programs and languages.

``records.schema.json``, which comes with the package, describes the records.
`record_schema` gives the schema of event records, `outcome_schema` that of outcome
records.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.events import Event, InterimResult, Log, MultilineResult, Result, Violation
from planqk_protocol.outcome import Outcome

__all__ = ["outcome_schema", "record_schema", "to_json_line", "to_json_lines", "to_record"]

_TYPES = {InterimResult: "interim_result", Result: "result", MultilineResult: "multiline_result"}
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


def to_record(item: Event | Outcome) -> dict[str, Any]:
    """The event record or outcome record of `item`, as plain data.

    It holds `dict`, `list`, `str`, `int`, `float`, `bool` and ``None``, so
    `json.dumps` takes it. A ``value`` is the decoded value: it has no duplicate
    keys, and a number too large for a float is an infinity. Where the exact text
    of a payload counts, use `to_json_line`.

    >>> from planqk_protocol import Log, Result
    >>> to_record(Log(1, "starting"))
    {'type': 'log', 'line': 1, 'text': 'starting'}
    >>> to_record(Result.of({"sum": 42}, line=3))
    {'type': 'result', 'line': 3, 'value': {'sum': 42}}
    """
    return _record(item, exact=False)


def to_json_line(item: Event | Outcome, *, time: str | None = None, severity: str | None = None) -> bytes:
    r"""The event record or outcome record of `item`, as one line of JSON, LF included.

    A ``value`` is the payload's own text: numbers, the order of keys and
    duplicate keys stay as they were printed. Only CR and LF become spaces, and
    white space around the value is removed.

    Args:
        item: The event or the outcome.
        time: When it came, by RFC 3339; the record holds it as ``time``.
        severity: How severe the platform says it is; the record holds it as ``severity``.

    >>> from planqk_protocol import parse
    >>> to_json_line(*parse(b"PlanQK:Job:Result: 4.20\n"))
    b'{"type":"result","line":1,"value":4.20}\n'
    """
    if time is None and severity is None:
        return _encode(_exact_record(item)) + LF
    record = _record(item, exact=True)
    if time is not None:
        record["time"] = time
    if severity is not None:
        record["severity"] = severity
    return _encode(record) + LF


def to_json_lines(events: Iterable[Event], *, change: Callable[[Event], Event] | None = None) -> bytes:
    r"""The event records of `events`, each as a line of JSON: what `to_json_line` gives, joined.

    Args:
        events: The events.
        change: Called with each event that is not a log line. The record is that of what it returns.

    >>> from planqk_protocol import parse
    >>> to_json_lines(parse(b"starting\nPlanQK:Job:Result: 4.20\n"))
    b'{"type":"log","line":1,"text":"starting"}\n{"type":"result","line":2,"value":4.20}\n'
    """
    # The condition is that of `_exact_record`: a call for each event would take as long as its encoding.
    return _encode_lines(
        [
            event
            if type(event) is Log and event.terminator is LF and event.content is None
            else _exact_record(event if change is None or type(event) is Log else change(event))
            for event in events
        ]
    )


def _exact_record(item: Event | Outcome) -> Log | dict[str, Any]:
    """What is encoded as the record of `item`, with the texts of the payloads as values.

    msgspec leaves out the fields of a `Log` that hold the very objects of their defaults.
    Then the JSON of a log line is its record, and no other object has to be made.
    """
    if type(item) is Log and item.terminator and item.content is None:
        return item if item.terminator is LF else Log(item.line, item.text)
    return _record(item, exact=True)


def record_schema() -> dict[str, Any]:
    """The JSON Schema of event records."""
    schema = _schema()
    del schema["$defs"]["outcome"]
    return schema


def outcome_schema() -> dict[str, Any]:
    """The JSON Schema of outcome records."""
    schema = _schema()
    definitions = schema["$defs"]
    outcome: dict[str, Any] = definitions.pop("outcome")
    head = {"$schema": schema["$schema"], "$id": "urn:planqk-protocol:outcomes", "title": "Outcome record"}
    return head | outcome | {"$defs": definitions}


def _schema() -> dict[str, Any]:
    from importlib.resources import files  # noqa: PLC0415  # seldom needed, and slow to import

    text = files("planqk_protocol").joinpath("records.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _record(item: Event | Outcome, *, exact: bool) -> dict[str, Any]:
    """A record whose values are decoded or, if `exact`, the texts of the payloads."""
    match item:
        case Log():
            return _log(item)
        case Violation():
            return _violation(item)
        case InterimResult() | Result() | MultilineResult():
            record = {"type": _TYPES[type(item)], "line": item.line} | _end_line(item)
            value = msgspec.Raw(item.payload.strip().translate(_ONE_LINE)) if exact else item.value
            return record | {"value": value} | _terminated(item) | _doubts(item)
        case Outcome():
            return _outcome(item, exact=exact)
        case _:
            raise TypeError(f"a record is made of an event or an outcome, not of {type(item).__name__}")


def _outcome(outcome: Outcome, *, exact: bool) -> dict[str, Any]:
    return {
        "type": "outcome",
        "status": outcome.status.value,
        "exit_code": outcome.exit_code,
        "result": outcome.result and _record(outcome.result, exact=exact),
        "reason": outcome.reason and _record(outcome.reason, exact=exact),
        "suspect": outcome.suspect,
        "suspect_reason": outcome.suspect_reason,
        "interim_results": [_record(event, exact=exact) for event in outcome.interim_results],
        "violations": [_record(event, exact=exact) for event in outcome.violations],
        "violation_count": outcome.violation_count,
    }


def _log(event: Log) -> dict[str, Any]:
    record: dict[str, Any] = {"type": "log", "line": event.line}
    if event.content is None:
        record["text"] = event.text
    else:
        record["base64"] = _base64(event.content)
    if not event.terminator:
        record["terminated"] = False
    return record


def _violation(event: Violation) -> dict[str, Any]:
    record = {"type": "violation", "line": event.line} | _end_line(event)
    record |= {"code": event.code.value, "marker": event.marker.value, "message": event.message}
    for name in ("error_line", "column", "offset"):
        if (place := getattr(event, name)) is not None:
            record[name] = place
    content = event.raw.removesuffix(LF).removesuffix(b"\r") if event.terminated else event.raw
    try:
        record["text"] = content.decode()
    except UnicodeDecodeError:
        record["base64"] = _base64(content)
    return record | _terminated(event) | _doubts(event)


def _terminated(event: Event) -> dict[str, bool]:
    return {} if event.terminated else {"terminated": False}


def _doubts(event: InterimResult | Result | MultilineResult | Violation) -> dict[str, bool]:
    return {name: True for name in ("suspect", "after_loss") if getattr(event, name)}


def _end_line(event: InterimResult | Result | MultilineResult | Violation) -> dict[str, int]:
    breaks = event.raw.count(LF) - event.raw.endswith(LF)
    return {"end_line": event.line + breaks} if breaks else {}


def _base64(content: bytes) -> str:
    return b2a_base64(content, newline=False).decode()
