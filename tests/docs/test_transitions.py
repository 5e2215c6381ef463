"""The table and the diagram in the documentation show the whole transition table."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from xml.etree import ElementTree as ET

from planqk_protocol.grammar import ROLES, load_table
from tests.docs.pages import DOCS

VIEWS = runpy.run_path(str(DOCS / "transitions.py"))
TABLE = load_table()
PAGE = (DOCS / "grammar.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"

PROGRAM = """
import runpy, sys
from planqk_protocol.grammar import load_table
views = runpy.run_path(sys.argv[1])
print(views["transition_table"](load_table()), views["state_diagram"](load_table()))
"""


def test_the_table_has_a_row_for_each_state_and_a_cell_for_each_step() -> None:
    header, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in VIEWS["transition_table"](TABLE).splitlines()
    )
    kinds = [kind.strip("`") for kind in header[1:-1]]
    assert [row[0].strip("`") for row in rows] == list(TABLE.transitions)
    for (state, steps), row in zip(TABLE.transitions.items(), rows, strict=True):
        assert sorted(kinds) == sorted(steps)
        for kind, cell in zip(kinds, row[1:-1], strict=True):
            assert cell.endswith(f"→ `{steps[kind].state}`")
            assert cell.startswith(f"`{steps[kind].role}`" if steps[kind].role else "opens a block")
        assert row[-1] == ("yes" if state in TABLE.accepting else "no")


def test_the_diagram_has_every_state_and_every_step() -> None:
    states, edges, accepting, entries = [], set(), set(), []
    for group in ET.fromstring(VIEWS["state_diagram"](TABLE)).iter(f"{SVG}g"):  # noqa: S314  # our own
        origin, arrow, target = group.findtext(f"{SVG}title", "").partition(" → ")
        texts = {
            kind: [text.text for text in group.iter(f"{SVG}text") if text.get("class") == kind]
            for kind in ("state", "step", "note")
        }
        if not arrow:
            states += texts["state"]
            assert texts["state"] == [origin]
            accepting |= {origin} if "the stream may end here" in texts["note"] else set()
        elif not origin:
            entries.append(target)
        edges |= {(origin, target or origin, label) for label in texts["step"]}
    assert states == list(TABLE.transitions)
    assert accepting == TABLE.accepting
    assert entries == [TABLE.start]
    assert edges == {
        (state, step.state, f"{kind} / {step.role or '–'}")
        for state, steps in TABLE.transitions.items()
        for kind, step in steps.items()
    }


def test_they_do_not_depend_on_the_hash_seed() -> None:
    shown = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, DOCS / "transitions.py"],
            env=os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert len(shown) == 1
    assert b"<svg" in shown.pop()


def test_the_documentation_has_them_as_they_are_now() -> None:
    advice = "run docs/transitions.py"
    [table] = re.findall(r"<!-- table -->\n\n(.*?)\n\n<!-- end of table -->", PAGE, re.DOTALL)
    assert table == VIEWS["transition_table"](TABLE), advice
    assert (DOCS / "states.svg").read_text(encoding="utf-8") == VIEWS["state_diagram"](TABLE), advice
    assert "](states.svg)" in PAGE


def test_the_grammar_page_explains_every_role() -> None:
    assert all(f"`{role}`" in PAGE.split("<!-- end of table -->")[1] for role in ROLES)
