"""Every page can be read as it is: what the code gives stands in the page, and is current."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from planqk_protocol import captures
from planqk_protocol.cli.app import cli
from planqk_protocol.grammar import grammar_text
from tests.docs.pages import DOCS, README

VIEW = runpy.run_path(str(DOCS / "parts.py"))
UPDATE = "run: .venv/bin/python docs/parts.py"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("name", VIEW["PAGES"])
def test_a_page_is_current(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert VIEW["updated"](text) == text, UPDATE


def test_each_part_stands_in_one_page() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    placed = [
        name for text in texts.values() for name in re.findall(r"^<!-- part: (.+) -->$", text, re.MULTILINE)
    ]
    assert sorted(placed) == sorted(VIEW["parts"]())
    pages = {page for page in PAGES if re.search(r"^<!-- part: ", texts[page], re.MULTILINE)}
    assert pages == {DOCS / name for name in VIEW["PAGES"]}


def test_an_old_part_is_replaced_and_the_text_around_it_stays() -> None:
    page = "a\n\n<!-- part: grammar -->\n\nold\n\n<!-- end of part -->\n\nb\n"
    new = VIEW["updated"](page)
    assert new == page.replace("old", VIEW["parts"]()["grammar"])


def test_the_parts_say_what_the_code_says() -> None:
    parts = VIEW["parts"]()
    assert grammar_text().rstrip() in parts["grammar"]
    for item in captures.formats().values():
        assert f"| [`{item.id}`]({item.id}.md) | {item.title} | {item.loses} |" in parts["formats"]
    for name, command in cli.commands.items():
        assert f"Usage: planqk-protocol {name} " in parts[f"help {name}"]
        for option in (option for parameter in command.params for option in parameter.opts):
            assert option in parts[f"help {name}"] or not option.startswith("--")
        assert max(map(len, parts[f"help {name}"].splitlines())) <= 80


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS.parent)))
def test_a_page_needs_no_sphinx(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"^[`:]{3,}\{", text, re.MULTILINE)  # a directive of MyST
    assert not re.search(r"\{\{ \w+ \}\}", text)  # a substitution
    assert (
        len(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).split()) > 20
    )  # not empty without what is hidden
