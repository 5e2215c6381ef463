"""``--execution``: the commands read an execution on PlanQK."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from planqk_protocol.errors import missing_extra
from tests.cli.harness import Run
from tests.engines.small_platform import ID, KEY_ID, LOG, SECRET, Answer, Platform, entries, problem

Here = tuple[Platform, str]
RESULT = 'PlanQK:Job:Result: {"sum": 42}\n'
MIXED = "the log comes from the platform: stderr may be mixed into stdout, and lines may be in another order"


def test_result_prints_the_result(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.logs, server.result = [[], entries("a"), entries("a", RESULT)], {"sum": 42, "_links": {}}
    outcome = run("result", "--execution", endpoint, ID)
    assert (outcome.exit_code, outcome.stdout) == (0, '{"sum": 42}\n')
    assert outcome.stderr.splitlines() == [
        f"execution {ID}: it is PENDING; waiting for its start",
        f"execution {ID}: it is RUNNING; its log is read until it ends",
        f"execution {ID}: SUCCEEDED",
    ]


def test_parse_prints_the_events(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.result = {"sum": 42, "name": "ä\u2028"}
    outcome = run("parse", "--output", "jsonl", "--execution", endpoint, ID)
    assert outcome.exit_code == 0
    types = [json.loads(line)["type"] for line in outcome.stdout.splitlines()]
    assert types == ["log"] * 5 + ["interim_result", "result", "log"]


def test_check_finds_nothing_in_good_output(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.result = {"sum": 42, "name": "ä\u2028"}
    outcome = run("check", "--execution", endpoint, ID)
    assert (outcome.exit_code, outcome.stdout) == (0, "no findings in 8 lines; result at line 7\n")


@pytest.mark.parametrize("command", ["result", "parse", "check"])
def test_a_result_that_differs_is_told(platform: Here, run: Run, command: str) -> None:
    server, endpoint = platform
    server.logs, server.result = [entries(RESULT)], {"sum": 43}
    outcome = run(command, "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    message = "result-differs: at $.sum, the log has '42', and the platform has '43'"
    assert outcome.stderr.splitlines()[-1] == f"execution {ID}: {message}"


def test_a_result_that_the_log_lacks_is_told_once(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.logs, server.result = [entries("a")], {"sum": 43}
    outcome = run("result", "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert outcome.stderr.count("the platform does") == 1
    assert "result-differs" not in outcome.stderr
    message = "the platform has a result, '{\"sum\": 43}', and the log has none"
    for options in (["result", "--interim"], ["check", "--ignore", "no-result"]):
        outcome = run(*options, "--execution", endpoint, ID)
        assert outcome.exit_code == 1
        assert message in outcome.stderr


@pytest.mark.parametrize("command", ["result", "check"])
def test_the_advice_if_only_the_platform_has_the_result(platform: Here, run: Run, command: str) -> None:
    server, endpoint = platform
    server.logs, server.result = [entries("a")], {"sum": 43}
    shown = " ".join(run(command, "--execution", endpoint, ID).output.split())
    assert "the platform does: get it with `curl" in shown
    assert "Print the result once" not in shown
    server.result = {"_links": {}}
    assert "Print the result once" in " ".join(run(command, "--execution", endpoint, ID).output.split())


@pytest.mark.parametrize("command", ["result", "parse", "check"])
def test_the_platforms_reason_is_told(platform: Here, run: Run, command: str) -> None:
    server, endpoint = platform
    server.statuses, server.logs = ["FAILED"], [entries("a")]
    server.no_result = problem(404, {"detail": "exit code 137\x1b[2J" + "x" * 10**5})
    outcome = run(command, "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert rf"execution {ID}: the platform says why: exit code 137\x1b[2J" in outcome.stderr
    assert "\x1b" not in outcome.output
    assert len(outcome.output) < 2000
    server.no_result = problem(429)
    outcome = run(command, "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert "the platform's own reason is not known: " in outcome.stderr
    assert "answers with 429; gave up" in outcome.stderr


def test_a_log_of_a_job_without_a_result(platform: Here, run: Run) -> None:
    """The platform has none either, so there is no difference."""
    server, endpoint = platform
    server.logs = [entries("a")]
    outcome = run("result", "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert "no-result" in outcome.stderr
    assert "differs" not in outcome.stderr


@pytest.mark.parametrize(
    ("status", "log", "message"),
    [
        ("FAILED", RESULT, "but the platform's status is FAILED, so it counts as failed"),
        ("CANCELLED", RESULT, "but the platform's status is CANCELLED, so it counts as failed"),
        ("FAILED", "a", "there is no result (status FAILED): the job failed before it printed one"),
        ("CANCELLED", "a", "(status CANCELLED): the job was cancelled before it printed one"),
        ("SUCCEEDED", "a", "there is no result (status SUCCEEDED): no line begins with PlanQK:Job:Result:"),
        (
            "SUCCEEDED",
            "PlanQK:Job:Result: {",
            "the platform's status is SUCCEEDED, but the result on line 1 is not valid, so the job",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["result", "check"])
def test_the_status_takes_the_place_of_the_exit_code(
    platform: Here, run: Run, command: str, status: str, log: str, message: str
) -> None:
    server, endpoint = platform
    server.statuses, server.logs = [status], [entries(log)]
    outcome = run(command, "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert message in outcome.output
    if command == "result":
        told = outcome.stderr.splitlines()[-1]
        assert told.startswith(f"execution {ID}: {status}") or told.endswith(f"the platform says {status}")


def test_a_given_exit_code_comes_before_the_status(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.statuses, server.logs = ["FAILED"], [entries(RESULT)]
    assert run("check", "--exit-code", "0", "--execution", endpoint, ID).exit_code == 0


def test_an_execution_that_is_deleted_has_no_known_status(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.faults = [None, None, Answer(404)]
    outcome = run("result", "--execution", endpoint, ID)
    assert outcome.exit_code == 1
    assert "UNKNOWN, the platform did not say how it ended" in outcome.stderr
    assert "capture-gap" in outcome.stderr


def test_a_result_that_cannot_be_asked_for(platform: Here, run: Run) -> None:
    """The result in the log is printed all the same."""
    server, endpoint = platform
    server.statuses, server.logs = ["SUCCEEDED"], [entries(RESULT)]
    server.faults = [*[None] * 6, Answer(403)]
    outcome = run("result", "--execution", endpoint, ID)
    assert (outcome.exit_code, outcome.stdout) == (1, '{"sum": 42}\n')
    assert "the platform's own result cannot be compared: " in outcome.stderr
    assert "does not permit it (403)" in outcome.stderr
    server.faults = [*[None] * 6, Answer(403)]
    assert run("check", "--execution", endpoint, ID).exit_code == 1


@pytest.mark.parametrize("command", ["result", "check"])
@pytest.mark.parametrize(
    ("status", "log", "reason", "advice"),
    [
        ("FAILED", "a", None, "Look for the cause in the log: `planqk-protocol parse --execution"),
        (
            "FAILED",
            "a",
            "killed",
            "Read the message `the platform says why` above. Look for the cause in the log",
        ),
        ("CANCELLED", "a", None, "Run the job again, and let it end."),
        ("CANCELLED", "a", "too late", "Read the message `the platform says why`"),
        ("FAILED", None, "killed", "Read the message `the platform says why`"),
        ("FAILED", None, None, "Run the command again later"),
        ("SUCCEEDED", None, None, "Run the command again later"),
        ("FAILED", "PlanQK:Job:Result: {", "killed", "Mend the result on line 1"),
    ],
)
def test_the_advice_for_an_execution_without_a_result(
    platform: Here, run: Run, command: str, status: str, log: str | None, reason: str | None, advice: str
) -> None:
    server, endpoint = platform
    server.statuses, server.no_result = [status], problem(404, {"detail": reason})
    server.logs = [entries(log or "")]
    server.faults = [] if log else [None, *[Answer(404)] * 6]
    shown = " ".join(run(command, "--execution", endpoint, ID).output.split())
    assert advice in shown
    for wrong in ("rotated", "Docker", "Mend what was found", "Get all of the output"):
        assert wrong not in shown
    assert (MIXED in shown) == (log is not None)


def test_the_advice_if_the_platform_drops_entries(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.logs = [entries("a"), entries("b")]
    outcome = run("result", "--execution", endpoint, ID)
    assert outcome.stderr.count("Run the command again later") == 2  # for the gap, and for the result
    assert "Docker" not in outcome.stderr


@pytest.mark.parametrize("command", ["result", "parse", "check"])
def test_what_the_platform_does_to_lines_is_said_where_it_matters(
    platform: Here, run: Run, command: str
) -> None:
    server, endpoint = platform
    server.statuses, server.result = ["SUCCEEDED"], {"sum": 42}
    for log, count in (
        ([RESULT], 0),
        (["a"], 1),
        ([RESULT, RESULT, RESULT], 1),
        (["PlanQK:Job:Result: {"], 1),
    ):
        server.logs = [entries(*log)]
        assert run(command, "--execution", endpoint, ID).stderr.count(MIXED) == count, log


def test_the_result_is_printed_before_the_platforms_own_is_asked_for(
    platform: Here, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So Ctrl-C does not lose it."""

    def interrupt(_reader: object) -> None:
        raise KeyboardInterrupt

    server, endpoint = platform
    server.statuses, server.logs = ["SUCCEEDED"], [entries(RESULT)]
    monkeypatch.setattr("planqk_protocol.engines.planqk._ExecutionReader.result", interrupt)
    outcome = run("result", "--execution", endpoint, ID)
    assert (outcome.exit_code, outcome.stdout) == (130, '{"sum": 42}\n')
    assert f"execution {ID}: Ctrl-C ended the reading only, and not the execution\n" in outcome.stderr


@pytest.mark.parametrize(
    "others",
    [
        ["job.log"],
        ["--capture", "raw"],
        ["--only", "job"],
        ["--container", "job"],
        ["--pod", "default/job"],
    ],
)
def test_what_goes_without_it(run: Run, others: list[str]) -> None:
    outcome = run("result", "--execution", "http://127.0.0.1:1", ID, *others)
    assert outcome.exit_code == 2
    assert "--execution go without FILE" in " ".join(outcome.stderr.split())


def test_it_takes_two_values(run: Run) -> None:
    outcome = run("result", "--execution", "http://127.0.0.1:1")
    assert outcome.exit_code == 2
    assert "requires 2 arguments" in outcome.stderr


def test_a_start_that_does_not_come(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.statuses = ["PENDING"]
    outcome = run("result", "--execution", endpoint, ID, "--wait-timeout", "0")
    assert outcome.exit_code == 2
    assert "has neither run nor ended for 0 s: its status is 'PENDING'" in outcome.stderr


def test_control_characters_of_the_id_and_of_the_platform_are_escaped(platform: Here, run: Run) -> None:
    server, endpoint = platform
    server.faults = [Answer(422, b'{"detail": "\\u001b[2J"}')]
    outcome = run("result", "--execution", endpoint, "\x1b[2J")
    assert "\x1b" not in outcome.output
    assert r"answers with 422 and '\x1b[2J'" in outcome.stderr


def test_the_keys_of_the_environment_are_used(
    platform: Here, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, endpoint = platform
    server.needs_keys, server.logs, server.result = True, [entries(RESULT)], {"sum": 42}
    monkeypatch.setenv("PLANQK_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("PLANQK_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("PLANQK_TOKEN_ENDPOINT", endpoint.replace("/service", "/token"))
    outcome = run("result", "--execution", endpoint, ID)
    assert (outcome.exit_code, outcome.stdout) == (0, '{"sum": 42}\n')
    assert SECRET not in outcome.output


def test_the_extra_is_named_where_it_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    outcome = run("result", "--execution", "http://127.0.0.1:1", ID)
    assert outcome.exit_code == 2
    assert missing_extra("httpx", "planqk") in outcome.stderr


def test_a_program_reads_it_without_a_warning_and_imports_nothing_before(
    platform: Here, tmp_path: Path
) -> None:
    server, endpoint = platform
    server.statuses, server.logs, server.result = ["SUCCEEDED"], [entries(LOG[-2])], None
    code = (
        "import sys; from planqk_protocol.cli.app import cli; from planqk_protocol.engines import planqk; "
        "assert not {'httpx', 'qhub', 'authlib', 'pydantic'} & set(sys.modules); "
        "planqk._FIRST_PAUSE = 0; cli(['result', '--execution', *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, endpoint, ID],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert json.loads(done.stdout)["sum"] == 42
    assert done.returncode == 1
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [f"execution {ID}"] * 2
