"""``planqk-protocol explain``: tell about the rules of the diagnosis."""

from __future__ import annotations

import sys
from textwrap import TextWrapper

import click
import msgspec
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.text import Text

from planqk_protocol.cli.rich_help import Argument, Command
from planqk_protocol.cli.rule_choice import checked
from planqk_protocol.cli.rule_links import linked, shows_links
from planqk_protocol.cli.rule_text import Section, all_rules, sections
from planqk_protocol.cli.terminal import check_output, write
from planqk_protocol.conformance.protocol_rules import ProtocolRule
from planqk_protocol.diagnosis import Rule

__all__ = ["explain"]

_WIDTH = 80
_FIELDS = ("id", "severity", "summary", "why", "advice")
_PROTOCOL = "protocol"  # in the column of the severities


def _check_rule(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else checked(value, all_rules())


def _complete_rule(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(id_, help=rule.summary)
        for id_, rule in all_rules().items()
        if id_.startswith(incomplete)
    ]


@click.command(cls=Command)
@click.argument(
    "rule",
    cls=Argument,
    metavar="[RULE]",
    required=False,
    callback=_check_rule,
    shell_complete=_complete_rule,
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
    """Tell about a mistake that 'check' finds, or a rule of the protocol, with wrong and right output.

    Without RULE, the command lists all rules: first those of findings, with
    their severity, and then those of the protocol.

    Examples:
        planqk-protocol explain
        planqk-protocol explain marker-indented
        planqk-protocol explain first-wins
    """
    check_output()
    rules = list(all_rules().values()) if rule is None else [all_rules()[rule]]
    if output == "json":
        rows = ({name: getattr(rule, name, None) for name in _FIELDS} for rule in rules)
        write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        return
    console = Console(soft_wrap=True, highlight=False)
    links = shows_links(console)
    with console.capture() as captured:
        console.print(_list(rules, links=links) if rule is None else _page(rules[0], links=links), end="")
    write(captured.get().encode(sys.stdout.encoding, "backslashreplace"))


def _list(rules: list[Rule | ProtocolRule], *, links: bool) -> Text:
    width = max((len(rule.id) for rule in rules), default=0)
    text = Text()
    for rule in rules:
        severity = _PROTOCOL if isinstance(rule, ProtocolRule) else rule.severity
        text.append(rule.id, linked("bold", rule.id, links=links)).append(" " * (width - len(rule.id)))
        text.append(f"  {severity:<8}  {rule.summary}\n")
    return text


def _page(rule: Rule | ProtocolRule, *, links: bool) -> Text:
    text = Text.assemble((rule.id, linked("bold", rule.id, links=links)), "\n\n")
    for section in sections(rule):
        text.append(f"{section.title}\n\n" if section.title else "", "bold").append(_body(section))
        for id_ in section.related:
            text.append("    ").append(id_, linked("", id_, links=links)).append("\n")
        text.append("\n" if section.related else "")
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
