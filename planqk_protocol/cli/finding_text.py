"""Findings as text for people, with the line of the output and a caret under the spot."""

from __future__ import annotations

from rich.text import Text

from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.found import Found, advice
from planqk_protocol.cli.rule_links import linked
from planqk_protocol.cli.terminal import escape_line
from planqk_protocol.cli.visible_text import view
from planqk_protocol.diagnosis import Severity

__all__ = ["finding_text"]

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_BAR = "blue"


def finding_text(found: Found, *, width: int, encoding: str = "utf-8", links: bool = False) -> Text:
    """A finding with the line of its place, its advice and its related places.

    Args:
        found: The finding.
        width: The width of the output, in cells.
        encoding: The encoding of the output.
        links: Whether the name of the rule is a link to its page.
    """
    finding = found.finding
    colour = _COLOURS[finding.severity]
    text = Text.assemble(
        (escape_line(found.spot.shown), "bold"),
        ": ",
        (f"{finding.severity}[", f"bold {colour}"),
        (finding.rule, linked(f"bold {colour}", finding.rule, links=links)),
        ("]", f"bold {colour}"),
        f": {escape_line(in_options(finding.message))}\n",
    )
    number = str(found.spot.place.line) if found.spot.place else ""
    margin = " " * len(number)
    if finding.place and finding.excerpt:
        seen = view(finding.excerpt, finding.place, width=width - len(margin) - 4, encoding=encoding)
        text.append(f"{margin} |\n", _BAR).append(f"{number} | ", _BAR).append(f"{seen.line}\n")
        text.append(f"{margin} | ", _BAR).append(" " * seen.indent + "^" * seen.carets + "\n", colour)
    if finding.advice:
        text.append(f"{margin} = help: ", _BAR).append(f"{escape_line(in_options(advice(finding)))}\n")
    for message, spot in found.related:
        text.append(f"{margin} = note: ", _BAR).append(f"{escape_line(f'{spot.shown}: {message}')}\n")
    return text
