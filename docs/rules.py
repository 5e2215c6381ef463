"""The pages about rules in the folder ``rules``: those of findings, those of the protocol, and their list.

Run it from the root of the repository after a change of a rule:
``.venv/bin/python docs/rules.py``. The command ``planqk-protocol explain`` shows the
same texts. The pages are kept in the repository, so that they can be read there.
"""  # noqa: INP001  # a script

from __future__ import annotations

import re
from pathlib import Path

from planqk_protocol.cli.rule_text import all_rules, sections
from planqk_protocol.conformance.protocol_rules import PROTOCOL_RULES, ProtocolRule
from planqk_protocol.diagnosis import RULES, Rule

__all__ = ["pages"]

_FOLDER = Path(__file__).parent / "rules"

_CODE = re.compile(
    r"""
    `[^`]*`  # what has backticks already
    | \\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|["\\nt])  # an escape in JSON or Python
    | \\  # an escape to Markdown
    | \[\w+(?:[ ,.]+\w+)+\]  # [object Object]
    | <\w+\ object\ at\ [^>]*>
    | utf-8-sig
    | '(?P<command>check)'  # which is quoted at a terminal
    | \b[\w.]+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)  # a call, with two levels of calls in it
    | \bPlanQK:Job:\w+(?::(?=,|\ and))?
    | --\w[\w-]*(?:\ raw)?
    | \b[A-Z]+=[\w-]+
    | \b[A-Za-z]\w*(?:[._][A-Za-z]\w*)+(?:=\w+)?  # a name with dots or underscores
    """,
    re.VERBOSE,
)

_VALUES = (
    "[Values of NumPy, pandas, pydantic and dataclasses]"
    "(../services.md#values-of-numpy-pandas-pydantic-and-dataclasses)"
)
# Where to read on about the subject of a rule.
_GUIDES = {
    **{id_: "[Print results from a service](../services.md)" for id_ in RULES if id_.startswith("json-")},
    **{id_: "[Damage](../captures/index.md#damage)" for id_ in RULES if id_.startswith("capture-")},
    "no-result": "[Find out why there is no result](../howto/why-no-result.md) and "
    "[Which contract this is](../explanation/contract.md#how-to-find-out)",
    "marker-prefixed": "[Log from a service](../howto/logging.md)",
    "marker-indented": "[Log from a service](../howto/logging.md)",
    "line-over-16k": "[Long results](../services.md#long-results)",
    "json-truncated": "[`block`](block.md), for JSON of several lines",
    "json-python-repr": _VALUES,
    "json-nan": _VALUES,
    "json-array-print": _VALUES,
    "json-dataframe": _VALUES,
    "json-number-form": _VALUES,
}

_INDEX = """\
# Rules

Each rule has a page, with wrong and right output. `planqk-protocol explain RULE` shows the same at a terminal.

## Findings

`planqk-protocol check` finds these mistakes in the output of a job. `parse` and `result` say the same on standard
error. A finding of the severity `error` or `warning` gives `check` the exit code 1; one of the severity `info` does not.
The fixture [`check_service`](../howto/testing.md) and `conformance service` fail at the same findings.
The rules whose names begin with `capture-` are about what a capture lost: they are the kinds of its notices.

| Rule | Severity | What is wrong |
| --- | --- | --- |
{rows}

## The protocol

These rules say how the output of a job is read. The [specification](../specification.md) has their exact words.

| Rule | What it says |
| --- | --- |
{protocol}

<!-- toctree
{ids}
-->
"""  # noqa: E501


def pages() -> dict[str, str]:
    """The pages by the names of their files."""
    return {"index.md": _index(), **{f"{id_}.md": _page(rule) for id_, rule in all_rules().items()}}


def _index() -> str:
    rows = [
        f"| [`{rule.id}`]({rule.id}.md) | {rule.severity} | {_prose(rule.summary)} |"
        for rule in RULES.values()
    ]
    protocol = [
        f"| [`{rule.id}`]({rule.id}.md) | {_prose(rule.summary)} |" for rule in PROTOCOL_RULES.values()
    ]
    return _INDEX.format(rows="\n".join(rows), protocol="\n".join(protocol), ids="\n".join(all_rules()))


def _page(rule: Rule | ProtocolRule) -> str:
    parts = [f"# `{rule.id}`"]
    for section in sections(rule):
        parts += [f"## {section.title}"] if section.title else []
        parts += [_prose(section.text)] if section.text else []
        parts += ["\n".join(f"* [`{id_}`]({id_}.md)" for id_ in section.related)] if section.related else []
        parts += [_code(section.output)] if section.output else []
        if not section.title and (guide := _GUIDES.get(rule.id)):
            parts += [f"See also {guide}."]
        if isinstance(rule, ProtocolRule) and not section.title:
            parts += [f"The [specification](../specification.md#{rule.id}) has its exact words."]
    return "\n\n".join(parts) + "\n"


def _prose(text: str) -> str:
    """The text in Markdown: code stands in backticks, and backslashes elsewhere are doubled."""
    return _CODE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "\\":
        return r"\\"
    return f"`{found['command'] or found[0].strip('`')}`"


def _code(output: str) -> str:
    """A block of code, with a fence that is longer than any in it."""
    fence = "```"
    while fence in output:
        fence += "`"
    return f"{fence}text\n{output}\n{fence}"


def main() -> None:
    """Write the pages, and remove those of rules that are gone."""
    _FOLDER.mkdir(exist_ok=True)
    for old in _FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (_FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
