"""Which files are of one log: by their names, as engines and logrotate give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.inputs.rotation import restart_of, rotations

LOGS = {
    "a-json.log": ["a-json.log.2.gz", "a-json.log.1", "a-json.log"],
    "0.log": ["0.log.20231231-235959.gz", "0.log.20240101-000000", "0.log"],
    "messages": ["messages.1", "messages"],
}


@given(st.data())
def test_the_files_of_each_log_come_from_the_oldest_to_the_newest(data: st.DataObject) -> None:
    paths = [f"{log}/{name}" for log, names in LOGS.items() for name in names] + ["alone.log"]
    given_ = data.draw(st.permutations(paths))
    found = [[given_[number] for number in numbers] for numbers in rotations(given_)]
    assert sorted(found) == sorted([f"{log}/{name}" for name in names] for log, names in LOGS.items())


@pytest.mark.parametrize("names", [["job.20240501", "job.20240502"], ["part.001", "part.002"], ["a", "b"]])
def test_names_that_only_look_rotated_are_files_of_their_own(names: list[str]) -> None:
    assert rotations(names) == []


@pytest.mark.parametrize("number", ["10000001", "12345678", "20261301", "20260532", "20260500", "18991231"])
@pytest.mark.parametrize("sign", [".", "-"])
def test_a_number_of_eight_digits_that_is_no_day_is_none_of_a_rotation(number: str, sign: str) -> None:
    assert rotations([f"joblog{sign}{number}", f"joblog{sign}{number}.gz", "joblog"]) == []


def test_a_rotated_file_whose_log_is_gone_is_of_a_log() -> None:
    assert rotations(["x/job.log.1"]) == [[0]]


def test_equal_names_in_other_folders_are_other_logs() -> None:
    assert rotations(["a/job.log", "b/job.log.1", "b/job.log"]) == [[1, 2]]


def test_restarts_of_one_container() -> None:
    assert restart_of("pod/job/0.log") == restart_of("pod/job/0.log.20240101-000000") == ("pod/job", 0)
    assert restart_of("pod/job/12.log") == ("pod/job", 12)
    assert restart_of("job.log") is None
