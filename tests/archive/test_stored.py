"""Which files are one capture, by their names."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive.stored import StoredFile, captures_of, utc_time


def names_of(*paths: str) -> list[tuple[str, ...]]:
    captures = captures_of([StoredFile(path, path) for path in paths])
    return sorted(tuple(file.path for file in capture.files) for capture in captures)


def test_rotated_files_are_joined_and_restarts_kept_apart() -> None:
    assert names_of("p/0.log", "p/1.log.20260501-100000", "p/1.log", "q/0.log") == [
        ("p/0.log",),
        ("p/1.log.20260501-100000", "p/1.log"),
        ("q/0.log",),
    ]


def test_what_docker_stores_beside_a_log_is_no_capture() -> None:
    beside = ["a/config.v2.json", "a/hostconfig.json", "a/hostname", "a/hosts", "a/resolv.conf"]
    assert names_of("a/a-json.log", *beside, "b/hostname") == [("a/a-json.log",), ("b/hostname",)]


def test_dockers_description_is_found_beside_the_log_and_above_it() -> None:
    paths = ("a/config.v2.json", "a/a.log", "a/local-logs/container.log", "a/logs/x.log", "b/x.log")
    files = [StoredFile(path, path) for path in paths]
    found = {capture.url: capture.config for capture in captures_of(files)}
    assert found == {
        "a/a.log": files[0],
        "a/local-logs/container.log": files[0],
        "a/logs/x.log": None,
        "b/x.log": None,
    }
    [capture] = captures_of([StoredFile("b/x.log", "b/x.log")], files[0])
    assert capture.config == files[0]


def test_a_tar_is_told_by_its_name() -> None:
    captures = captures_of([StoredFile(path, path) for path in ("a.tar", "b.TAR.gz", "c.tgz", "tar")])
    assert {capture.url for capture in captures if capture.is_tar} == {"a.tar", "b.TAR.gz", "c.tgz"}


def test_a_rotated_file_that_is_there_twice_is_an_error() -> None:
    [capture] = captures_of([StoredFile(path, path) for path in ("a.log", "a.log.1", "a.log.1.gz")])
    assert capture.fault == (
        "a.log.1 and a.log.1.gz are the same file, before and after it was compressed; "
        "if both are there when you try again, move one of them away"
    )


def test_what_the_kubelet_has_compressed_so_far_is_not_read() -> None:
    rotated = "0.log.20260501-100000"
    assert names_of("0.log", rotated, f"{rotated}.tmp") == [(rotated, "0.log")]
    assert names_of("0.log", f"{rotated}.tmp") == [(f"{rotated}.tmp", "0.log")]
    assert names_of("0.log", "0.log.tmp") == [("0.log",), ("0.log.tmp",)]


@given(st.sets(st.text(st.sampled_from("a/.log12-j"), min_size=1, max_size=12), max_size=12))
def test_each_file_is_in_one_capture(paths: set[str]) -> None:
    captures = captures_of([StoredFile(path, path) for path in sorted(paths)])
    assert sorted(file.path for capture in captures for file in capture.files) == sorted(paths)


@given(st.integers(-(2**80), 2**80) | st.floats())
def test_any_number_of_seconds_is_a_time_or_none(seconds: float) -> None:
    time = utc_time(seconds)
    begin, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1, 9999))
    assert time or not begin <= seconds <= end
    assert time is None or abs(time.timestamp() - seconds) < 1
