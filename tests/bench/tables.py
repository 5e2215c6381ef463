"""Figures and bounds as text."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.bounds import Verdict
from tests.bench.measuring import Figure

_ROW = "{:39} {:25} {:10} {:>9} {:>9} {:>9} {:>7}"
_MET = {True: "met", False: "NOT MET", None: "not measured"}


def figures_header() -> str:
    """What the columns of the figures are."""
    return _ROW.format("comparison", "task", "kind", "seconds", "MB/s", "ns a line", "ratio")


def figures_row(figure: Figure) -> str:
    """A figure. Its ratio is how many times as fast the task is as the first one of the comparison."""
    has_size = figure.size > figure.lines
    return _ROW.format(
        figure.comparison,
        figure.task,
        figure.kind,
        f"{figure.seconds:.4f}",
        f"{figure.size / figure.seconds / 1e6:.1f}" if has_size else "",
        f"{figure.seconds / figure.lines * 1e9:.0f}" if figure.lines > 1 else "",
        f"{figure.speed:.2f}",
    ) + (f" {figure.peak / 1024:.1f} MiB" if figure.peak else "")


def bounds_table(verdicts: Iterable[Verdict]) -> str:
    """The bounds, and whether each is met."""
    rows = [f"{'bound':66} {'':>14} {'measured':>9}"]
    for verdict in verdicts:
        measured = "" if verdict.measured is None else f"{verdict.measured:.2f}"
        name = f"{verdict.comparison}: {verdict.task} / {verdict.versus}"
        name += ", memory" * (verdict.of == "memory")
        rows.append(
            f"{name:66} {verdict.relation:>8} {verdict.bound:5.2f} {measured:>9}  {_MET[verdict.met]}"
        )
    return "\n".join(rows)
