"""The map and the glossary of the architecture are those of the code."""

from __future__ import annotations

import re
import runpy
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import planqk_protocol
from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
MAP = runpy.run_path(str(DOCS / "floors.py"))


def rows(name: str) -> list[list[str]]:
    """The cells of all rows between the comments that bound a part of the page, headers left out."""
    [part] = re.findall(rf"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", PAGE, re.DOTALL)
    tables = re.findall(r"^\|.*\|\n\| --- .*\n((?:\|.*\n)+)", f"{part}\n", re.MULTILINE)
    return [
        [cell.strip() for cell in line[1:-1].split("|")] for table in tables for line in table.splitlines()
    ]


def test_the_map_has_every_module_once_with_its_floor() -> None:
    numbers = {module.strip("`"): floor for module, floor, _ in rows("map")}
    assert len(rows("map")) == len(numbers)
    assert numbers == {
        module: "–" if floor < 0 else str(floor) for module, floor in MAP["floors"]().items()
    }, "run docs/floors.py"
    assert MAP["updated"](PAGE) == PAGE, "run docs/floors.py"


def test_the_map_says_what_every_module_is() -> None:
    assert not [module for module, _, about in rows("map") if not about]


def test_what_is_gone_leaves_the_map_and_what_is_new_enters_it() -> None:
    changed = re.sub(
        r"^\| `buffer` \| \d+ .*\n", "| `gone` | 0 | a module that is gone |\n", PAGE, flags=re.MULTILINE
    )
    assert changed != PAGE
    assert re.sub(r"^(\| `buffer` \| \d+ \|).*", r"\1  |", PAGE, flags=re.MULTILINE) == MAP["updated"](
        changed
    )


def test_the_files_beside_the_modules_are_there() -> None:
    section = PAGE.split("### Beside the modules")[1].split("\n## ")[0]
    named = [path for cell in re.findall(r"^\| (.*?) \|", section, re.MULTILINE) for path in quoted(cell)]
    assert len(named) >= 10
    package = Path(planqk_protocol.__file__).parents[1]
    for path in named:
        home = package if path.startswith("planqk_protocol/") else ROOT
        assert path == ".ci/run" or (home / path).exists(), path  # that is not in an sdist


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_each_word_of_the_glossary_is_explained_once() -> None:
    words = [word for word, _, _ in rows("glossary")]
    assert len(words) >= 40
    assert words == sorted(set(words), key=str.casefold)
    assert all(meaning for _, meaning, _ in rows("glossary"))


@pytest.mark.parametrize("name", sorted({name for row in rows("glossary") for name in quoted(row[2])}))
def test_the_glossary_names_what_the_code_has(name: str) -> None:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            home: Any = import_module(".".join(["planqk_protocol", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        assert reduce(getattr, parts[length:], home) is not None
        return
    raise AssertionError(name)
