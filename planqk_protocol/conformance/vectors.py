"""The vectors: which events a stream has, rule by rule.

They are data, for programs in any language; ``vectors.schema.json`` describes
the files. A vector of the group ``must`` follows from the rules. One of the
group ``may`` shows what the reference does where the rules leave it open.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, TypeAlias

import msgspec

from planqk_protocol.limits import Limits

__all__ = [
    "RULES",
    "VERSION",
    "Expression",
    "Step",
    "Vector",
    "expand",
    "load_vectors",
    "read_vectors",
    "shown",
    "vector_files",
    "vector_schema",
]

Expression: TypeAlias = str | dict[str, Any]
"""A text, or an object with ``base64``, ``repeat`` and ``times``, or ``concat``."""

_SHOWN = 200  # characters


def expand(expression: Expression) -> bytes:
    """The bytes that an expression stands for.

    Args:
        expression: A text, which stands for its UTF-8; ``{"base64": text}``;
            ``{"repeat": expression, "times": n}``; or ``{"concat":
            [expression, ...]}``.
    """
    if isinstance(expression, str):
        return expression.encode()
    if "base64" in expression:
        return base64.b64decode(expression["base64"], validate=True)
    if "repeat" in expression:
        return expand(expression["repeat"]) * int(expression["times"])
    return b"".join(map(expand, expression["concat"]))


def shown(text: str) -> str:
    """A text for people, its middle left out where it is long.

    >>> shown("x" * 1000)[90:120]
    'xxxxxxxxxx…(800 more)…xxxxxxxx'
    """
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    return f"{text[:half]}…({len(text) - _SHOWN} more)…{text[-half:]}"


VERSION = 1
"""Version of the set. It changes with every vector that is added, changed or removed."""

RULES = (
    *("line-lf", "line-crlf", "marker-column"),
    *("result-line", "interim-line", "fence-line", "block", "log"),
    *("json", "json-values", "json-limits"),
    *("first-wins", "interim-anywhere", "eof-line", "eof-block"),
    *("chunking", "latency", "lossless", "total"),
    *("limit-line", "limit-payload"),
)
"""The rules of the specification, in its order; each has a file of vectors."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a stream, and the events it completes.

    Attributes:
        input: The piece.
        events: Its event records, as the file has them.
    """

    input: Expression
    events: tuple[Mapping[str, Any], ...]

    def data(self) -> bytes:
        """The bytes of the piece."""
        return expand(self.input)

    def records(self) -> bytes:
        """The event records as JSON Lines."""
        return _json_lines(self.events)


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A stream, and the events it has.

    Attributes:
        id: Unique name, ``rule/case``.
        rule: The rule it shows.
        group: ``must`` or ``may``.
        about: What it shows, in one sentence.
        limits: The limits that matter to it, by their names.
        steps: The pieces of the stream; just one, unless `is_stepwise`.
        end: The records of the events that the end of the stream completes;
            empty unless `is_stepwise`.
        is_stepwise: Whether the events of each piece must be there before the
            next piece comes (rule ``latency``).
    """

    id: str
    rule: str
    group: str
    about: str
    limits: Mapping[str, int | None]
    steps: tuple[Step, ...]
    end: tuple[Mapping[str, Any], ...] = ()
    is_stepwise: bool = False

    def data(self) -> bytes:
        """The bytes of the stream."""
        return b"".join(step.data() for step in self.steps)

    def records(self) -> bytes:
        """All event records as JSON Lines."""
        return b"".join(step.records() for step in self.steps) + _json_lines(self.end)

    def parser_limits(self) -> Limits:
        """The limits, those that do not matter at their defaults."""
        bounds: Mapping[str, Any] = self.limits
        return Limits(**bounds)


def vector_files() -> dict[str, bytes]:
    """Name → content of the files that come with the package, the schema included."""
    folder = files("planqk_protocol").joinpath("conformance")
    names = ["vectors.schema.json", *(f"vectors/{rule}.json" for rule in RULES)]
    return {name: folder.joinpath(name).read_bytes() for name in names}


def vector_schema() -> dict[str, Any]:
    """The JSON Schema of the files."""
    schema: dict[str, Any] = json.loads(vector_files()["vectors.schema.json"])
    return schema


def load_vectors() -> list[Vector]:
    """All vectors that come with the package, in the order of the rules."""
    contents = vector_files()
    return [vector for rule in RULES for vector in read_vectors(json.loads(contents[f"vectors/{rule}.json"]))]


def read_vectors(content: Mapping[str, Any]) -> list[Vector]:
    """The vectors of one file.

    Args:
        content: The decoded file, valid by its schema.
    """
    return [_read_vector(content["rule"], item) for item in content["vectors"]]


def _read_vector(rule: str, item: Mapping[str, Any]) -> Vector:
    steps = item.get("steps") or [{"input": item["input"], "events": item["events"]}]
    return Vector(
        id=item["id"],
        rule=rule,
        group=item["group"],
        about=item["about"],
        limits=item.get("limits", {}),
        steps=tuple(Step(input=step["input"], events=tuple(step["events"])) for step in steps),
        end=tuple(item.get("end", ())),
        is_stepwise="steps" in item,
    )


def _json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(map(_json_line, records))


def _json_line(record: Mapping[str, Any]) -> bytes:
    """A record with its expressions expanded."""
    members = []
    for name, value in record.items():
        if name == "value_text":
            members.append(b'"value":' + expand(value))
            continue
        text = expand(value).decode() if name == "text" else value
        members.append(json.dumps({name: text}, separators=(",", ":"))[1:-1].encode())
    return b"{" + b",".join(members) + b"}\n"
