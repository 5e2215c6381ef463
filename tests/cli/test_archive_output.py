"""The outputs of ``planqk-protocol archive``: what is refused, what stays, and what goes in a resumed run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planqk_protocol.archive import OutcomeRow, parquet
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.cli.archive_output import opened_output
from tests.archive.harness import RESULT, docker_config, json_file, write
from tests.cli.archives import OUTPUTS, archive, stored
from tests.cli.harness import Call, Run


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_no_output_is_refused(run: Run, tmp_path: Path, output: str) -> None:
    file = tmp_path / (f"{output}part-00000001.parquet" if output.endswith("/") else output)
    write(tmp_path, {str(file.relative_to(tmp_path)): b"{}\n"})
    outcome = archive(run, "x", "--output", f"{tmp_path}/{output}", "--resume")
    said = f"line 1 of {file} is not a row: " if output == "rows.jsonl" else f"{file} is not Parquet; "
    assert (outcome.exit_code, said in outcome.stderr) == (2, True)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_folder_of_an_output_must_be_there(run: Run, tmp_path: Path, output: str) -> None:
    outcome = archive(run, "x", "--output", f"{tmp_path}/nowhere/{output}")
    assert outcome.stderr == (
        f"planqk-protocol: {tmp_path}/nowhere is not a folder; make it, or choose another output\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_start_that_failed_is_no_output_yet(run: Run, tmp_path: Path, output: str) -> None:
    write(tmp_path, {"logs/a.log": RESULT.encode()})
    assert archive(run, "nostore://x", "--output", f"{tmp_path}/{output}").exit_code == 2
    assert archive(run, tmp_path / "logs", "--output", f"{tmp_path}/{output}").exit_code == 0
    assert [Path(row["url"]).name for row in stored(tmp_path / output)] == ["a.log"]


@pytest.mark.parametrize("output", OUTPUTS)
def test_two_runs_do_not_write_to_one_output(run: Run, tmp_path: Path, output: str) -> None:
    name = f"{tmp_path}/{output}"
    write(tmp_path, {"logs/a.log": RESULT.encode()})
    with opened_output(name, resume=False) as first:
        for args in ([], ["--resume"]):
            outcome = archive(run, tmp_path / "logs", "--output", name, *args)
            assert outcome.exit_code == 2
            assert f"another run writes to {tmp_path / output}; wait for its end" in outcome.stderr
        first.write(OutcomeRow(url="b.log", files=("b.log",)))
        first.close()
    assert archive(run, tmp_path / "logs", "--output", name, "--resume").exit_code == 0
    assert [Path(row["url"]).name for row in stored(tmp_path / output)] == ["a.log", "b.log"]
    assert {path.name for path in tmp_path.iterdir()} == {"logs", Path(output).name}


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_container_that_ran_is_looked_at_again(run: Run, tmp_path: Path, output: str) -> None:
    name, log = f"{tmp_path}/{output}", json_file(RESULT)
    for config, status in (
        (docker_config(is_running=True), "RUNNING"),
        (docker_config(is_running=True), "RUNNING"),
        (docker_config(exit_code=3), "FAILED"),
        (docker_config(exit_code=0), "SUCCEEDED"),
    ):
        write(tmp_path, {"logs/a-json.log": log, "logs/config.v2.json": config})
        os.utime(tmp_path / "logs/a-json.log", (1e9, 1e9))
        outcome = archive(run, tmp_path / "logs", "--output", name, "--resume")
        assert outcome.stderr.splitlines()[1].split()[:2] == [status, "1"]
        assert [row["status"] for row in stored(tmp_path / output)] == [status]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_row_goes_if_its_log_no_longer_meets_the_condition(run: Run, tmp_path: Path, output: str) -> None:
    for number, code in enumerate((3, 0, 3)):
        write(tmp_path, {"logs/a-json.log": json_file("x\n" * number)})
        write(tmp_path, {"logs/config.v2.json": docker_config(exit_code=code)})
        args = ["--output", f"{tmp_path}/{output}", "--resume", "--where", "status=FAILED"]
        archive(run, tmp_path / "logs", *args)
        found = stored(tmp_path / output) if number != 1 or output != "rows/" else []
        assert [row["exit_code"] for row in found] == [3] * (code == 3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_log_is_read_again_in_another_format(run: Run, tmp_path: Path, output: str) -> None:
    write(tmp_path, {"logs/a-json.log": json_file(RESULT)})
    for capture in ("raw", "auto"):
        args = ["--output", f"{tmp_path}/{output}", "--resume", "--capture", capture]
        archive(run, tmp_path / "logs", *args)
    assert [row["result"] for row in stored(tmp_path / output)] == ["42"]


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_among_the_logs_is_no_log(
    run: Run, tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.log": RESULT.encode(), "b.log": b"x\n", "rows.log": b""})
    monkeypatch.setattr(parquet, "_MOST_ROWS", 1)
    for _ in range(2):
        archive(run, tmp_path, "--output", f"{tmp_path}/{output}", "--resume")
        assert [Path(row["url"]).name for row in stored(tmp_path / output)] == ["a.log", "b.log", "rows.log"]


def test_a_fault_of_the_program_is_not_blamed_on_the_input(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_row(_output: object, _row: OutcomeRow) -> None:
        raise ValueError("a bug")

    write(tmp_path, {"a.log": RESULT.encode()})
    monkeypatch.setattr(JsonLinesFile, "write", write_row)
    with pytest.raises(ValueError, match="a bug"):
        call("archive", "--executor", "threads", "--output", f"{tmp_path}/rows.jsonl", tmp_path)


def test_an_output_has_a_name(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = archive(run, "x", "--output", "")
    assert outcome.exit_code == 2
    assert "--output '' ends with none of" in " ".join(outcome.stderr.replace("│", " ").split())
    assert not list(tmp_path.iterdir())
