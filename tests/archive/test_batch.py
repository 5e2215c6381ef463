"""Batches and rows come out of another process as they went in."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive import OutcomeRow, to_table
from planqk_protocol.archive.batch import Batch
from planqk_protocol.archive.rows import Violations, checked
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.archive.tars import Done, ListedTar, TarRange
from tests.archive.harness import OPTIONS

TEXTS = st.text(max_size=3)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
NUMBERS = st.integers(-(2**63), 2**63 - 1)
COUNTS = st.dictionaries(TEXTS, NUMBERS, max_size=2)
FILES = st.builds(
    StoredFile,
    path=st.text(st.sampled_from("a/ÿ\udcff\ud800"), max_size=3),
    url=TEXTS,
    size=NUMBERS,
    modified=TIMES,
    offset=NUMBERS,
    error=st.none() | TEXTS,
)
CAPTURES = st.builds(
    StoredCapture,
    files=st.lists(FILES, min_size=1, max_size=2).map(tuple),
    config=st.none() | FILES,
    is_tar=st.booleans(),
    error=st.none() | TEXTS,
    not_found=st.booleans(),
)
ROWS = st.builds(
    OutcomeRow,
    url=TEXTS,
    files=st.lists(TEXTS, max_size=2).map(tuple),
    modified=TIMES,
    result=st.none() | TEXTS,
    result_size=st.none() | NUMBERS,
    violations=st.dictionaries(TEXTS, st.builds(Violations, NUMBERS, TEXTS), max_size=2),
    findings=COUNTS,
    suspect=st.booleans(),
    seconds=st.floats(allow_nan=False),
)


TAR = ListedTar(StoredFile("a.tar", "a.tar"), is_compressed=True, damage=None)


def sent(item: Any) -> Any:
    return pickle.loads(pickle.dumps(item))  # noqa: S301  # it is our own


@given(st.lists(CAPTURES, max_size=2), st.sampled_from([None, TAR]))
def test_a_batch(captures: list[StoredCapture], tar: ListedTar | None) -> None:
    batch = Batch(LocalFileSystem(), tuple(captures), OPTIONS, tar)
    assert sent(batch) == batch


@given(st.lists(ROWS, max_size=2))
def test_rows(rows: list[OutcomeRow]) -> None:
    done = Done([checked(row) for row in rows], [TarRange(TAR, b"")])
    assert type(sent(done)) is Done
    assert sent(done) == done


@pytest.mark.parametrize("year", [1, 1969, 1970, 2262, 9999])
def test_times_of_all_years(year: int) -> None:
    time = datetime(year, 12, 31, 23, 59, 59, 999_999, UTC)
    (row,) = sent(Done([OutcomeRow(url="a", modified=time)], [])).rows
    assert row.modified == time


@given(st.datetimes(), st.integers(0, 999))
def test_times_in_a_table_have_six_decimals(time: datetime, nanoseconds: int) -> None:
    stamp = f"{time.isoformat(timespec='microseconds')}{nanoseconds:03}Z"
    (found,) = to_table([OutcomeRow(url="a", last_time=stamp)]).column("last_time").to_pylist()
    assert found == time.replace(tzinfo=UTC)
