"""The form of rows: Arrow with a version, and JSON Lines."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pytest

from planqk_protocol.archive import SCHEMA_VERSION, OutcomeRow, Violations, row_to_json_line, schema, to_table

FULL = OutcomeRow(
    url="s3://logs/job.log",
    files=("s3://logs/job.log.1", "s3://logs/job.log"),
    size=10,
    modified=datetime(2026, 5, 1, 10, tzinfo=UTC),
    container="main",
    pod="default/job",
    image="job:1",
    started="2026-05-01T10:00:00.000000001Z",
    format="cri",
    status="FAILED",
    exit_code=1,
    result='{"a": 1}',
    result_size=8,
    violations={"invalid-json": Violations(2, "it is not JSON")},
    findings={"json-nan": 1, "no-result": 1},
    notices={"torn": 3},
    suspect=True,
    lines=7,
    seconds=0.5,
)


def test_the_columns_are_the_attributes_of_a_row() -> None:
    assert tuple(schema().names) == OutcomeRow.__struct_fields__
    assert schema().metadata == {b"planqk_protocol.archive": str(SCHEMA_VERSION).encode()}


def test_a_table_holds_what_the_rows_hold() -> None:
    table = to_table([FULL, OutcomeRow(url="b", error="cannot be read")])
    assert table.schema.equals(schema(), check_metadata=True)
    first, second = table.to_pylist(maps_as_pydicts="strict")
    assert first["files"] == list(FULL.files)
    assert first["findings"] == FULL.findings
    assert first["notices"] == FULL.notices
    assert first["violations"] == {"invalid-json": {"count": 2, "first_message": "it is not JSON"}}
    assert first["modified"] == FULL.modified
    assert second["error"] == "cannot be read"
    assert second["status"] is None
    assert second["findings"] == {}
    assert table.column("started").cast(pa.int64()).to_pylist() == [1777629600000000, None]


def test_no_rows_are_a_table() -> None:
    assert to_table([]).num_rows == 0


@pytest.mark.parametrize("row", [FULL, OutcomeRow(url="b")])
def test_a_line_of_json_gives_the_row_back(row: OutcomeRow) -> None:
    line = row_to_json_line(row)
    assert line.count(b"\n") == 1
    assert msgspec.json.decode(line, type=OutcomeRow) == row
