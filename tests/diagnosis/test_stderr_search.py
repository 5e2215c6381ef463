"""A result on standard error is found in a capture, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.diagnosis import diagnose
from planqk_protocol.diagnosis.stderr_search import ResultSearch, StderrSearch
from planqk_protocol.testing import chunkings, engine_writers

RESULT = b"PlanQK:Job:Result: 42\n"
BLOCK = b"PlanQK:Job:MultilineResult\n1\nPlanQK:Job:MultilineResult\n"
INTERIM = b"PlanQK:Job:InterimResult: 1\n"
WRITERS = {
    "cri": engine_writers.containerd,
    "docker-json-file": engine_writers.docker_json_file,
    "docker-local": engine_writers.docker_local,
    "docker-mux": engine_writers.docker_mux,
}


@pytest.mark.parametrize("format_id", WRITERS)
@pytest.mark.parametrize(
    ("writes", "is_found"),
    [
        ([("stderr", RESULT)], True),
        ([("stderr", BLOCK)], True),
        ([("stdout", b"log\n"), ("stderr", b"log\n"), ("stderr", RESULT), ("stderr", b"more\n")], True),
        ([("stdout", RESULT * 20), ("stderr", RESULT)], True),
        ([("stdout", RESULT)], False),
        ([("stdout", RESULT), ("stderr", b"log\n")], False),
        ([("stderr", INTERIM)], False),
        ([("stderr", b" " + RESULT)], False),
        ([("stderr", b"\r" + RESULT)], False),
        ([("stderr", RESULT.lower())], False),
        ([("stderr", b"INFO:root:" + RESULT)], True),
        ([("stderr", b"log\n2026-11-21 10:00:00,123 - job - INFO - " + BLOCK)], True),
        ([("stderr", b"INFO:root:" + INTERIM)], False),
        ([("stderr", b"INFO:root:wrote PlanQK:Job:Result: to standard output\n")], False),
        ([("stdout", b"INFO:root:" + RESULT)], False),
        ([("stdout", b"see stderr F " + RESULT)], False),
        ([], False),
    ],
)
@given(data=st.data())
def test_a_result_on_standard_error_is_found_however_it_is_cut(
    format_id: str, writes: list[tuple[str, bytes]], is_found: bool, data: st.DataObject
) -> None:
    search = StderrSearch(format_id)
    for chunk in data.draw(chunkings(WRITERS[format_id](writes))):
        search.feed(chunk)
    search.close()
    assert search.found == is_found


def test_what_a_job_prints_itself_has_no_standard_error() -> None:
    search = StderrSearch("raw")
    search.feed(RESULT)
    assert not search.found


def test_the_result_of_another_container_does_not_count() -> None:
    def entry(container: str, priority: int, message: str) -> bytes:
        fields = {
            "CONTAINER_NAME": container,
            "CONTAINER_ID_FULL": container * 8,
            "_COMM": "dockerd",
            "PRIORITY": str(priority),
            "MESSAGE": message,
        }
        return json.dumps(fields).encode() + b"\n"

    capture = entry("a", 6, "log") + entry("b", 3, RESULT.decode().strip())
    assert "on standard error" not in diagnose(capture, capture="journald-json")[-1].message
    search = StderrSearch("journald-json")
    search.feed(capture, "b" * 8)
    assert search.found


def test_a_result_that_was_found_stays_found() -> None:
    search = ResultSearch()
    for data in (RESULT, b"more\n"):
        search.feed(data)
        assert search.found


def test_only_so_many_records_are_tried() -> None:
    search = StderrSearch("cri")
    search.feed(engine_writers.containerd([("stdout", RESULT * 5000), ("stderr", RESULT)]))
    assert not search.found
    search.feed(engine_writers.containerd([("stderr", RESULT)]))
    assert not search.found


def test_a_record_that_never_ends_is_not_held() -> None:
    search = StderrSearch("cri")
    for _ in range(100):
        search.feed(b"x" * 10_000)
    search.feed(b"\n" + engine_writers.containerd([("stderr", RESULT)]))
    assert search.found
