"""The pictures of terminals are what the commands print, and need no network and no eyes."""

from __future__ import annotations

import re
import runpy
from typing import Any

import pytest

from tests.docs.pages import DOCS, README

NAMES = ("check", "run", "formats")
UPDATE = "run: .venv/bin/python docs/terminals.py"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]


@pytest.fixture(scope="module")
def view() -> dict[str, Any]:
    pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    return runpy.run_path(str(DOCS / "terminals.py"))


def picture(name: str) -> str:
    return (DOCS / "terminals" / f"{name}.svg").read_text(encoding="utf-8")


def words(name: str) -> str:
    """The text in a picture, with a line of the terminal on each line."""
    rows: dict[str, str] = {}
    for y, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>(.*?)</text>', picture(name)):
        rows[y] = rows.get(y, "") + text.replace("&#160;", " ").replace("&quot;", '"')
    return "\n".join(rows.values())


def test_there_is_a_picture_of_each_command(view: dict[str, Any]) -> None:
    assert tuple(view["PICTURES"]) == NAMES
    assert {path.stem for path in (DOCS / "terminals").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_what_the_command_prints(view: dict[str, Any], name: str) -> None:
    assert view["drawn"](name) == picture(name), UPDATE


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_needs_no_network(name: str) -> None:
    assert re.findall(r"https?://[^\"]+", picture(name)) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|@import|@font-face|url\((?!#)", picture(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_stands_in_a_page_with_words_for_those_who_do_not_see_it(name: str) -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    found = [
        alt
        for text in texts
        for alt in re.findall(rf"!\[([^\]]+)\]\((?:\.\./|docs/)?terminals/{name}\.svg\)", text)
    ]
    assert found
    assert all(len(alt) > 40 for alt in found)
    assert "<title>planqk-protocol " in picture(name)


def test_the_pictures_show_a_caret_a_live_interim_result_and_formats() -> None:
    assert '3 | PlanQK:Job:Result: {"sum": 42, "loss": NaN}\n  |' in words("check")
    assert "^^^" in words("check")
    assert words("run").endswith('running for 3 s, interim result {"step": 3, "cost": 702.25}')
    assert "What it loses" in words("formats")
