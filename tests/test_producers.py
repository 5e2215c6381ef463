"""Real producers, run as processes: what they print is what the parser finds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Parser, Result, Violation, parse

PYTHON = """
import json
print("starting: grün")
for step in range(3):
    print("PlanQK:Job:InterimResult:", json.dumps({"step": step}))
print("PlanQK:Job:Result:", json.dumps({"sum": 42, "text": "grün"}))
"""
COMMONS = """
import logging
from planqk.commons.logging import init_logging
from planqk.commons.runtime.output import print_output
init_logging()
logging.getLogger("service").info("PlanQK:Job:Result: 1")
print_output({"counts": {"00": 512, "11": 488}, "text": "grün"})
logging.getLogger("service").warning("done")
"""
NODE = """
console.log("starting: grün");
console.info("PlanQK:Job:InterimResult:", JSON.stringify({step: 1}));
console.info("PlanQK:Job:Result:", JSON.stringify({sum: 42, text: "grün"}));
"""
SHELL = r"""
echo starting
printf 'PlanQK:Job:Interim'; printf 'Result: %s\n' '{"step": 1}'
echo 'PlanQK:Job:MultilineResult'; printf '{\n  "sum": 42\n}\n'; echo 'PlanQK:Job:MultilineResult'
printf 'no newline at the end'
"""


def run(*command: str) -> list[Event]:
    """The events of a program's stdout, read as it comes."""
    parser = Parser()
    events: list[Event] = []
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "LOG_LEVEL": "INFO"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0, env=environment) as process:
        assert process.stdout
        while chunk := process.stdout.read(65536):
            events += parser.feed(chunk)
    assert process.returncode == 0
    return events + parser.close()


def values(events: list[Event]) -> list[object]:
    return [event.value for event in events if not isinstance(event, Log | Violation)]


@pytest.mark.rule("result-line", "interim-line")
def test_python_print() -> None:
    events = run(sys.executable, "-c", PYTHON)
    assert events[0] == Log(1, "starting: grün")
    assert values(events) == [{"step": 0}, {"step": 1}, {"step": 2}, {"sum": 42, "text": "grün"}]


@pytest.mark.rule("block", "marker-column")
def test_planqk_commons_print_output_among_its_logging() -> None:
    assert find_spec("planqk.commons"), "planqk-commons is a test dependency"
    log, result, last = run(sys.executable, "-c", COMMONS)
    assert isinstance(log, Log)
    assert log.text.endswith("PlanQK:Job:Result: 1")
    assert isinstance(result, MultilineResult)
    assert result.value == {"counts": {"00": 512, "11": 488}, "text": "grün"}
    assert isinstance(last, Log)


@pytest.mark.rule("result-line", "interim-line")
@pytest.mark.skipif(not shutil.which("node"), reason="Node is not on this machine")
def test_node_console_info() -> None:
    events = run("node", "-e", NODE)
    assert events[0] == Log(1, "starting: grün")
    assert values(events) == [{"step": 1}, {"sum": 42, "text": "grün"}]


@pytest.mark.rule("fence-line", "eof-line")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_a_shell_script() -> None:
    events = run("sh", "-c", SHELL)
    assert events[0] == Log(1, "starting")
    assert values(events) == [{"step": 1}, {"sum": 42}]
    assert events[-1] == Log(8, "no newline at the end", b"")


@pytest.mark.rule("line-crlf")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.parametrize("script", [PYTHON, COMMONS])
def test_under_a_pseudo_terminal(script: str) -> None:
    import pty  # noqa: PLC0415  # there is none on Windows

    leader, follower = pty.openpty()
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", "LOG_LEVEL": "INFO"}
    data = bytearray()
    with subprocess.Popen([sys.executable, "-c", script], stdout=follower, env=environment) as process:
        os.close(follower)
        try:
            while chunk := os.read(leader, 1000):
                data += chunk
        except OSError:  # how Linux says that the other side is gone
            pass
    os.close(leader)
    assert process.returncode == 0
    assert data.count(b"\r\n") == data.count(b"\n") > 0
    events = parse(data)
    assert not any(event.raw.endswith(b"\r\r\n") for event in events)
    assert all(not event.text.endswith("\r") for event in events if isinstance(event, Log))
    assert any(isinstance(event, Result | MultilineResult) for event in events)
    assert all(isinstance(event, Log | InterimResult | Result | MultilineResult) for event in events)


def test_a_result_flushed_at_once_is_seen_at_once() -> None:
    script = 'print("PlanQK:Job:InterimResult:", 1, flush=True); input()'
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout
        parser = Parser()
        events: list[Event] = []
        while not events:  # print writes the line in two pieces
            events = parser.feed(process.stdout.read(65536))
        assert process.poll() is None
        process.communicate(b"\n")
    (event,) = events
    assert isinstance(event, InterimResult)
    assert json.loads(event.payload) == event.value == 1
