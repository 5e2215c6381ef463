"""No regular expression uses what a supported patch release of Python gets wrong.

Possessive quantifiers after a group match too much where the group breaks off
in the middle (gh-106052, mended in 3.11.5), after a lookahead (gh-100061, in
3.11.5), and raise ``SystemError`` where a group within captures (gh-101955,
mended in 3.12.8, and never in 3.11). After a single character or set they are
right everywhere. Atomic groups share their code.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import planqk_protocol

SOURCES = sorted(Path(planqk_protocol.__file__).parent.rglob("*.py"))
WRONG = re.compile(r"\)\s*(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")


def wrong_parts(source: str) -> list[str]:
    strings = [
        node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]
    return [found for string in strings for found in WRONG.findall(string)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_no_quantifier_of_a_group_is_possessive(path: Path) -> None:
    assert not wrong_parts(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "pattern", ["r'(?:a|b)*+'", "rb'(a)++'", "r'(a){2,}+'", "r'''(a) ?+'''", "r'(?>a)'", "f'(a{1})*+'"]
)
def test_such_a_quantifier_is_found(pattern: str) -> None:
    assert wrong_parts(f"x = {pattern}")
    assert not wrong_parts("x = r'(a+b)*' + '[^x]++' + '(a)+'")
