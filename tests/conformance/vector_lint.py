"""A linter for vectors: it checks that the set is sound and complete."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from planqk_protocol.conformance.comparison import read_event_records
from planqk_protocol.conformance.vectors import PLACE, RULES, VERSION, Vector, read_vectors
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.records import record_schema

__all__ = ["lint"]

_SCHEMA = "vectors.schema.json"
_FOLDER = "vectors/"
_RESULTS = frozenset({"interim_result", "result", "multiline_result"})
_HOLLOW = ("should", "test that", "tests that", "check that", "checks that")


def lint(contents: Mapping[str, bytes]) -> list[str]:
    """What is wrong with a set of vectors, one line for each finding.

    Args:
        contents: Name → content, as `vectors.vector_files` gives them.
    """
    validator = Draft202012Validator(json.loads(contents[_SCHEMA]))
    findings: list[str] = []
    vectors: list[Vector] = []
    for name in sorted(set(contents) - {_SCHEMA}):
        content = json.loads(contents[name])
        faults = [f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(content)]
        findings += faults
        if faults:
            continue
        findings += _lint_file(name, content)
        vectors += read_vectors(content)
    findings += [
        f"no vectors for the rule {rule}" for rule in RULES if f"{_FOLDER}{rule}.json" not in contents
    ]
    findings += [f"{id_} is the id of {n} vectors" for id_, n in _repeated(v.id for v in vectors)]
    findings += [
        f"{about!r} is said of {n} vectors of a rule"
        for about, n in _repeated(f"{v.rule}: {v.about}" for v in vectors)
    ]
    findings += [finding for vector in vectors for finding in _lint_vector(vector)]
    return [*findings, *_lint_both_ways(vectors), *_lint_coverage(vectors)]


def _repeated(names: Iterable[str]) -> list[tuple[str, int]]:
    return [(name, n) for name, n in Counter(names).items() if n > 1]


def _lint_file(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    if name != f"{_FOLDER}{content['rule']}.json":
        yield f"{name} holds vectors of the rule {content['rule']}"
    if content["rule"] not in RULES:
        yield f"{name}: the specification has no rule {content['rule']}"
    if content["version"] != VERSION:
        yield f"{name} has version {content['version']}, but the set has version {VERSION}"


def _lint_vector(vector: Vector) -> Iterator[str]:
    if vector.id.split("/")[0] != vector.rule:
        yield f"{vector.id} stands in the file of the rule {vector.rule}"
    if any(word in vector.about.lower() for word in _HOLLOW):
        yield f"{vector.id}: say what is, not what should be: {vector.about!r}"
    if vector.group == "may" and vector.records_without_places() == vector.records():
        yield f"{vector.id} expects no position, which the group may is for"
    if vector.by_default:
        for name, limit in vector.limits.items():
            if limit != getattr(Limits(), name):
                yield f"{vector.id} is about the default of {name}, which is not {limit}"
    validator = Draft202012Validator(record_schema())
    for line in vector.records().split(b"\n")[:-1]:
        record = json.loads(line, parse_int=_bounded)
        if vector.group == "must" and PLACE & record.keys():
            yield f"{vector.id} expects a position, which is for the group may"
        if record["type"] == "violation":
            record["message"] = ""
        yield from (f"{vector.id}: {error.message}" for error in validator.iter_errors(record))


def _bounded(digits: str) -> int:
    """An integer. If it is too large for the interpreter to print, only its beginning."""
    return int(digits[:1000])


def _lint_both_ways(vectors: list[Vector]) -> Iterator[str]:
    """The vectors of each rule have results, and events that are not results."""
    for rule in RULES:
        types = {
            str(record["type"]) in _RESULTS
            for vector in vectors
            if vector.rule == rule
            for record in read_event_records(vector.records())
        }
        if types != {True, False}:
            yield f"the vectors of the rule {rule} do not have both results and other events"


def _lint_coverage(vectors: list[Vector]) -> Iterator[str]:
    """Some vector has each kind of line in each state of the grammar's table."""
    table = load_table()
    missing = {(state, kind) for state, row in table.transitions.items() for kind in row}
    for vector in vectors:
        state = table.start
        for line in re.findall(rb"[^\n]*\n|[^\n]+", vector.data()):
            kind = table.classify(line, 0, len(line))
            missing.discard((state, kind))
            state = table.transitions[state][kind].state
    for state, kind in sorted(missing):
        yield f"no vector has a {kind} line in the state {state}"
