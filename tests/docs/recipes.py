"""The programs of how-to guides, as the tests run them."""

from __future__ import annotations

from typing import Any

from planqk_protocol import JobStatus, Outcome
from tests.docs.pages import DOCS, blocks

__all__ = ["PAGES", "recipe", "value_of"]

PAGES = [DOCS / "howto" / f"{name}.md" for name in ("containers", "resume", "timeouts", "untrusted-logs")]


def recipe(name: str) -> dict[str, Any]:
    """The names that the program with a function defines."""
    [(page, program)] = [
        (page, block) for page in PAGES for block in blocks(page) if f"def {name}(" in block.text
    ]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile("\n" * (program.line - 1) + program.text, page, "exec"), names)  # noqa: S102  # our own documentation
    return names


def value_of(outcome: Outcome) -> object:
    assert outcome.status is JobStatus.SUCCEEDED
    assert outcome.result
    return outcome.result.value
