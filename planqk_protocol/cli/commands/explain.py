"""``planqk-protocol explain``: tell about the rules of the diagnosis."""

from __future__ import annotations

import sys
from textwrap import TextWrapper

import click
import msgspec
from rich.console import Console
from rich.text import Text

from planqk_protocol.cli.rich_help import Argument, Command
from planqk_protocol.cli.rule_choice import complete_rule, rule_id
from planqk_protocol.cli.rule_text import Section, sections
from planqk_protocol.cli.terminal import check_output, write
from planqk_protocol.diagnosis import RULES, Rule

__all__ = ["explain"]

_WIDTH = 80
_FIELDS = ("id", "severity", "summary", "why", "advice")


@click.command(cls=Command)
@click.argument(
    "rule",
    cls=Argument,
    metavar="[RULE]",
    required=False,
    type=rule_id,
    shell_complete=complete_rule,
    help="The id of a rule.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Print text, or JSON Lines: one object for each rule.",
)
def explain(rule: str | None, output: str) -> None:
    """Tell about a mistake that 'check' finds: why it matters, and how to mend it.

    Without RULE, the command lists all rules.

    Examples:
        planqk-protocol explain
        planqk-protocol explain marker-indented
    """
    check_output()
    rules = list(RULES.values()) if rule is None else [RULES[rule]]
    if output == "json":
        rows = ({name: getattr(rule, name) for name in _FIELDS} for rule in rules)
        write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        return
    console = Console(soft_wrap=True, highlight=False)
    with console.capture() as captured:
        console.print(_list(rules) if rule is None else _page(rules[0]), end="")
    write(captured.get().encode(sys.stdout.encoding, "backslashreplace"))


def _list(rules: list[Rule]) -> Text:
    width = max((len(rule.id) for rule in rules), default=0)
    text = Text()
    for rule in rules:
        text.append(rule.id.ljust(width), "bold").append(f"  {rule.severity:<7}  {rule.summary}\n")
    return text


def _page(rule: Rule) -> Text:
    text = Text.assemble((rule.id, "bold"), "\n\n")
    for section in sections(rule):
        text.append(f"{section.title}\n\n" if section.title else "", "bold").append(_body(section))
    text.right_crop(1)  # the empty line at the end
    return text


def _body(section: Section) -> Text:
    wrapper = TextWrapper(_WIDTH, break_long_words=False, break_on_hyphens=False)  # code can be copied
    paragraphs = [wrapper.fill(paragraph) for paragraph in section.text.split("\n\n") if paragraph]
    text = Text("".join(f"{paragraph}\n\n" for paragraph in paragraphs))
    if section.output:
        lines = section.output.split("\n")
        text.append("".join(f"    {line}\n" for line in lines) + "\n", "cyan")
    return text
