"""What the README promises at its top."""

from __future__ import annotations

import re
import tomllib

from click.testing import CliRunner

from planqk_protocol.cli.app import cli
from tests.docs.pages import README, ROOT

TEXT = README.read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r"^<!-- command: (\w+) -->\n```sh\n(.*)\n```$", TEXT, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_are_two_commands_of_one_line_each() -> None:
    assert list(COMMANDS) == ["install", "test"]


def test_the_first_command_prints_what_the_page_says() -> None:
    [path] = re.findall(r"planqk-protocol result (\S+)$", COMMANDS["install"])
    printed = CliRunner().invoke(cli, ["result", str(ROOT / path)]).stdout.strip()
    assert f"`{printed}`" in TEXT


def test_the_paths_in_the_commands_exist() -> None:
    paths = re.findall(r"\b(?:docs|tests)/\S+", COMMANDS["install"] + " " + COMMANDS["test"])
    assert paths
    for path in paths:
        assert (ROOT / path).is_file(), path


def test_the_commands_name_what_the_project_has() -> None:
    assert set(re.findall(r"--group (\w+)", TEXT)) <= set(PROJECT["dependency-groups"])
    extras = {extra for group in re.findall(r"\.\[([\w,]+)\]", TEXT) for extra in group.split(",")}
    assert extras <= set(PROJECT["project"]["optional-dependencies"])
    assert set(re.findall(r"\.venv/bin/([a-z-]+)", TEXT)) <= {"python", *PROJECT["project"]["scripts"]}


def test_the_python_version_is_that_of_the_project() -> None:
    [version] = set(re.findall(r"Python (\d\.\d+)", TEXT))
    assert PROJECT["project"]["requires-python"] == f">={version}"
