"""The figures of the page Performance are those that were measured, and the chart shows them."""

from __future__ import annotations

import json
import re
import runpy
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.bench.bounds import BOUNDS
from tests.docs.pages import DOCS

VIEWS = runpy.run_path(str(DOCS / "performance.py"))
TEXT = (DOCS / "performance.json").read_text(encoding="utf-8")
PAGE = (DOCS / "performance.md").read_text(encoding="utf-8")
JSON: dict[str, Any] = json.loads(TEXT)
REPORT = VIEWS["Report"](TEXT)
SVG = "{http://www.w3.org/2000/svg}"
UPDATE = "run: .venv/bin/python docs/performance.py"


def test_the_page_and_the_chart_are_current() -> None:
    assert VIEWS["page"](PAGE, REPORT) == PAGE, UPDATE
    assert (DOCS / "performance.svg").read_text(encoding="utf-8") == VIEWS["chart"](REPORT), UPDATE
    assert "](performance.svg)" in PAGE


def test_the_page_has_each_part_once() -> None:
    names = re.findall(r"<!-- figures: ([a-z-]+) -->", PAGE)
    assert len(set(names)) == len(names) == PAGE.count("<!-- end of figures -->")
    assert set(names) == set(VIEWS["PARTS"])


def test_new_figures_come_into_the_page() -> None:
    changed = {**JSON, "date": "1999-12-31", "megabytes": 7}
    assert "Measured on 1999-12-31" in VIEWS["page"](PAGE, VIEWS["Report"](json.dumps(changed)))


@pytest.mark.parametrize("missing", ["grep -n", "tap.py", "jq"])
def test_what_is_not_installed_is_left_out(missing: str) -> None:
    figures = [figure for figure in JSON["figures"] if figure["task"] != missing]
    report = VIEWS["Report"](json.dumps({**JSON, "figures": figures}))
    assert VIEWS["page"](PAGE, report)
    assert f">{missing}<" not in VIEWS["chart"](report)


def test_the_page_says_of_each_bound_whether_it_is_met() -> None:
    [part] = re.findall(r"<!-- figures: bounds -->\n\n(.*?)\n\n<!--", PAGE, re.DOTALL)
    rows = part.splitlines()[2:]
    assert len(rows) == len(JSON["bounds"]) == len(BOUNDS), "measure anew: see docs/performance.md"
    assert all(row.endswith(("| yes |", "| no |", "| not measured |")) for row in rows)


def test_the_chart_has_a_bar_for_each_name_and_says_what_was_measured() -> None:
    picture = ET.fromstring(VIEWS["chart"](REPORT))  # noqa: S314  # our own
    bars = [bar for bar in picture.iter(f"{SVG}rect") if bar.get("class") != "page"]
    texts: dict[str, list[str]] = {}
    for text in picture.iter(f"{SVG}text"):
        texts.setdefault(text.get("class", ""), []).append(text.text or "")
    assert len(bars) == len(texts["task"]) == len(texts["speed"]) >= 10
    caption = " ".join(texts["caption"])
    assert JSON["date"] in caption
    assert JSON["machine"] in caption
    assert JSON["command"] in caption
    assert all(f"{name} {number}" in caption for name, number in JSON["versions"].items())
    height = float(picture.get("height", 0))
    assert all(float(text.get("y", 0)) < height for text in picture.iter(f"{SVG}text"))


def test_the_bars_are_as_long_as_the_figures_say() -> None:
    picture = ET.fromstring(VIEWS["chart"](REPORT))  # noqa: S314  # our own
    widths = [int(bar.get("width", 0)) for bar in picture.iter(f"{SVG}rect") if bar.get("class") != "page"]
    speeds = {(one["comparison"], one["task"]): one["size"] / one["seconds"] for one in JSON["figures"]}
    loop, events = widths[:2]
    expected = speeds["few markers", "events"] / speeds["few markers", "careful loop"]
    assert events / loop == pytest.approx(expected, rel=0.02)
