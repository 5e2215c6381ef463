"""The figures of the page Performance: its tables, and a chart in SVG.

Run it from the root of the repository after a measurement: ``.venv/bin/python docs/performance.py``. It
reads ``performance.json``, which ``tests/bench/run.py --json`` writes, and rewrites ``performance.svg`` and
the tables in ``performance.md``. All of them are kept in the repository, so that they can be read there.
"""  # noqa: INP001  # a script

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["PARTS", "Report", "chart", "page"]

_DOCS = Path(__file__).parent
_PART = re.compile(r"(?<=<!-- figures: )([a-z-]+)( -->\n\n).*?(?=\n\n<!-- end of figures -->)", re.DOTALL)

# The bars of the chart: a heading, a comparison, and the tasks that are shown of it.
_BARS = [
    ("All that is in a log", "few markers", ["careful loop", "events", "feed alone"]),
    ("Only its marked lines", "few markers", ["byte loop", "grep -n", "rg -n", "logs=False"]),
    ("Nothing but interim results", "interim results", ["careful loop", "events"]),
    ("JSON Lines, by commands", "command: log to JSON Lines", ["json.dumps loop", "parse --output jsonl"]),
    (
        "Parsers of other protocols, each on a log of its own",
        "peers",
        ["tap.py", "pygdbmi", "singer-python", "python-subunit", "jq", "events"],
    ),
]
_WIDTH, _LEFT, _RIGHT, _LINE = 760, 190, 660, 22  # pixels: the picture, the sides of the bars, a line

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img">
<title>Megabytes in a second</title>
<style>
text {{ font: 13px ui-monospace, monospace; fill: #222 }}
.heading {{ font-weight: bold }}
.caption {{ font-size: 11px }}
.page {{ fill: #fff }}
.other {{ fill: #8a93a1 }}
.ours {{ fill: #2f6fbf }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #ddd }}
.page {{ fill: #131416 }}
.other {{ fill: #6b7686 }}
.ours {{ fill: #5b9be6 }}
}}
</style>
<rect class="page" width="{width}" height="{height}"/>"""


class Report:
    """What a run of the benchmark measured: its JSON, and its figures by comparison and task."""

    def __init__(self, text: str) -> None:
        self.json: dict[str, Any] = json.loads(text)
        self.comparisons: dict[str, dict[str, dict[str, Any]]] = {}
        for figure in self.json["figures"]:
            self.comparisons.setdefault(figure["comparison"], {})[figure["task"]] = figure

    def speed(self, comparison: str, task: str) -> str:
        """Megabytes in a second, or a dash if that was not measured."""
        figure = self.comparisons.get(comparison, {}).get(task)
        return _short(figure["size"] / figure["seconds"] / 1e6) if figure else "–"

    def times(self, comparison: str, task: str, versus: str) -> str:
        """How many times as long a task takes as another one, for the same work."""
        tasks = self.comparisons.get(comparison, {})
        if task not in tasks or versus not in tasks:
            return "–"
        return _short(tasks[versus]["speed"] / tasks[task]["speed"])

    def ratio(self, comparison: str, task: str, versus: str) -> str:
        """How many times as fast a task is as another one."""
        return self.times(comparison, versus, task)


def _short(number: float) -> str:
    """Three digits at most, two of them after the point."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2  # noqa: PLR2004
    return f"{number:,.{digits}f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def _made(report: Report) -> str:
    json_ = report.json
    versions = ", ".join(f"{name} {number}" for name, number in json_["versions"].items())
    return (
        f"Measured on {json_['date']} on {json_['machine']}, with logs of {json_['megabytes']} MB. "
        f"The best of {json_['rounds']} rounds counts.\n\n"
        f"Versions: {versions}.\n\n```sh\n{json_['command']}\n```"
    )


def _logs(report: Report) -> list[str]:
    """The names of the comparisons on logs."""
    return [name for name, tasks in report.comparisons.items() if "byte loop" in tasks]


def _events(report: Report) -> str:
    header = [
        "Log",
        "careful loop",
        "`iter_events`",
        "ratio",
        "`feed` alone",
        "ratio",
        "events in a list",
        "ratio",
        "plain loop",
        "`feed` / plain loop",
    ]
    rows = []
    for log in _logs(report):
        row = [log, report.speed(log, "careful loop")]
        for task in ("events", "feed alone", "events in a list"):
            row += [report.speed(log, task), report.ratio(log, task, "careful loop")]
        row += [report.speed(log, "plain loop"), report.ratio(log, "feed alone", "plain loop")]
        rows.append(row)
    return _table(header, rows)


def _results(report: Report) -> str:
    tasks = ["byte loop", "grep -n", "rg -n", "wc -l", "logs=False", "last interim result"]
    header = ["Log", *tasks, "`logs=False` / byte loop", "/ `grep -n`"]
    rows = [
        [
            log,
            *(report.speed(log, task) for task in tasks),
            *(report.ratio(log, "logs=False", versus) for versus in ("byte loop", "grep -n")),
        ]
        for log in _logs(report)
    ]
    return _table(header, rows)


# Of each mode: its name, the comparison and the task, the least work, and what this is.
_LEAST = [
    ("`iter_events`", "few markers", "events", "objects", "decode, split, an object for each line"),
    ("`feed` alone", "few markers", "feed alone", "objects", "the same"),
    ("`logs=False`", "few markers", "logs=False", "line numbers", "read, count the LFs"),
    ("interim results", "interim results", "events", "JSON", "`msgspec.json.decode` of each payload"),
    ("a payload: counts", "payload: counts", "feed", "msgspec.json.decode", "decode the payload"),
    ("a payload: floats", "payload: floats", "feed", "msgspec.json.decode", "the same"),
    ("a payload: one string", "payload: string", "feed", "msgspec.json.decode", "the same"),
    (
        "`to_json_line`",
        "events to JSON Lines",
        "to_json_line",
        "JSON",
        "`encode_lines` of records that are there",
    ),
    ("`to_json_lines`", "events to JSON Lines", "to_json_lines", "JSON", "the same"),
]


def _least_work(report: Report) -> str:
    rows = [
        [name, what, report.times(comparison, task, least)] for name, comparison, task, least, what in _LEAST
    ]
    return _table(["Mode", "Least work", "Times the least work"], rows)


def _payloads(report: Report) -> str:
    decoders = ["msgspec.json.decode", "json.loads"]
    rows = [
        [
            name.partition(": ")[2],
            f"{tasks['feed']['size'] / 1e6:.0f} MB",
            report.speed(name, "feed"),
            *(
                cell
                for versus in decoders
                for cell in (report.speed(name, versus), report.times(name, "feed", versus))
            ),
        ]
        for name, tasks in report.comparisons.items()
        if name.startswith("payload: ")
    ]
    header = ["Payload", "Size", "`feed`", "`msgspec.json.decode`", "times", "`json.loads`", "times"]
    return _table(header, rows)


def _json_lines(report: Report) -> str:
    rows = []
    for name, ours, loop in (
        ("events that are there", "to_json_line", "to_record, json.dumps"),
        ("the same, in one call", "to_json_lines", "to_record, json.dumps"),
        ("a log, in one process", "iter_events, to_json_line", "json.dumps loop"),
        ("a log, by commands", "parse --output jsonl", "json.dumps loop"),
    ):
        comparison = next(one for one, tasks in report.comparisons.items() if ours in tasks)
        tasks = report.comparisons[comparison]
        nanoseconds = [_short(tasks[task]["seconds"] / tasks[task]["lines"] * 1e9) for task in (loop, ours)]
        rows.append(
            [
                name,
                f"`{loop}`",
                nanoseconds[0],
                f"`{ours}`",
                nanoseconds[1],
                report.ratio(comparison, ours, loop),
            ]
        )
    return _table(["From", "By hand", "ns an event", "Ours", "ns an event", "ratio"], rows)


def _captures(report: Report) -> str:
    rows = [
        [
            f"`{name.partition(': ')[2]}`".replace(", a third on stderr`", "`, a third on stderr"),
            report.speed(name, "capture"),
            report.times(name, "capture", "its stdout"),
            report.times(name, "unwrapping", "its stdout"),
        ]
        for name in report.comparisons
        if name.startswith("capture: ")
    ]
    return _table(["Capture", "MB/s of stdout", "times its stdout", "least work: times its stdout"], rows)


def _commands(report: Report) -> str:
    rows = [
        [f"`{name}`", _short(figure["seconds"] * 1000), report.times("start", name, "import click")]
        for name, figure in report.comparisons["start"].items()
    ]
    return _table(["Program", "ms", "times `import click`"], rows)


def _diagnosis(report: Report) -> str:
    long = "commands on a long log"
    rows = [
        ["`diagnose`", "all events of the parser", report.times("diagnosis", "diagnosis", "feed alone")],
        ["the command `check`", "`parse`", report.times(long, "check", "parse")],
        [
            "`result` on a log without a result",
            "on a log with one",
            report.times(long, "result, none there", "result"),
        ],
    ]
    return _table(["Task", "Compared with", "Times as long"], rows)


def _speeds(report: Report, comparison: str, name: str, versus: str) -> str:
    """All tasks of a comparison."""
    rows = [
        [task, report.speed(comparison, task), report.ratio(comparison, task, versus)]
        for task in report.comparisons[comparison]
    ]
    return _table([name, "MB/s", f"ratio to {versus}"], rows)


def _growth(report: Report) -> str:
    rows = [
        [
            f"`{name.partition(': ')[2]}`",
            f"{figure['size'] / 1e9:g} GB" if figure["size"] >= 1e9 else f"{figure['size'] / 1e6:g} MB",  # noqa: PLR2004
            report.speed(name, task),
            f"{figure['peak'] / 1024:.1f} MiB",
        ]
        for name, tasks in report.comparisons.items()
        if name.startswith("growth: ")
        for task, figure in sorted(tasks.items(), key=lambda item: item[1]["size"])
    ]
    return _table(["Mode", "Stream", "MB/s", "Peak of memory"], rows)


def _bounds(report: Report) -> str:
    met = {True: "yes", False: "no", None: "not measured"}
    rows = [
        [
            f"{one['comparison']}: {one['task']} / {one['versus']}{', memory' * (one['of'] == 'memory')}",
            f"{one['relation']} {one['bound']}",
            "–" if one["measured"] is None else _short(one["measured"]),
            met[one["met"]],
        ]
        for one in report.json["bounds"]
    ]
    return _table(["What is compared", "Bound", "Measured", "Met"], rows)


PARTS: dict[str, Callable[[Report], str]] = {
    "made": _made,
    "events": _events,
    "results": _results,
    "least-work": _least_work,
    "payloads": _payloads,
    "json-lines": _json_lines,
    "captures": _captures,
    "commands": _commands,
    "diagnosis": _diagnosis,
    "chunks": partial(_speeds, comparison="chunks", name="Chunks", versus="256 KiB"),
    "peers": partial(_speeds, comparison="peers", name="Parser", versus="careful loop"),
    "growth": _growth,
    "bounds": _bounds,
}
"""What makes the parts of the page."""


def page(text: str, report: Report) -> str:
    """The text of the page with the figures of a report."""
    return _PART.sub(lambda match: f"{match[1]}{match[2]}{PARTS[match[1]](report)}", text)


def chart(report: Report) -> str:
    """Bars of megabytes in a second. The longest bar of each group fills the width."""
    shapes: list[str] = []
    top = 12
    for heading, comparison, tasks in _BARS:
        figures = [
            report.comparisons[comparison][task] for task in tasks if task in report.comparisons[comparison]
        ]
        shapes += _group(top, heading, figures)
        top += _LINE * (len(figures) + 1) + 14
    json_ = report.json
    versions = [f"{name} {number}" for name, number in json_["versions"].items()]
    caption = [
        f"Megabytes in a second, {json_['date']}. {json_['machine']}",
        *(", ".join(versions[at : at + 5]) for at in range(0, len(versions), 5)),
        *re.findall(r".{1,105}(?: |$)", json_["command"]),
    ]
    shapes += [
        _text(12, top + 16 * number, "caption", line.strip()) for number, line in enumerate(caption, 1)
    ]
    height = top + 16 * len(caption) + 14
    return "\n".join([_HEAD.format(width=_WIDTH, height=height), *shapes, "</svg>"]) + "\n"


def _group(top: int, heading: str, figures: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield _text(12, top + 16, "heading", heading)
    speeds = [figure["size"] / figure["seconds"] / 1e6 for figure in figures]
    for number, (figure, speed) in enumerate(zip(figures, speeds, strict=True), 1):
        y = top + _LINE * number
        width = max(1, round((_RIGHT - _LEFT) * speed / max(speeds)))
        kind = "ours" if figure["kind"] == "ours" else "other"
        yield _text(12, y + 16, "task", figure["task"])
        yield f'<rect class="{kind}" x="{_LEFT}" y="{y + 4}" width="{width}" height="{_LINE - 6}"/>'
        yield _text(_LEFT + width + 6, y + 16, "speed", _short(speed))


def _text(x: int, y: int, kind: str, text: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>'


def main() -> None:
    """Write the figures of the last measurement into the documentation."""
    report = Report((_DOCS / "performance.json").read_text(encoding="utf-8"))
    path = _DOCS / "performance.md"
    path.write_text(page(path.read_text(encoding="utf-8"), report), encoding="utf-8")
    (_DOCS / "performance.svg").write_text(chart(report), encoding="utf-8")


if __name__ == "__main__":
    main()
