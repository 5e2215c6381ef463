"""``formats``: the formats of captures, for programs and for people."""

from __future__ import annotations

import json
import sys

import pytest

from planqk_protocol import captures
from tests.cli.harness import Call, Run, Terminal


def test_formats_are_json_lines_for_programs(run: Run) -> None:
    rows = [json.loads(line) for line in run("formats").stdout.splitlines()]
    assert [row["id"] for row in rows] == list(captures.formats())
    for row in rows:
        item = captures.formats()[row["id"]]
        assert row == {"id": item.id, "title": item.title, "source": item.source, "loses": item.loses}


@pytest.mark.parametrize("columns", [20, 80, 150])
def test_formats_are_a_text_for_people(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("formats") == 0
    shown = terminal.shown()
    assert "How to get it" in shown
    lines = shown.splitlines()
    assert all(
        len(line) <= max(columns, 17 + len(line[17:].split()[0])) for line in lines if line[17:].strip()
    )
    for item in captures.formats().values():
        for text in (item.title, item.source, item.loses):  # no word is broken
            assert " ".join(text.split()) in " ".join(shown.split())
