"""Every format has its page, and every kind of notice its explanation."""

from __future__ import annotations

import re

import pytest

from planqk_protocol import captures
from planqk_protocol.captures import NoticeKind
from tests.docs.pages import DOCS, blocks

FOLDER = DOCS / "captures"
INDEX = (FOLDER / "index.md").read_text(encoding="utf-8")


def test_every_format_has_a_page_and_there_are_no_others() -> None:
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"index"}
    assert pages == set(captures.formats())
    assert re.findall(r"^\| \[`([a-z-]+)`\]\(\1\.md\) \|", INDEX, re.MULTILINE) == list(captures.formats())


@pytest.mark.parametrize("name", captures.formats())
def test_a_page_says_how_to_get_read_and_order_captures(name: str) -> None:
    page = FOLDER / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# `{name}`\n")
    assert re.findall("^## (.+)$", text, re.MULTILINE) == [
        "How to get one",
        "How to read it",
        "What it loses",
        "Rotated files",
    ]
    commands = [block.text for block in blocks(page) if block.language == "sh"]
    assert len(commands) >= 2
    assert any("planqk-protocol result" in command for command in commands[1:])
    read = re.findall("^planqk-protocol (?:result|parse) (.+)$", "".join(commands[1:]), re.MULTILINE)
    assert all(f"--capture {name} " in options for options in read)  # a guess is not safe in a script
    [program] = [block.text for block in blocks(page) if block.language == "python"]
    assert f'Source("{name}")' in program


def test_every_kind_of_notice_is_explained_in_order_and_linked_to_its_page() -> None:
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(\.\./rules/capture-\1\.md\) \|", INDEX, re.MULTILINE)
    assert rows == list(NoticeKind)
