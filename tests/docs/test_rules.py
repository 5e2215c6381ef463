"""The pages of the rules are those that the rules give, and say the same as the command ``explain``."""

from __future__ import annotations

import runpy

import pytest

from planqk_protocol.diagnosis import RULES
from tests.docs.pages import DOCS

PAGES: dict[str, str] = runpy.run_path(str(DOCS / "rules.py"))["pages"]()
UPDATE = "run: .venv/bin/python docs/rules.py"


def test_there_is_a_page_for_each_rule_and_the_list() -> None:
    assert {path.name for path in (DOCS / "rules").iterdir()} == set(PAGES), UPDATE
    assert set(PAGES) == {"index.md", *(f"{id_}.md" for id_ in RULES)}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (DOCS / "rules" / name).read_text(encoding="utf-8") == PAGES[name], UPDATE


@pytest.mark.parametrize("id_", RULES)
def test_the_list_links_to_each_page(id_: str) -> None:
    assert f"[`{id_}`]({id_}.md)" in PAGES["index.md"]
    assert PAGES[f"{id_}.md"].startswith(f"# `{id_}`\n")
