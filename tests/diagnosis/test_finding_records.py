"""The records of findings: all fields are always there, and the schema describes them."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.diagnosis import (
    Excerpt,
    Finding,
    Fix,
    Place,
    Related,
    Severity,
    finding_record,
    finding_schema,
    finding_to_json_line,
)

PLACE = Place(line=3, column=5, offset=40, length=4)
FULL = Finding(
    rule="marker-indented",
    severity=Severity.ERROR,
    message="four spaces stand before the marker",
    advice="Print it at the beginning of the line.",
    place=PLACE,
    excerpt=Excerpt("    PlanQK:Job:Result: 42"),
    related=(Related("the block was opened here", Place(line=1, column=1, offset=0, length=26)),),
    fix=Fix(PLACE, ""),
)
BARE = Finding(rule="no-result", severity=Severity.INFO, message="there is no result", advice="")


def valid(line: bytes) -> dict[str, object]:
    record: dict[str, object] = json.loads(line)
    schema = finding_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(record)
    return record


def test_a_record_has_all_fields_where_all_are_known() -> None:
    record = valid(finding_to_json_line(finding_record(FULL, locate=lambda place: ("job.log", place))))
    assert record == {
        "rule": "marker-indented",
        "severity": "error",
        "file": "job.log",
        "line": 3,
        "column": 5,
        "offset": 40,
        "length": 4,
        "message": "four spaces stand before the marker",
        "advice": "Print it at the beginning of the line.",
        "related": [
            {
                "file": "job.log",
                "line": 1,
                "column": 1,
                "offset": 0,
                "length": 26,
                "message": "the block was opened here",
            }
        ],
        "fix": {"file": "job.log", "line": 3, "column": 5, "offset": 40, "length": 4, "replacement": ""},
    }


def test_a_record_has_all_fields_where_none_are_known() -> None:
    record = valid(finding_to_json_line(finding_record(BARE)))
    assert list(record) == list(finding_schema()["properties"])
    assert {name for name, value in record.items() if value is None} == {
        *("file", "line", "column", "offset", "length", "advice", "fix"),
    }


def test_the_fields_come_in_the_order_of_the_schema() -> None:
    schema = finding_schema()
    assert list(schema["properties"]) == schema["required"]
    assert list(json.loads(finding_to_json_line(finding_record(FULL)))) == schema["required"]


def test_a_finding_without_a_place_may_have_a_file() -> None:
    assert finding_record(BARE, file="job.log").file == "job.log"


def test_each_place_is_in_its_own_file() -> None:
    record = finding_record(FULL, locate=lambda place: ("b" if place.line > 1 else "a", Place(1, 1, 0)))
    assert (record.file, record.line, record.related[0].file) == ("b", 1, "a")
    assert record.fix is not None
    assert record.fix.file == "b"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLACES = st.builds(
    Place, st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 2**60), st.integers(0, 2**40)
)


@given(
    st.builds(
        Finding,
        rule=st.from_regex(r"[a-z]{1,5}(-[0-9a-z]{1,5}){0,2}", fullmatch=True),
        severity=st.sampled_from(Severity),
        message=TEXTS,
        advice=TEXTS,
        place=st.none() | PLACES,
        related=st.lists(st.builds(Related, TEXTS, PLACES), max_size=3).map(tuple),
        fix=st.none() | st.builds(Fix, PLACES, TEXTS),
    )
)
def test_every_finding_has_a_valid_record(finding: Finding) -> None:
    record = valid(finding_to_json_line(finding_record(finding)))
    assert (record["line"], record["length"]) == (finding.line, finding.length)
    assert finding_to_json_line(finding_record(finding)).count(b"\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("rule", "Marker"), ("severity", "fatal"), ("line", 0), ("column", 0), ("offset", -1), ("more", 1)],
)
def test_the_schema_refuses_other_records(name: str, value: object) -> None:
    record = json.loads(finding_to_json_line(finding_record(FULL))) | {name: value}
    with pytest.raises(jsonschema.ValidationError):
        valid(json.dumps(record).encode())
