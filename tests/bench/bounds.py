"""The bounds on what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from tests.bench.growth import MODES
from tests.bench.measuring import Figure

Relation = Literal["at least", "at most"]
Quantity = Literal["time", "memory"]


class Bound(NamedTuple):
    """A bound on how a task compares with another task of the same comparison.

    With "at least", the value is how many times as fast the task is. With "at most", it is
    how many times as long it takes for the same work, or how many times as much memory it holds.
    """

    comparison: str
    task: str
    versus: str
    relation: Relation
    value: float
    of: Quantity = "time"


class Verdict(msgspec.Struct, frozen=True):
    """A bound, and what was measured; ``None`` if it was not."""

    comparison: str
    task: str
    versus: str
    relation: Relation
    bound: float
    of: Quantity
    measured: float | None
    met: bool | None


BOUNDS = [
    *(
        Bound(log, task, versus, "at least", value)
        for log in ("no markers", "few markers")
        for task, versus, value in (
            ("events", "careful loop", 1.45),
            ("feed alone", "plain loop", 2.3),
            ("logs=False", "grep -n", 0.95),
            ("logs=False", "byte loop", 1.9),
        )
    ),
    Bound("interim results", "events", "careful loop", "at least", 1.4),
    *(
        Bound(f"payload: {name}", "feed", "msgspec.json.decode", "at most", 1.15)
        for name in ("counts", "floats", "string")
    ),
    Bound("payload byte by byte", "200 kB", "50 kB", "at most", 1.15),
    Bound("command: log to JSON Lines", "parse --output jsonl", "json.dumps loop", "at least", 4),
    Bound("start", "first parse", "import of libraries", "at most", 1.6),
    Bound("start", "result", "import click", "at most", 2.2),
    Bound("start", "result, none there", "result", "at most", 1.3),
    Bound("commands on a long log", "result, none there", "result", "at most", 1.3),
    Bound("commands on a long log", "check", "parse", "at most", 1.15),
    Bound("diagnosis", "diagnosis", "feed alone", "at most", 1.15),
    *(
        Bound(f"capture: {format_id}{rest}", "capture", "its stdout", "at most", value)
        for format_id in ("docker-json-file", "cri")
        for rest, value in (("", 2.5), (", a third on stderr", 3.5))
    ),
    *(Bound(f"growth: {mode}", "all", "a tenth", "at most", 1.15) for mode in MODES),
    *(Bound(f"growth: {mode}", "all", "a tenth", "at most", 1.1, "memory") for mode in MODES),
]
"""All bounds."""


def judge(figures: Sequence[Figure]) -> list[Verdict]:
    """The verdict on each bound."""
    by_place = {(figure.comparison, figure.task): figure for figure in figures}
    verdicts = []
    for bound in BOUNDS:
        figure = by_place.get((bound.comparison, bound.task))
        versus = by_place.get((bound.comparison, bound.versus))
        measured = _measure(bound, figure, versus) if figure and versus else None
        met = None if measured is None else _is_met(bound, measured)
        comparison, task, other, relation, value, of = bound
        verdicts.append(Verdict(comparison, task, other, relation, value, of, measured, met))
    return verdicts


def _measure(bound: Bound, figure: Figure, versus: Figure) -> float:
    if bound.of == "memory":
        return figure.peak / versus.peak
    longer = (figure.seconds / figure.size) / (versus.seconds / versus.size)
    return 1 / longer if bound.relation == "at least" else longer


def _is_met(bound: Bound, measured: float) -> bool:
    return measured >= bound.value if bound.relation == "at least" else measured <= bound.value
