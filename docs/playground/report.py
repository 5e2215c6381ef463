"""What the playground shows of a job's output: a summary, findings and events, as plain data.

The page loads this file into Pyodide. All that the page knows of the protocol comes from here, and from
the package. Each answer is text in JSON. It is bounded, so that the page can show it at once: long texts
are cut, and lists are given in parts.
"""  # noqa: INP001  # a script of the page

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

import planqk_protocol
from planqk_protocol import Collector, Event, Log, MultilineResult, Result, to_record
from planqk_protocol.captures import Source, detect, formats
from planqk_protocol.diagnosis import Finding, diagnose, finding_record

__all__ = ["Report", "about"]

_CHUNK = 64 * 1024  # bytes that are parsed at once
_HEAD = 1024 * 1024  # bytes that the format is guessed from
_PART = 200  # items of a list in one answer
_MOST_TEXT = 2_000  # characters of an event
_MOST_RESULT = 20_000  # characters of the result
# Control characters but tab and LF, and characters that have no width or turn the direction of the text.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_Item = TypeVar("_Item")


def about() -> str:
    """The versions of the package and of Python, and the formats of captures."""
    return json.dumps(
        {
            "package": planqk_protocol.__version__,
            "python": platform.python_version(),
            "formats": [{"id": item.id, "title": item.title} for item in formats().values()],
        }
    )


class Report:
    """Reads a job's output, and gives what the page shows of it.

    Args:
        data: The output, or a capture of it.
        format_id: The format of the capture; empty to detect it.
        exit_code: The exit code of the job; ``None`` if it is not known.
    """

    def __init__(self, data: bytes | memoryview, format_id: str = "", exit_code: int | None = None) -> None:
        data = bytes(data)
        self._format = format_id or detect(data[:_HEAD])
        self._is_detected = not format_id
        self._source = Source(self._format)
        self._events: list[Event] = []
        collector = Collector(keep_interim="last", max_violations=1)
        for start in range(0, len(data), _CHUNK):
            self._events += self._source.feed(data[start : start + _CHUNK]).events
        self._events += self._source.close().events
        for event in self._events:
            collector.add(event)
        self._marked = [event for event in self._events if not isinstance(event, Log)]
        self._outcome = collector.outcome(exit_code=exit_code)
        self._findings = diagnose(data, capture=self._format, exit_code=exit_code)

    def summary(self) -> str:
        """What was read, and the outcome."""
        outcome = self._outcome
        return json.dumps(
            {
                "format": self._format,
                "title": formats()[self._format].title,
                "isDetected": self._is_detected,
                "containers": self._source.containers,
                "lines": self._source.line_count,
                "bytes": self._source.size,
                "status": outcome.status,
                "result": outcome.result and _result(outcome.result),
                "reason": outcome.reason and _row(outcome.reason),
                "suspectReason": outcome.suspect_reason,
            }
        )

    def findings(self, start: int) -> str:
        """A part of the findings, from number `start` on."""
        return _part(self._findings, start, _finding)

    def events(self, start: int, logs: bool) -> str:
        """A part of the events, from number `start` on; without log lines unless `logs`."""
        return _part(self._events if logs else self._marked, start, _row)


def _part(items: Sequence[_Item], start: int, shown: Callable[[_Item], dict[str, Any]]) -> str:
    part = items[start : start + _PART]
    return json.dumps({"items": [shown(item) for item in part], "total": len(items)})


def _visible(text: str) -> str:
    r"""The text, with escapes for characters that cannot be seen: ``\x1b``, ``<U+200B>``."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code <= 0xFF else f"<U+{code:04X}>"  # noqa: PLR2004  # the last of Latin-1

    return _UNSEEN.sub(escape, text)


def _cut(text: str, most: int) -> dict[str, Any]:
    """A text as it is shown, and how many of its characters are left out."""
    return {"text": _visible(text[:most]), "left": max(0, len(text) - most)}


def _row(event: Event) -> dict[str, Any]:
    """An event as a row of the table."""
    record = to_record(event)
    text = event.text if isinstance(event, Log) else event.raw.decode(errors="replace")
    row = {name: record.get(name) for name in ("type", "line", "end_line", "code", "message")}
    doubts = [name for name in ("suspect", "after_loss") if record.get(name)]
    return row | {"doubts": doubts} | _cut(text.rstrip("\r\n"), _MOST_TEXT)


def _result(event: Result | MultilineResult) -> dict[str, Any]:
    """The result, with its JSON indented. Numbers and the order of keys stay as they were printed."""
    payload = event.payload.strip()
    try:
        # Indentation may make a text longer by a thousand times, so that of a long one stays as it is.
        text = msgspec.json.format(payload, indent=2) if len(payload) <= _MOST_RESULT else payload
    except msgspec.DecodeError:  # msgspec refuses half of a surrogate pair, which the protocol allows
        text = payload
    return {"line": event.line} | _cut(text.decode(errors="replace"), _MOST_RESULT)


def _finding(finding: Finding) -> dict[str, Any]:
    """A finding, with its line in three parts: what is before the spot, the spot and the rest."""
    record = finding_record(finding)
    shown: dict[str, Any] = msgspec.to_builtins(record)
    shown.pop("fix")
    place, excerpt = finding.place, finding.excerpt
    if place and excerpt:
        before = max(0, place.column - excerpt.column)
        rest = excerpt.text[before:]
        spot = rest.encode(errors="replace")[: place.length].decode(errors="ignore")
        shown["excerpt"] = {
            "before": ("" if excerpt.column == 1 else "…") + _visible(excerpt.text[:before]),
            "spot": _visible(spot),
            "after": _visible(rest[len(spot) :]) + ("" if excerpt.is_end else "…"),
        }
    return shown
