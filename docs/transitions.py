"""The transition table of the grammar for people: in Markdown, and as a diagram in SVG.

Run it from the root of the repository after a change of the grammar:
``.venv/bin/python docs/transitions.py``. It rewrites ``states.svg`` and the table
in ``grammar.md``. Both are kept in the repository, so that they can be read there.
"""  # noqa: INP001  # a script

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path

from planqk_protocol.grammar import Table, Transition, load_table

__all__ = ["state_diagram", "transition_table"]

_DOCS = Path(__file__).parent
_TABLE = re.compile(r"(?<=<!-- table -->\n\n).*?(?=\n\n<!-- end of table -->)", re.DOTALL)

# Of the diagram, in pixels.
_WIDTH, _LEFT, _RIGHT = 760, 250, 550  # of the picture; the sides of the boxes
_LINE, _GAP, _TOP, _LANE = 20, 56, 40, 40  # between lines of text, between boxes, above them, beside them

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img">
<title>The states of a stream</title>
<style>
text {{ font: 14px ui-monospace, monospace; fill: #222 }}
.state {{ font-weight: bold }}
rect, path {{ fill: none; stroke: #222; stroke-width: 1.5 }}
.page {{ fill: #fff; stroke: none }}
.box {{ fill: #f2f5f9 }}
.tip {{ fill: #222 }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }}
rect, path {{ stroke: #8b949e }}
.page {{ fill: #131416 }}
.box {{ fill: #1f242b }}
.tip {{ fill: #8b949e }}
}}
</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" \
orient="auto-start-reverse"><path class="tip" d="M0 0L10 5L0 10z"/></marker></defs>
<rect class="page" width="{width}" height="{height}"/>"""


def transition_table(table: Table) -> str:
    """A Markdown table: one row for each state, one column for each kind of line."""
    kinds = list(table.transitions[table.start])
    rows = [
        ["State", *(f"`{kind}`" for kind in kinds), "May end here"],
        ["---"] * (len(kinds) + 2),
        *(
            [f"`{state}`", *(_cell(row[kind]) for kind in kinds), "yes" if state in table.accepting else "no"]
            for state, row in table.transitions.items()
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(transition: Transition) -> str:
    return f"{f'`{transition.role}`' if transition.role else 'opens a block'}<br>→ `{transition.state}`"


def state_diagram(table: Table) -> str:
    """A diagram in SVG: a box for each state, an arrow for each pair of states, labelled ``kind / role``.

    The boxes stand one below the other. The transitions that stay in a state are
    listed in its box. Arrows to the next box go straight down, all others on
    the right if they go down, and on the left if they go up.
    """
    tops: dict[str, int] = {}
    parts: list[str] = []
    bottom = _TOP
    for state, row in table.transitions.items():
        tops[state] = bottom
        staying = [_label(kind, transition) for kind, transition in row.items() if transition.state == state]
        note = ["the stream may end here"] if state in table.accepting else []
        height = _LINE * (len(staying) + len(note) + 1) + 14
        parts += _box(state, bottom, height, staying, note)
        bottom += height + _GAP
    parts += _entry(table.start, tops[table.start])
    for lane, (origin, target, labels) in zip(count(1), _moves(table), strict=False):
        parts += _arrow(list(tops), tops, origin, target, labels, lane)
    height = bottom - _GAP + 20
    return "\n".join([_HEAD.format(width=_WIDTH, height=height), *parts, "</svg>"]) + "\n"


def _label(kind: str, transition: Transition) -> str:
    return f"{kind} / {transition.role or '–'}"


def _moves(table: Table) -> Iterator[tuple[str, str, list[str]]]:
    """The pairs of different states with a transition between them, and the labels of these transitions."""
    for origin, row in table.transitions.items():
        for target in dict.fromkeys(
            transition.state for transition in row.values() if transition.state != origin
        ):
            yield (
                origin,
                target,
                [_label(kind, transition) for kind, transition in row.items() if transition.state == target],
            )


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>'


def _box(state: str, top: int, height: int, staying: list[str], note: list[str]) -> Iterator[str]:
    yield f"<g><title>{escape(state)}</title>"
    yield f'<rect class="box" x="{_LEFT}" y="{top}" width="{_RIGHT - _LEFT}" height="{height}" rx="6"/>'
    kinds = ["state", *["step"] * len(staying), *["note"] * len(note)]
    for number, (text, kind) in enumerate(zip([state, *staying, *note], kinds, strict=True), 1):
        yield _text(_LEFT + 14, top + _LINE * number + 2, text, kind)
    yield "</g>"


def _entry(start: str, top: int) -> Iterator[str]:
    x = _LEFT + _LANE
    yield f'<g><title> → {escape(start)}</title><path d="M{x} 10V{top}" marker-end="url(#tip)"/>'
    yield _text(x + 10, 26, "start of the stream", "note") + "</g>"


def _arrow(
    states: list[str], tops: dict[str, int], origin: str, target: str, labels: list[str], lane: int
) -> Iterator[str]:
    distance = states.index(target) - states.index(origin)
    start, end = tops[origin] + 22, tops[target] + 22 + 6 * lane
    if distance == 1:
        x = _LEFT + _LANE
        path, label_x, label_y = f"M{x} {tops[target] - _GAP}V{tops[target]}", x + 10, tops[target] - 24
    elif distance > 1:
        x = _RIGHT + _LANE * distance // 2
        path, label_x, label_y = f"M{_RIGHT} {start}H{x}V{end}H{_RIGHT}", x + 8, (start + end) // 2
    else:
        x = _LEFT + _LANE * distance
        path, label_x, label_y = f"M{_LEFT} {start}H{x}V{end}H{_LEFT}", 8, (start + end) // 2
    yield f"<g><title>{escape(origin)} → {escape(target)}</title>"
    yield f'<path d="{path}" marker-end="url(#tip)"/>'
    for number, label in enumerate(labels):
        yield _text(label_x, label_y + _LINE * number, label, "step")
    yield "</g>"


def main() -> None:
    """Rewrite the diagram and the table in the documentation."""
    table = load_table()
    (_DOCS / "states.svg").write_text(state_diagram(table), encoding="utf-8")
    page = _DOCS / "grammar.md"
    shown = _TABLE.sub(lambda _: transition_table(table), page.read_text(encoding="utf-8"))
    page.write_text(shown, encoding="utf-8")


if __name__ == "__main__":
    main()
