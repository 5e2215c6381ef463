"""The text about a rule, for the command ``explain`` and for the pages of the documentation."""

from __future__ import annotations

from typing import NamedTuple

from planqk_protocol import Limits
from planqk_protocol.cli.visible_text import visible
from planqk_protocol.diagnosis import Example, Rule, Severity

__all__ = ["Section", "sections"]

_MOST_LINES, _MOST_CHARACTERS = 20, 100
_SEVERITIES = {
    Severity.ERROR: "error: a result is missing, or is not what the job meant to give",
    Severity.WARNING: "warning: most likely a mistake",
    Severity.INFO: "info: valid, but unwise",
}


class Section(NamedTuple):
    """A part of the text about a rule.

    Attributes:
        title: Its heading; empty for the part below the id of the rule.
        text: Plain text.
        output: Output of a job that shows what the text says.
    """

    title: str
    text: str
    output: str = ""


def sections(rule: Rule) -> list[Section]:
    """The text about a rule: what is wrong, why it matters, what to do, an example, and the mended one."""
    summary = rule.summary[:1].upper() + rule.summary[1:]
    return [
        Section("", f"{summary}.\n\nSeverity: {_SEVERITIES[rule.severity]}."),
        Section("Why it matters", rule.why),
        Section("What to do", rule.advice[:1].upper() + rule.advice[1:]),
        *(_example("Wrong", example) for example in rule.wrong[:1]),
        *(_example("Right", example) for example in rule.right[:1]),
    ]


def _example(title: str, example: Example) -> Section:
    notes = []
    if example.capture != "raw":
        notes.append(f"The output was captured in the format {example.capture}.")
    notes += [
        f"It is read with the limit {name}={limit}."
        for name in Limits.__struct_fields__
        if (limit := getattr(example.limits, name)) != getattr(Limits(), name)
    ]
    if example.exit_code is not None:
        notes.append(f"The job ends with exit code {example.exit_code}.")
    if example.stdout and not example.stdout.endswith(b"\n"):
        notes.append("The last line does not end with LF.")
    if not example.stdout:
        notes.append("There is no output.")
    return Section(title, " ".join(notes), _output(example.stdout))


def _output(stdout: bytes) -> str:
    """Output as it can be shown: bytes that are not UTF-8 are escapes, and long lines are shortened."""
    lines = stdout.decode(errors="backslashreplace").removesuffix("\n").split("\n")
    shown = [_shortened(visible(line.removesuffix("\r"))) for line in lines[:_MOST_LINES]]
    more = [f"… ({len(lines) - _MOST_LINES:,} more lines)"] if len(lines) > _MOST_LINES else []
    return "\n".join(shown + more) if stdout else ""


def _shortened(line: str) -> str:
    if len(line) <= _MOST_CHARACTERS:
        return line
    kept = _MOST_CHARACTERS // 2
    return f"{line[:kept]}… ({len(line) - 2 * kept:,} more characters) …{line[-kept:]}"
