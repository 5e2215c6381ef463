"""Read the vectors: streams, and the event records that they have to give.

Vectors are JSON files, one for each rule, for programs in any language.
``vectors.schema.json`` describes the files. A decoder has to give the records
of each vector of the group ``must``. Vectors of the group ``may`` are about the
places of faults, which a decoder may leave out.
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
    "PLACE",
    "RULES",
    "VERSION",
    "Expression",
    "Vector",
    "VectorStep",
    "expand",
    "load_vectors",
    "read_vectors",
    "vector_files",
    "vector_schema",
]

Expression: TypeAlias = str | dict[str, Any]
"""Bytes as the files write them: a text, or an object with ``base64``, ``repeat`` or ``concat``."""


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


VERSION = 3
"""Version of the set of vectors. Whoever adds, changes or removes a vector raises it."""

RULES = (
    *("line-lf", "line-crlf", "marker-column"),
    *("result-line", "interim-line", "fence-line", "block", "log"),
    *("json", "json-values", "json-limits"),
    *("first-wins", "interim-anywhere", "eof-line", "eof-block"),
    *("chunking", "latency", "lossless", "total"),
    *("limit-line", "limit-payload"),
)
"""The ids of the rules, in the order of the specification. Each rule has a file of vectors."""


PLACE = frozenset({"error_line", "column", "offset"})
"""The members of an event record that say where a fault is."""


class VectorStep(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a stream, and the events that it completes.

    Attributes:
        input: The bytes of the part.
        events: The event records, as the file has them.
    """

    input: Expression
    events: tuple[Mapping[str, Any], ...]

    def data(self) -> bytes:
        """The bytes of the part."""
        return expand(self.input)

    def records(self) -> bytes:
        """The event records as JSON Lines."""
        return _json_lines(self.events)


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A stream, and the event records that it has to give.

    Attributes:
        id: Unique name, ``rule/case``.
        rule: The id of the rule that the vector shows.
        group: ``must`` or ``may``.
        about: What the vector shows, in one sentence.
        limits: The limits that matter, by their names.
        by_default: Whether the decoder is not given these limits, because they are the defaults.
        steps: The parts of the stream. There is one part, unless `is_stepwise`.
        end: The records of the events that the end of the stream completes.
            Empty unless `is_stepwise`.
        is_stepwise: Whether the decoder must write the events of each part
            before it gets the next part (rule ``latency``).
    """

    id: str
    rule: str
    group: str
    about: str
    limits: Mapping[str, int | None]
    by_default: bool = False
    steps: tuple[VectorStep, ...]
    end: tuple[Mapping[str, Any], ...] = ()
    is_stepwise: bool = False

    def data(self) -> bytes:
        """The bytes of the stream."""
        return b"".join(step.data() for step in self.steps)

    def records(self) -> bytes:
        """All event records as JSON Lines."""
        return b"".join(step.records() for step in self.steps) + _json_lines(self.end)

    def records_without_places(self) -> bytes:
        """All event records as JSON Lines, without the places of faults."""
        steps = b"".join(_json_lines(map(_without_place, step.events)) for step in self.steps)
        return steps + _json_lines(map(_without_place, self.end))

    def given_limits(self) -> Mapping[str, int | None]:
        """The limits that a decoder is given. The others have their defaults."""
        return {} if self.by_default else self.limits

    def parser_limits(self) -> Limits:
        """The limits for a parser."""
        bounds: Mapping[str, Any] = self.given_limits()
        return Limits(**bounds)


def vector_files() -> dict[str, bytes]:
    """The files that come with the package, as name → content. The schema is one of them."""
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
        content: The decoded file. It has to match the schema.
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
        by_default=item.get("by_default", False),
        steps=tuple(VectorStep(input=step["input"], events=tuple(step["events"])) for step in steps),
        end=tuple(item.get("end", ())),
        is_stepwise="steps" in item,
    )


def _without_place(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in PLACE}


def _json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(map(_json_line, records))


def _json_line(record: Mapping[str, Any]) -> bytes:
    """A record as JSON, with its expressions expanded."""
    members = []
    for name, value in record.items():
        if name == "value_text":
            members.append(b'"value":' + expand(value))
            continue
        text = expand(value).decode() if name == "text" else value
        members.append(json.dumps({name: text}, separators=(",", ":"))[1:-1].encode())
    return b"{" + b",".join(members) + b"}\n"
