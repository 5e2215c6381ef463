"""The generated table and diagram show the whole transition table."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys

from pages import DOCS

from planqk_protocol.grammar import VERDICTS, load_table

VIEWS = runpy.run_path(str(DOCS / "transitions.py"))
TABLE = load_table()

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
    assert [row[0].strip("`") for row in rows] == list(TABLE.steps)
    for (state, steps), row in zip(TABLE.steps.items(), rows, strict=True):
        assert sorted(kinds) == sorted(steps)
        for kind, cell in zip(kinds, row[1:-1], strict=True):
            assert cell.endswith(f"→ `{steps[kind].state}`")
            assert cell.startswith(f"`{steps[kind].verdict}`" if steps[kind].verdict else "opens a block")
        assert row[-1] == ("yes" if state in TABLE.accepting else "no")


def test_the_diagram_has_every_state_and_every_step() -> None:
    first, *lines = VIEWS["state_diagram"](TABLE).splitlines()
    assert first == "stateDiagram-v2"
    names = {}
    edges = set()
    for line in map(str.strip, lines):
        if line.startswith("state "):
            state, _, name = line.removeprefix("state ").rpartition(" as ")
            names[name] = state.strip('"')
        else:
            origin, _, rest = line.partition(" --> ")
            target, _, labels = rest.partition(": ")
            edges |= {(names.get(origin), names.get(target), label) for label in labels.split("<br/>")}
    assert sorted(names.values()) == sorted(TABLE.steps)
    assert edges == {
        (None, TABLE.start, ""),
        *((state, None, "") for state in TABLE.accepting),
        *(
            (state, step.state, f"{kind} / {step.verdict or '–'}")
            for state, steps in TABLE.steps.items()
            for kind, step in steps.items()
        ),
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
    assert b"stateDiagram" in shown.pop()


def test_the_grammar_page_explains_every_verdict() -> None:
    page = (DOCS / "grammar.md").read_text(encoding="utf-8")
    assert {"{{ transition_table }}", "{{ state_diagram }}"} <= set(page.splitlines())
    assert all(f"`{verdict}`" in page for verdict in VERDICTS)
