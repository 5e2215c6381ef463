"""The vectors are sound and complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planqk_protocol.conformance.vectors import (
    RULES,
    VERSION,
    expand,
    load_vectors,
    vector_files,
    vector_schema,
)
from tests.conformance.vector_lint import lint

VECTORS = load_vectors()


def test_nothing_is_wrong_with_the_set() -> None:
    assert lint(vector_files()) == []


def test_the_set_is_large() -> None:
    assert len(VECTORS) >= 400
    assert {vector.rule for vector in VECTORS} == set(RULES)
    assert {vector.group for vector in VECTORS} == {"must", "may"}


def test_the_schema_is_one() -> None:
    assert vector_schema()["$id"] == "urn:planqk-protocol:vectors"


SCHEMA = "vectors.schema.json"
NAME = "vectors/line-lf.json"


def some(*names: str) -> dict[str, bytes]:
    """Some of the files, and the schema."""
    return {name: content for name, content in vector_files().items() if name in {SCHEMA, *names}}


def mended(**changes: Any) -> dict[str, bytes]:
    """One file, members of its first vector changed."""
    contents = some(NAME)
    content = json.loads(contents[NAME])
    content["vectors"][0] |= changes
    return contents | {NAME: json.dumps(content).encode()}


RECORD = {"type": "log", "line": 1, "text": "starting"}
FAULTY = {
    "no sentence": ({"about": "a line ends"}, "does not match"),
    "hollow": ({"about": "A line should end."}, "say what is, not what should be"),
    "no vector": ({"input": 1}, "is not valid under"),
    "position": ({"events": [RECORD | {"column": 1}]}, "expects a position, which is for the group may"),
    "no position": ({"group": "may"}, "expects no position, which the group may is for"),
    "no record": ({"events": [{"type": "log", "line": 1}]}, "is not valid under"),
    "not the default": (
        {"limits": {"max_line": 5}, "by_default": True},
        "line-lf/one-line is about the default of max_line, which is not 5",
    ),
    "id twice": ({"id": "line-lf/two-lines"}, "line-lf/two-lines is the id of 2 vectors"),
    "said twice": ({"about": "Each LF ends a line."}, "'line-lf: Each LF ends a line.' is said of 2 vectors"),
    "foreign id": ({"id": "block/x"}, "block/x stands in the file of the rule line-lf"),
}


@pytest.mark.parametrize(("changes", "finding"), FAULTY.values(), ids=FAULTY)
def test_the_linter_finds(changes: dict[str, Any], finding: str) -> None:
    findings = lint(mended(**changes))
    assert any(finding in line for line in findings), findings


def test_the_linter_misses_files_transitions_and_types() -> None:
    findings = lint(some(NAME))
    assert "no vectors for the rule block" in findings
    assert "the vectors of the rule block do not have both results and other events" in findings
    assert any(line.startswith("no vector has a FENCE line in the state") for line in findings)


def test_the_linter_knows_the_rules_and_the_version() -> None:
    contents = some(NAME)
    content = json.loads(contents[NAME])
    contents["vectors/other.json"] = json.dumps(content | {"rule": "no-rule", "version": 99}).encode()
    findings = lint(contents)
    assert "vectors/other.json holds vectors of the rule no-rule" in findings
    assert "vectors/other.json: the specification has no rule no-rule" in findings
    assert f"vectors/other.json has version 99, but the set has version {VERSION}" in findings


def test_expressions() -> None:
    assert expand("ä") == b"\xc3\xa4"
    assert expand({"base64": "/w=="}) == b"\xff"
    assert expand({"repeat": {"concat": ["a", "b"]}, "times": 2}) == b"abab"
