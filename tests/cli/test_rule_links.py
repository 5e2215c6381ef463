"""The addresses of the pages about rules, and who gets links to them."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import planqk_protocol
from planqk_protocol.cli.rule_links import DOCUMENTATION, linked, page_address
from planqk_protocol.cli.rule_text import all_rules
from tests.cli.harness import Call, Terminal
from tests.docs.pages import DOCS, ROOT

BROKEN = b"PlanQK:Job:Result: {'sum': 42}\n"
LINK = re.compile(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b\\(.*?)\x1b\]8;;\x1b\\")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "job.log"
    path.write_bytes(BROKEN)
    return path


def links(shown: str) -> list[tuple[str, str]]:
    """The addresses of the links in what a terminal got, with their texts."""
    return [(address, re.sub(r"\x1b\[[\d;]*m", "", text)) for address, text in LINK.findall(shown)]


def test_the_address_is_named_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == DOCUMENTATION
    package = Path(planqk_protocol.__file__).parent
    modules = [path for path in package.rglob("*.py") if "readthedocs" in path.read_text("utf-8")]
    assert [path.name for path in modules] == ["rule_links.py"]


def test_each_address_is_that_of_a_page() -> None:
    for rule in all_rules():
        path = page_address(rule).removeprefix(DOCUMENTATION)
        assert (DOCS / path).with_suffix(".md").is_file()


def test_a_style_has_a_link_if_it_shall() -> None:
    assert linked("bold red", "json-nan", links=False) == "bold red"
    assert linked("bold red", "json-nan", links=True) == f"bold red link {page_address('json-nan')}"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_terminal_gets_links(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, log: Path, stream: str
) -> None:
    monkeypatch.setattr(sys, stream, terminal.text())
    assert call("check" if stream == "stdout" else "result", log) == 1
    assert links(terminal.shown()) == [
        (page_address(rule), rule) for rule in ("json-single-quotes", "no-result")
    ]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TTY_COMPATIBLE", "0")])
def test_a_terminal_that_wants_none_gets_no_links(
    call: Call,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    log: Path,
    stream: str,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, stream, terminal.text())
    assert call("check" if stream == "stdout" else "result", log) == 1
    shown = terminal.shown()
    assert "json-single-quotes" in shown
    assert "\x1b]8" not in shown


def test_a_pipe_gets_no_links_whatever_the_colours(
    call: Call, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert call("check", log) == 1
    assert call("result", log) == 1
    shown = "".join(capfd.readouterr())
    assert "\x1b[" in shown
    assert "\x1b]8" not in shown


def test_what_is_no_rule_is_no_link(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    record = {"log": 'PlanQK:Job:Result: "\ufffd"\n', "stream": "stdout", "time": "2024-05-01T10:00:00Z"}
    log.write_text(json.dumps(record) + "\n")
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", "--capture", "docker-json-file", log) == 1
    shown = terminal.shown()
    assert "suspect" in shown
    assert [text for _, text in links(shown)] == ["capture-replacement-char"]


def test_the_summary_of_a_run_has_links(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    program = "print('PlanQK:Job:Result: NaN')"
    assert call("run", "--", sys.executable, "-c", program) == 1
    assert (page_address("json-nan"), "json-nan") in links(terminal.shown())
