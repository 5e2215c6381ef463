"""One capture to its row: what is known of the container, the result, and what is wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from planqk_protocol import Limits
from planqk_protocol.archive import MOST_TEXT, OutcomeRow, Violations
from planqk_protocol.diagnosis import RULES, Rule, Severity
from tests.archive.harness import (
    INTERIM,
    RESULT,
    UID,
    cri,
    docker_config,
    json_file,
    rows_in,
    write,
)
from tests.cli.harness import invoke


def row_of(folder: Path, files: dict[str, bytes], **options: Any) -> OutcomeRow:
    write(folder, files)
    [row] = rows_in(folder, **options)
    return row


def test_a_container_of_docker_with_rotated_files(tmp_path: Path) -> None:
    row = row_of(
        tmp_path,
        {
            "a/a-json.log": json_file("third\n", RESULT, second=30),
            "a/a-json.log.1": json_file("second\n", second=20),
            "a/a-json.log.2.gz": gzip.compress(json_file("first\n", INTERIM, second=10)),
            "a/config.v2.json": docker_config(),
        },
    )
    names = ("a-json.log.2.gz", "a-json.log.1", "a-json.log")
    assert row.files == tuple(f"{tmp_path}/a/{name}" for name in names)
    assert row.url == row.result_file == row.files[-1]
    assert row.size == sum(Path(file).stat().st_size for file in row.files)
    assert (row.container, row.image, row.exit_code, row.status) == ("job", "job:1", 0, "SUCCEEDED")
    assert (row.started, row.finished) == ("2026-05-01T09:59:59.250000000Z", "2026-05-01T10:01:00.500000000Z")
    assert (row.format, row.result, row.result_line) == ("docker-json-file", "42", 2)
    assert (row.interim_count, row.last_interim) == (1, "1")
    assert row.first_time == "2026-05-01T10:00:10.500000000Z"
    assert row.last_time == "2026-05-01T10:00:31.500000000Z"
    assert (row.lines, row.bytes) == (5, len("third\nsecond\nfirst\n" + RESULT + INTERIM))
    assert (row.violations, row.findings, row.notices, row.suspect, row.error) == ({}, {}, {}, False, None)


def test_a_container_that_runs(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file(RESULT), "a/config.v2.json": docker_config(is_running=True)}
    assert row_of(tmp_path, files).status == "RUNNING"


def test_a_container_that_runs_may_have_no_result_yet(tmp_path: Path) -> None:
    log = json_file("begin\n", "PlanQK:Job:InterimResult: {'a'}\n")
    runs = row_of(
        tmp_path / "runs", {"a/a-json.log": log, "a/config.v2.json": docker_config(is_running=True)}
    )
    ended = row_of(tmp_path / "ended", {"a/a-json.log": log, "a/config.v2.json": docker_config()})
    assert set(ended.findings) - set(runs.findings) == {"no-result"}


def test_a_pod_whose_container_was_restarted(tmp_path: Path) -> None:
    pod = f"pods/default_job_{UID}/main"
    write(tmp_path, {f"{pod}/0.log": cri("x\n"), f"{pod}/1.log": cri(RESULT)})
    first, second = rows_in(tmp_path)
    assert first.result is None
    assert second.result == "42"
    assert (first.container, first.pod) == (second.container, second.pod) == ("main", "default/job")
    assert second.status == "UNKNOWN"


def test_a_container_that_only_the_capture_names(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"k.log": f"[pod/job-1/main] {RESULT}".encode()})
    assert (row.format, row.container, row.pod) == ("kubectl-logs", "main", "job-1")
    row = row_of(tmp_path / "compose", {"c.log": f"main-1  | {RESULT}".encode()})
    assert (row.format, row.container, row.pod) == ("compose-logs", "main-1", None)


def test_times_are_in_utc(tmp_path: Path) -> None:
    log = b"2026-05-01T12:00:00+02:00 stdout F a\n2026-05-01T10:00:01.123456789Z stdout F b\n"
    row = row_of(tmp_path, {"a.log": log})
    assert (row.format, row.first_time) == ("cri", "2026-05-01T10:00:00.000000000Z")
    assert row.last_time == "2026-05-01T10:00:01.123456789Z"


def test_records_without_a_time(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log": b'{"log":"a\\n","stream":"stdout"}\n'}, capture="docker-json-file")
    assert (row.lines, row.first_time, row.last_time) == (1, None, None)


def test_what_is_wrong_is_counted(tmp_path: Path) -> None:
    stdout = "PlanQK:Job:InterimResult: x\n" * 3 + RESULT * 3
    row = row_of(tmp_path, {"a.log": stdout.encode()})
    assert row.violations["duplicate-result"].count == 2
    assert row.violations["invalid-json"].count == 3
    assert "line 1" not in row.violations["duplicate-result"].first_message or row.result_line == 4
    assert row.findings["duplicate-result"] == 2
    assert list(row.violations) == sorted(row.violations)


def test_a_result_that_is_a_violation(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file("PlanQK:Job:Result: x\n"), "a/config.v2.json": docker_config()}
    row = row_of(tmp_path, files)
    assert (row.status, row.result) == ("FAILED", None)
    assert isinstance(row.violations["invalid-json"], Violations)


def test_a_long_result_is_told_by_its_hash_and_its_place(tmp_path: Path) -> None:
    long = json.dumps("x" * (MOST_TEXT - 2))
    stdout = f"log\nPlanQK:Job:Result: {long} \nPlanQK:Job:InterimResult: {long}\n"
    row = row_of(tmp_path, {"a.log": stdout.encode()})
    assert row.result == row.last_interim == long
    longer = json.dumps("x" * (MOST_TEXT - 1))
    row = row_of(tmp_path, {"a.log": stdout.replace(long, longer).encode()})
    assert row.result is None
    assert row.last_interim is None
    assert row.result_sha256 == hashlib.sha256(longer.encode()).hexdigest()
    assert (row.result_size, row.result_line, row.interim_count) == (MOST_TEXT + 1, 2, 1)


def test_a_result_that_is_cut_off_is_suspect(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file(RESULT[:-1]), "a/config.v2.json": docker_config(exit_code=137)}
    row = row_of(tmp_path, files)
    assert (row.status, row.exit_code, row.suspect, row.result) == ("FAILED", 137, True, "42")


def test_damage_is_counted_by_kinds(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log.gz": gzip.compress(json_file("x\n" * 99) + json_file(RESULT))[:-20]})
    assert row.notices["truncated"] >= 1
    assert row.error is None
    row = row_of(tmp_path / "b", {"b.log": cri("x\n") + b"damage\n" * 3 + cri(RESULT)})
    assert row.notices == {"corrupt": 3}
    assert row.suspect


SOUND = cri(*["x\n"] * 9, RESULT)


def altered(line: str) -> bytes:
    """A line that was stored as another one, compressed: the checksum is wrong."""
    return gzip.compress(cri(line), 0).replace(b"42", b"43")


DAMAGED = {
    "altered": ({"a.log.gz": altered(RESULT)}, "the compressed data is damaged"),
    "altered without a result": ({"a.log.gz": altered("42\n")}, "the compressed data is damaged"),
    "without an end": ({"a.log.gz": gzip.compress(SOUND)[:-1]}, "the compressed file ends too early"),
    "cut": ({"a.log": SOUND + SOUND[:20]}, "record 11, at byte"),
    "torn": ({"a.log": cri("x\n") + b"\0" * 99 + b"\n" + SOUND}, "record 2, at byte 34"),
    "in disorder": ({"a.log": cri(RESULT), "a.log.1": cri("x\n", second=5)}, "time runs backwards"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_told_and_judged_as_by_the_other_commands(tmp_path: Path, name: str) -> None:
    files, said = DAMAGED[name]
    row = row_of(tmp_path, files)
    assert said in str(row.damage)
    assert "\n" not in str(row.damage)
    assert len(str(row.damage)) < 500
    assert row.notices
    assert row.error is None
    assert row.suspect == (row.result is not None and invoke("result", *row.files).exit_code == 1)


CAPTURE_RULES = [rule for rule in RULES.values() if rule.id.startswith("capture-")]


@pytest.mark.parametrize("rule", CAPTURE_RULES, ids=lambda rule: str(rule.id))
def test_damage_is_what_a_rule_about_captures_warns_of(tmp_path: Path, rule: Rule) -> None:
    for number, example in enumerate((*rule.wrong, *rule.right)):
        files = {f"{number}.log": example.stdout}
        row = row_of(tmp_path / str(number), files, capture=example.capture)
        is_damaged = number < len(rule.wrong) and rule.severity is not Severity.INFO
        assert (row.damage is not None, row.error) == (is_damaged, None)


def test_another_container_is_no_damage(tmp_path: Path) -> None:
    log = f"[pod/a/web] x\n[pod/a/job] {RESULT}"
    row = row_of(tmp_path, {"a.log": log.encode()})
    assert (row.notices, row.damage, row.suspect) == ({"unknown-stream": 1}, None, False)


def test_the_damage_that_is_told_is_the_first(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log": cri("x\n") + b"damage\n" + cri("x\n") + b"damage\n" * 3 + SOUND})
    assert str(row.damage).startswith("record 2, ")
    assert row.notices == {"corrupt": 4}


def test_files_in_the_wrong_order_are_a_notice(tmp_path: Path) -> None:
    files = {"a.log": cri("x\n", second=1), "a.log.1": cri("x\n", second=5)}
    row = row_of(tmp_path, files)
    assert row.notices == {"disorder": 1}
    assert not row.suspect


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b" [ ]\n", "an empty list"),
        (b'\n {"type": "about:blank", "title": "Not\\nFound", "status": 404}', r"'Not\nFound', status 404"),
    ],
)
def test_an_answer_of_the_service_is_no_log(tmp_path: Path, answer: bytes, said: str) -> None:
    assert said in str(row_of(tmp_path, {"a.log": answer}).error)
    assert row_of(tmp_path, {"a.log": answer}, capture="raw").error is None


def test_a_guess_that_could_cost_a_result_is_an_error(tmp_path: Path) -> None:
    data = cri("x\n") + RESULT.encode()
    row = row_of(tmp_path, {"a.log": data})
    assert row.status is None
    assert "capture=raw" in str(row.error)
    assert row_of(tmp_path, {"a.log": data}, capture="raw").result == "42"


def test_raw_is_not_decompressed(tmp_path: Path) -> None:
    data = gzip.compress(RESULT.encode())
    row = row_of(tmp_path, {"a.gz": data}, capture="raw")
    assert (row.bytes, row.result) == (len(data), None)


def test_limits(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log": RESULT.encode()}, limits=Limits(max_payload=5))
    assert list(row.violations) == ["payload-too-large"]


BROKEN = [b"", b"{", b"[]", b"\xff", b'{"a":' * 100_000, b" " * (1 << 20), docker_config(exit_code=2**63)]


@pytest.mark.parametrize("config", BROKEN)
def test_a_broken_description_is_told_and_the_log_is_read(tmp_path: Path, config: bytes) -> None:
    row = row_of(tmp_path, {"a/a-json.log": json_file(RESULT), "a/config.v2.json": config})
    assert (row.result, row.status, row.error) == ("42", "UNKNOWN", None)
    assert f"{tmp_path}/a/config.v2.json is not what Docker writes: " in str(row.config_error)
    assert len(str(row.config_error)) < 500


def test_a_description_that_is_a_link_to_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a-json.log": json_file(RESULT)})
    (tmp_path / "config.v2.json").symlink_to(tmp_path / "nowhere")
    [row] = rows_in(tmp_path)
    assert (row.result, row.error) == ("42", None)
    assert "a link to nothing" in str(row.config_error)
