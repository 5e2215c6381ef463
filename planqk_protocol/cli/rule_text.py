"""The text about a rule, for the command ``explain`` and for the pages of the documentation."""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import combining, east_asian_width

import msgspec

from planqk_protocol import Event, Limits, Parser, Violation, to_json_line
from planqk_protocol.cli.visible_text import visible
from planqk_protocol.conformance.protocol_rules import PROTOCOL_RULES, ProtocolRule
from planqk_protocol.diagnosis import RULES, Example, Rule, Severity

__all__ = ["Section", "all_rules", "sections"]

_MOST_LINES, _MOST_CHARACTERS = 20, 150
_FIRST, _LAST = (
    50,
    14,
)  # characters of a longer line that are shown: it then fits a page, with the number of the others
_SEVERITIES = {
    Severity.ERROR: "error (a result is missing, or is not what the job meant to give)",
    Severity.WARNING: "warning (something is most likely wrong)",
    Severity.INFO: "info (valid, but unwise)",
}


class Section(NamedTuple):
    """A part of the text about a rule.

    Attributes:
        title: Its heading; empty for the part below the id of the rule.
        text: Plain text.
        output: Output of a job that shows what the text says, or event records.
        related: The ids of rules that it names.
    """

    title: str
    text: str
    output: str = ""
    related: tuple[str, ...] = ()


def all_rules() -> dict[str, Rule | ProtocolRule]:
    """Each rule that has a text by its id: first those of findings, then those of the protocol."""
    return {**RULES, **PROTOCOL_RULES}


def sections(rule: Rule | ProtocolRule) -> list[Section]:
    """The text about a rule: what is wrong, why it matters, what to do, a wrong example, and a right one."""
    return _of_protocol(rule) if isinstance(rule, ProtocolRule) else _of_finding(rule)


def _of_protocol(rule: ProtocolRule) -> list[Section]:
    findings = tuple(id_ for id_ in RULES if rule.is_about(id_))
    wrong = "\n".join(rule.wrong)
    return [
        Section(
            "",
            f"{_sentence(rule.summary)}\n\nThis is a rule of the protocol: all that read the output keep it."
            f" `planqk-protocol conformance list --rule {rule.id}` lists the cases that test it.",
        ),
        Section("Why it matters", rule.why),
        Section(
            "Output",
            " ".join(["Each piece is quoted, with its end.", *_limits(rule.limits)]),
            "\n".join(ascii(part)[1:] for part in rule.output),
        ),
        Section("Right", rule.right, _records(rule)),
        Section("Wrong", rule.mistake, wrong),
        *([Section("Findings", "What 'check' finds about it:", related=findings)] if findings else []),
    ]


def _records(rule: ProtocolRule) -> str:
    """The records of the events of the output, without the messages of violations, which are long."""
    parser = Parser(limits=rule.limits)
    events = [event for part in rule.output for event in parser.feed(part)] + parser.close()
    return "".join(to_json_line(_without_message(event)).decode() for event in events).rstrip("\n")


def _without_message(event: Event) -> Event:
    return msgspec.structs.replace(event, message="…") if isinstance(event, Violation) else event


def _of_finding(rule: Rule) -> list[Section]:
    protocol = tuple(item.id for item in PROTOCOL_RULES.values() if item.is_about(rule.id))
    return [
        Section("", f"{_sentence(rule.summary)}\n\nSeverity: {_SEVERITIES[rule.severity]}."),
        Section("Why it matters", rule.why),
        Section("What to do", rule.advice[:1].upper() + rule.advice[1:]),
        *(_example("Wrong", example) for example in rule.wrong[:1]),
        *(_example("Right", example) for example in rule.right[:1]),
        *([Section("Rules of the protocol", "The finding is about:", related=protocol)] if protocol else []),
    ]


def _sentence(summary: str) -> str:
    return f"{summary[:1].upper()}{summary[1:]}."


def _example(title: str, example: Example) -> Section:
    notes = []
    if example.capture != "raw":
        notes.append(f"The output was captured in the format {example.capture}.")
    notes += _limits(example.limits)
    if example.exit_code is not None:
        notes.append(f"The job ends with exit code {example.exit_code}.")
    if example.stdout and not example.stdout.endswith(b"\n"):
        notes.append("The last line does not end with LF.")
    if not example.stdout:
        notes.append("There is no output.")
    return Section(title, " ".join(notes), _output(example.stdout))


def _limits(limits: Limits) -> list[str]:
    """Sentences about the limits that are not the defaults."""
    return [
        f"It is read with the limit {name}={limit}."
        for name in Limits.__struct_fields__
        if (limit := getattr(limits, name)) != getattr(Limits(), name)
    ]


def _output(stdout: bytes) -> str:
    """Output as it can be shown: bytes that are not UTF-8 are escapes, and long lines are shortened."""
    lines = stdout.decode(errors="backslashreplace").removesuffix("\n").split("\n")
    shown = [_shortened(_legible(visible(line.removesuffix("\r")))) for line in lines[:_MOST_LINES]]
    more = [f"… ({len(lines) - _MOST_LINES:,} more lines)"] if len(lines) > _MOST_LINES else []
    return "\n".join(shown + more) if stdout else ""


def _legible(line: str) -> str:
    """The line, with the names of characters that look like others, or are drawn over others."""
    return "".join(
        f"<U+{ord(letter):04X}>" if combining(letter) or east_asian_width(letter) == "F" else letter
        for letter in line
    )


def _shortened(line: str) -> str:
    if len(line) <= _MOST_CHARACTERS:
        return line
    return f"{line[:_FIRST]}… ({len(line) - _FIRST - _LAST:,} more characters) …{line[-_LAST:]}"
