"""The pages of the documentation, as the tests see them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"^### `([a-z-]+)`$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start(2)) + 1) for match in _FENCED.finditer(text)
    ]


def rule_headings() -> list[str]:
    """The rule ids that head a section of the specification, in order."""
    return _RULE.findall((DOCS / "specification.md").read_text(encoding="utf-8"))


def headings(page: Path) -> set[str]:
    """What a link can name after ``#`` to lead to a heading of a page."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in _HEADING.findall(text)}
