"""Every command has its section."""

from __future__ import annotations

import re

from planqk_protocol.cli.app import cli
from tests.docs.pages import DOCS

PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")


def test_every_command_has_a_section_with_its_help() -> None:
    sections = re.findall(r"^## `([a-z-]+)`\n\n\{\{ (\w+) \}\}$", PAGE, re.MULTILINE)
    assert sorted(sections) == sorted((name, f"help_{name}") for name in cli.commands)
    assert "\n{{ help }}\n" in PAGE
