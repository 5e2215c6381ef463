"""The map of the modules in ``architecture.md``, brought up to date with the tree and its floors.

Run it from the root of the repository after a change of ``tests/test_floors.py``:
``.venv/bin/python docs/floors.py``. It rewrites the floors and the order of the
rows, drops modules that are gone, and adds rows for new ones. What a new module
is has to be written by hand.
"""  # noqa: INP001  # a script

from __future__ import annotations

import re
import runpy
from pathlib import Path

__all__ = ["floors", "updated"]

_DOCS = Path(__file__).parent
_HEAD = "| Module | Floor | What it is or does |\n| --- | --- | --- |\n"
_TABLE = re.compile(rf"(### (?:`([\w.]+)`|The core)\n.*?{re.escape(_HEAD)})((?:\|[^\n]*\n)*)", re.DOTALL)
_ROW = re.compile(r"^\| `([\w.]+)` \| .*? \| (.*?) \|$", re.MULTILINE)


def floors() -> dict[str, int]:
    """Number of the floor of each module, from the ground up; -1 for one that stands on none."""
    house = runpy.run_path(str(_DOCS.parent / "tests" / "test_floors.py"))
    numbers = {module: number for number, modules in enumerate(house["FLOORS"]) for module in modules}
    return {module: numbers.get(module, -1) for module in house["modules"]()}


def updated(page: str) -> str:
    """The page with the map as it has to be."""
    begin, map_, end = re.split(r"(?<=<!-- map -->)|(?=<!-- end of map -->)", page)
    about = dict(_ROW.findall(map_))
    numbers = floors()

    def table(found: re.Match[str]) -> str:
        head, package, _ = found.groups()
        modules = [module for module in numbers if module.rpartition(".")[0] == (package or "")]
        return head + "".join(
            f"| `{module}` | {'–' if numbers[module] < 0 else numbers[module]} | {about.get(module, '')} |\n"
            for module in sorted(modules, key=lambda module: (numbers[module], module))
        )

    return begin + _TABLE.sub(table, map_) + end


if __name__ == "__main__":
    architecture = _DOCS / "architecture.md"
    architecture.write_text(updated(architecture.read_text(encoding="utf-8")), encoding="utf-8")
