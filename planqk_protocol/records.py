"""Events as JSON Lines, for other programs and other languages.

The records are described by ``records.schema.json``, which comes with the
package; `record_schema` gives it.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from planqk_protocol.events import Event, InterimResult, Log, MultilineResult, Result, Violation

__all__ = ["record_schema", "to_json_line", "to_record"]

_LF = b"\n"
_TYPES = {InterimResult: "interim_result", Result: "result", MultilineResult: "multiline_result"}
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_encode = msgspec.json.Encoder().encode


def to_record(event: Event) -> dict[str, Any]:
    """The record of an event.

    A ``value`` is the payload's own text, a `msgspec.Raw`, so that numbers, the
    order of keys and duplicate keys arrive as they were printed. Only CR and LF
    become spaces, and the white space around it goes. `to_json_line` writes the
    record as JSON; msgspec does, too, but the standard library knows no ``Raw``.

    >>> from planqk_protocol import Log
    >>> to_record(Log(1, "starting"))
    {'type': 'log', 'line': 1, 'text': 'starting'}
    """
    match event:
        case Log():
            return {"type": "log", "line": event.line} | _text(event) | _terminated(event)
        case Violation():
            return _violation(event)
    record = {"type": _TYPES[type(event)], "line": event.line} | _end_line(event)
    value = msgspec.Raw(event.payload.strip().translate(_ONE_LINE))
    return record | {"value": value} | _terminated(event) | _doubts(event)


def to_json_line(event: Event) -> bytes:
    r"""The record of an event as one line of JSON, LF included.

    >>> from planqk_protocol import parse
    >>> to_json_line(*parse(b"PlanQK:Job:Result: 4.20\n"))
    b'{"type":"result","line":1,"value":4.20}\n'
    """
    return _encode(to_record(event)) + _LF


def record_schema() -> dict[str, Any]:
    """The JSON Schema of the records."""
    from importlib.resources import files  # noqa: PLC0415  # seldom needed, and slow to import

    text = files("planqk_protocol").joinpath("records.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _text(log: Log) -> dict[str, Any]:
    return {"text": log.text} if log.content is None else {"base64": _base64(log.content)}


def _violation(event: Violation) -> dict[str, Any]:
    record = {"type": "violation", "line": event.line} | _end_line(event)
    record |= {"code": event.code, "marker": event.marker, "message": event.message}
    for name in ("error_line", "column", "offset"):
        if (place := getattr(event, name)) is not None:
            record[name] = place
    content = event.raw.removesuffix(_LF).removesuffix(b"\r") if event.terminated else event.raw
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
    breaks = event.raw.count(_LF) - event.raw.endswith(_LF)
    return {"end_line": event.line + breaks} if breaks else {}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
