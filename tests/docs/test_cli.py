"""Every command has its section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from click.testing import CliRunner

from planqk_protocol.cli.app import cli
from planqk_protocol.cli.finding_reports import REPORTS
from planqk_protocol.diagnosis import FindingRecord
from tests.docs.pages import DOCS

if TYPE_CHECKING:
    import pytest

PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")


def test_every_command_has_a_section_with_its_help() -> None:
    sections = re.findall(r"^## `([a-z-]+)`\n\n<!-- part: help (\w+) -->$", PAGE, re.MULTILINE)
    assert sections == [(name, name) for name in cli.commands]
    assert "\n<!-- part: help -->\n" in PAGE


def test_the_finding_that_is_shown_is_what_check_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("job.log").write_bytes(b'log\n  PlanQK:Job:Result: {"sum": 42}\n')
    printed = CliRunner().invoke(cli, ["check", "job.log"]).stdout
    section = PAGE.split("## `check`")[1]
    (shown,) = re.findall(r"```text\n(job\.log:.*?\n)```", section, re.DOTALL)
    assert printed.startswith(shown)


def test_the_fields_of_a_finding_are_those_of_its_record() -> None:
    section = PAGE.split("## `check`")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    fields = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert fields == [field.name for field in msgspec.structs.fields(FindingRecord)]


def test_all_forms_of_output_are_described() -> None:
    section = PAGE.split("## `check`")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \|$", section, re.MULTILINE) == list(REPORTS)
