"""What the package gives to the test suites of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import JobStatus, Parser, Violation, collect, parse
from planqk_protocol.captures import Source, formats
from planqk_protocol.testing import KnownCapture, captures, chunkings, plugin, streams, transcripts
from planqk_protocol.testing.plugin import CheckService, RunService
from tests.conformance.small_programs import program

run_service = plugin.run_service
check_service = plugin.check_service


@given(st.data(), streams())
def test_chunkings_make_up_their_stream(data: st.DataObject, stream: bytes) -> None:
    chunks = data.draw(chunkings(stream))
    parser = Parser()
    events = [event for chunk in chunks for event in parser.feed(chunk)] + parser.close()
    assert b"".join(chunks) == stream
    assert events == parse(stream)


@given(transcripts())
def test_transcripts_keep_the_protocol(stream: bytes) -> None:
    assert not [event for event in parse(stream) if isinstance(event, Violation)]


@given(data=st.data(), format_id=st.sampled_from(list(formats())))
def test_captures_hold_what_they_say(data: st.DataObject, format_id: str) -> None:
    capture = data.draw(captures(format_id))
    source = Source(format_id)
    events = [event for chunk in data.draw(chunkings(capture.data)) for event in source.feed(chunk).events]
    events += source.close().events
    assert capture.format == format_id
    assert b"".join(event.raw for event in events) == capture.stdout


@given(captures("docker-mux"))
def test_captures_hold_what_was_written(capture: KnownCapture) -> None:
    for stream, kept in (("stdout", capture.stdout), ("stderr", capture.stderr)):
        assert b"".join(data for name, data in capture.writes if name == stream) == kept


def test_captures_in_a_format_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"^there is no capture format 'crio'; choose one of raw, .*\bcri\b"):
        captures("crio")


def test_a_service_is_run(run_service: RunService) -> None:
    outcome = run_service(program("print('PlanQK:Job:Result: 42')"))
    assert outcome.status is JobStatus.SUCCEEDED
    assert outcome.result is not None
    assert outcome.result.value == 42


def test_a_service_fails(run_service: RunService) -> None:
    outcome = run_service(
        program("import sys\nprint('PlanQK:Job:Result: NaN')\nsys.exit(3)"), check=False, cwd="/"
    )
    assert (outcome.status, outcome.exit_code) == (JobStatus.FAILED, 3)
    assert outcome.reason is not None


def test_a_service_hangs(run_service: RunService) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_service(program("import time\ntime.sleep(60)"), timeout=0.5)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "print('  PlanQK:Job:Result: 42')",
            ["no result", "exit code is 0", "stdout:1:1: ", "[marker-indented]: "],
        ),
        ("print('PlanQK:Job:Result:', {'a': 1})", ["no result", "stdout:1:21: error[json-single-quotes]: "]),
        (
            "print('PlanQK:Job:Result: 42'); raise SystemExit(3)",
            ["a result", "exit code is 3", "[failed-with-result]"],
        ),
        ("", ["no result", "error[no-result]: "]),
    ],
)
def test_a_service_without_a_result_fails_with_what_was_found(
    run_service: RunService, code: str, said: list[str]
) -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        run_service(program(code))
    for part in said:
        assert part in str(failure.value)
    assert "help: " in str(failure.value)


def test_a_service_with_nothing_to_find_passes(check_service: CheckService) -> None:
    outcome = check_service(program("print('PlanQK:Job:Result: 42')"))
    assert outcome.status is JobStatus.SUCCEEDED


def test_a_result_is_not_all_that_is_checked(run_service: RunService, check_service: CheckService) -> None:
    job = program("print('PlanQK:Job:Result: 42'); print(' PlanQK:Job:InterimResult: 1')")
    assert run_service(job).result is not None
    with pytest.raises(pytest.fail.Exception, match=r"stdout:2:1: \w+\[marker-indented\]: "):
        check_service(job)


def test_what_is_valid_but_unwise_does_not_fail_a_test(check_service: CheckService) -> None:
    unwise = "print('PlanQK:Job:Result: 12345678901234567890'); print('PlanQK:Job:InterimResult: 1')"
    assert check_service(program(unwise)).result is not None
    with pytest.raises(pytest.fail.Exception, match=r"(?s)info\[big-integer\].*warning\[duplicate-key\]"):
        check_service(program(unwise + """; print('PlanQK:Job:InterimResult: {"a": 1, "a": 2}')"""))


def test_the_log_text_of_an_emitter_is_no_mistake(check_service: CheckService) -> None:
    code = """
import logging, os
from planqk_protocol.emit import Emitter, EmitterHandler
emitter = Emitter()
logging.basicConfig(handlers=[EmitterHandler(emitter)], format="%(message)s")
for marker in ("Result: 1", "InterimResult: 1", "InterimResult 1", "MultilineResult"):
    emitter.log("PlanQK:Job:" + marker)
    logging.error("an order says:\\nPlanQK:Job:" + marker)
with emitter.capture_fd():
    os.write(1, b"PlanQK:Job:Result: 1\\n")
emitter.result(42)
"""
    assert check_service([sys.executable, "-c", code]).result is not None


def test_the_part_of_a_long_line_around_the_place_is_shown(run_service: RunService) -> None:
    job = program("print('PlanQK:Job:Result: [' + '1, ' * 1000 + 'NaN]')")
    with pytest.raises(pytest.fail.Exception, match=r"line: …', 1, 1, 1, 1, 1, 1, NaN\]'"):
        run_service(job)


def test_very_many_findings_are_not_all_shown(check_service: CheckService) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"and 79 more findings$"):
        check_service(program("print('PlanQK:Job:Result: 42\\n' * 100)"))


def test_outcomes_that_differ_are_compared_by_their_fields() -> None:
    one = collect(parse(b"PlanQK:Job:Result: 42\n"), exit_code=0)
    other = collect(parse(b"PlanQK:Job:InterimResult: 1\n" * 2), exit_code=3)
    assert plugin.pytest_assertrepr_compare("==", one, other) == [
        "the outcomes differ:",
        "status: 'SUCCEEDED' != 'FAILED'",
        "result: Result.of(line=1, payload=b' 42') != None",
        "interim_results: () != 2 events",
        "exit_code: 0 != 3",
    ]
    assert plugin.pytest_assertrepr_compare("!=", one, other) is None
    assert plugin.pytest_assertrepr_compare("==", one, 42) is None


def test_the_plugin_is_loaded_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["planqk_protocol.testing.plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(run_service, check_service): assert callable(run_service) and callable(check_service)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", tmp_path, "-c", "/dev/null"], check=True, cwd=tmp_path
    )
