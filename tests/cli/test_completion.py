"""Completion in shells."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from planqk_protocol.cli.app import cli
from tests.cli.harness import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_the_program(run: Run, shell: str) -> None:
    outcome = run("completion", shell)
    assert outcome.exit_code == 0
    assert f"_PLANQK_PROTOCOL_COMPLETE={shell}_complete" in outcome.stdout
    assert "planqk-protocol" in outcome.stdout
    assert outcome.stdout.endswith("\n")


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash to read the script")
def test_bash_can_read_its_script(run: Run) -> None:
    script = run("completion", "bash").stdout_bytes
    subprocess.run(["bash", "-n"], input=script, check=True, timeout=30)


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("planqk-protocol pa", ["plain,parse"]),
        ("planqk-protocol parse --fo", ["plain,--follow"]),
        ("planqk-protocol completion ", ["plain,bash", "plain,zsh", "plain,fish"]),
        ("planqk-protocol parse jo", ["file,jo"]),
        ("planqk-protocol --v", ["plain,--version"]),
    ],
)
def test_the_program_answers(words: str, completions: list[str]) -> None:
    before = words.rsplit(" ", 1)[0]
    env = {
        "_PLANQK_PROTOCOL_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(before.count(" ") + 1),
    }
    outcome = CliRunner().invoke(cli, [], prog_name="planqk-protocol", env=os.environ | env)
    assert outcome.stdout.splitlines() == completions


def test_shells_that_show_summaries_get_those_of_the_help() -> None:
    env = {"_PLANQK_PROTOCOL_COMPLETE": "zsh_complete", "COMP_WORDS": "planqk-protocol ", "COMP_CWORD": "1"}
    outcome = CliRunner().invoke(cli, [], prog_name="planqk-protocol", env=os.environ | env)
    assert len(cli.commands) == len(list(cli.commands))
    expected = [["plain", name, item.get_short_help_str()] for name, item in cli.commands.items()]
    lines = outcome.stdout.splitlines()
    assert [lines[at : at + 3] for at in range(0, len(lines), 3)] == expected
    assert all(summary for _, _, summary in expected)
