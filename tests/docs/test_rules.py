"""The pages about rules are those that the rules give, and say the same as the command ``explain``."""

from __future__ import annotations

import runpy

import pytest
from markdown_it import MarkdownIt

from planqk_protocol import ViolationCode
from planqk_protocol.captures import NoticeKind
from planqk_protocol.cli.rule_text import all_rules, sections
from planqk_protocol.conformance.protocol_rules import PROTOCOL_RULES
from planqk_protocol.conformance.vectors import RULES as IDS_OF_VECTORS
from planqk_protocol.diagnosis import RULES
from tests.docs.pages import DOCS, rule_headings

PAGES: dict[str, str] = runpy.run_path(str(DOCS / "rules.py"))["pages"]()
UPDATE = "run: .venv/bin/python docs/rules.py"


def test_there_is_a_page_for_each_rule_and_the_list() -> None:
    assert {path.name for path in (DOCS / "rules").iterdir()} == set(PAGES), UPDATE
    assert set(PAGES) == {"index.md", *(f"{id_}.md" for id_ in all_rules())}


def test_violations_notices_findings_and_rules_of_the_protocol_have_pages() -> None:
    notices = {f"capture-{kind}" for kind in NoticeKind}
    assert {*ViolationCode, *notices, *RULES, *rule_headings(), *IDS_OF_VECTORS} == set(all_rules())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (DOCS / "rules" / name).read_text(encoding="utf-8") == PAGES[name], UPDATE


@pytest.mark.parametrize("id_", all_rules())
def test_a_page_says_what_explain_says_with_wrong_and_right_output(id_: str) -> None:
    page = PAGES[f"{id_}.md"]
    shown = _unmarked(_shown(page))
    for section in sections(all_rules()[id_]):
        assert _unmarked(section.text) in shown
        for text in (
            section.output,
            *(f"[`{other}`]({other}.md)" for other in section.related),
        ):
            assert text in page
    assert {"## Wrong", "## Right"} <= set(page.splitlines())
    assert (f"](../specification.md#{id_})" in page) == (id_ in PROTOCOL_RULES)


@pytest.mark.parametrize(
    ("id_", "code"),
    [
        ("marker-indented", "`print('PlanQK:Job:Result:', json.dumps(value), flush=True)`"),
        ("json-dataframe", '`table.to_json(orient="records")`'),
        ("lone-surrogate", "`errors='replace'`"),
        ("lone-surrogate", r"`\ud83d\ude00`"),
        ("json-nan", "`allow_nan=False`, `json.dumps`"),
        ("result-line", "`planqk-protocol conformance list --rule result-line`"),
        ("first-wins", "What `check` finds"),
        ("limit-line", "more than `max_line` bytes"),
        (
            "marker-spelling",
            "`PlanQK:Job:InterimResult:` and `PlanQK:Job:MultilineResult`.",
        ),
        ("capture-bad-stream-type", "`--capture raw`"),
    ],
)
def test_code_in_a_text_stands_in_backticks(id_: str, code: str) -> None:
    assert code in PAGES[f"{id_}.md"]


@pytest.mark.parametrize("id_", all_rules())
def test_the_list_links_to_each_page(id_: str) -> None:
    assert f"[`{id_}`]({id_}.md)" in PAGES["index.md"]
    assert PAGES[f"{id_}.md"].startswith(f"# `{id_}`\n")


def _shown(page: str) -> str:
    """The text of a page as a reader sees it, with the backticks of code."""
    paragraphs = [
        "".join(part.markup + part.content + part.markup for part in token.children)
        for token in MarkdownIt().parse(page)
        if token.children
    ]
    return "\n\n".join(paragraphs)


def _unmarked(text: str) -> str:
    """The text without the marks of code: a page has backticks where a terminal has quotes or nothing."""
    return text.replace("'check'", "check").replace("`", "")
