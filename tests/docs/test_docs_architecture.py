"""The map and the glossary of the architecture are those of the code."""

from __future__ import annotations

import re
import runpy
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pages import DOCS, ROOT

import planqk_protocol

PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
HOUSE = runpy.run_path(str(ROOT / "tests" / "test_floors.py"))
FLOORS = {module: str(number) for number, modules in enumerate(HOUSE["FLOORS"]) for module in modules}


def rows(name: str) -> list[list[str]]:
    """The cells of all rows between the comments that bound a part of the page, headers left out."""
    [part] = re.findall(rf"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", PAGE, re.DOTALL)
    tables = re.findall(r"^\|.*\|\n\| --- .*\n((?:\|.*\n)+)", f"{part}\n", re.MULTILINE)
    return [
        [cell.strip() for cell in line[1:-1].split("|")] for table in tables for line in table.splitlines()
    ]


def test_the_map_has_every_module_once() -> None:
    named = [module.strip("`") for module, _, _ in rows("map")]
    assert sorted(named) == sorted(HOUSE["modules"]())


@pytest.mark.parametrize(("module", "floor", "about"), rows("map"))
def test_the_map_names_the_floor_of_a_module(module: str, floor: str, about: str) -> None:
    assert floor == FLOORS.get(module.strip("`"), "–")
    assert about


def test_the_packages_stand_in_the_map_under_their_name() -> None:
    package = ""
    for line in PAGE.split("<!-- map -->")[1].split("<!-- end of map -->")[0].splitlines():
        if line.startswith("### "):
            package = line.strip("# `")
        elif line.startswith("| `"):
            module = line.split("`")[1]
            assert module.rpartition(".")[0] == ("" if package == "The core" else package)


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
