"""The pages about the rules of the diagnosis in the folder ``rules``: one for each rule, and their list.

Run it from the root of the repository after a change of a rule:
``.venv/bin/python docs/rules.py``. The command ``planqk-protocol explain`` shows the
same texts. The pages are kept in the repository, so that they can be read there.
"""  # noqa: INP001  # a script

from __future__ import annotations

from pathlib import Path

from planqk_protocol.cli.rule_text import sections
from planqk_protocol.diagnosis import RULES, Rule

__all__ = ["pages"]

_FOLDER = Path(__file__).parent / "rules"


_INDEX = """\
# Rules

`planqk-protocol check` finds these mistakes in the output of a job. `parse` and `result` say the same on standard
error, and `planqk-protocol explain RULE` shows the page of a rule at a terminal. A finding of the severity `error` or
`warning` gives `check` the exit code 1; one of the severity `info` does not.

| Rule | Severity | What is wrong |
| --- | --- | --- |
{rows}

<!-- toctree
{ids}
-->
"""  # noqa: E501


def pages() -> dict[str, str]:
    """The pages by the names of their files."""
    return {"index.md": _index(), **{f"{id_}.md": _page(rule) for id_, rule in RULES.items()}}


def _index() -> str:
    rows = [f"| [`{rule.id}`]({rule.id}.md) | {rule.severity} | {rule.summary} |" for rule in RULES.values()]
    return _INDEX.format(rows="\n".join(rows), ids="\n".join(RULES))


def _page(rule: Rule) -> str:
    parts = [f"# `{rule.id}`"]
    for section in sections(rule):
        parts += [f"## {section.title}"] if section.title else []
        parts += [section.text] if section.text else []
        parts += [_code(section.output)] if section.output else []
    return "\n\n".join(parts) + "\n"


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
