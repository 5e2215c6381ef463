"""The addresses of the pages about rules, and whether a terminal gets links to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["DOCUMENTATION", "linked", "page_address", "shows_links"]

DOCUMENTATION = "https://planqk-protocol.readthedocs.io/en/latest/"
"""Where the documentation is published. Nothing else in the package says so."""


def page_address(rule: str) -> str:
    """The address of the page about a rule.

    >>> page_address("json-nan")
    'https://planqk-protocol.readthedocs.io/en/latest/rules/json-nan.html'
    """
    return f"{DOCUMENTATION}rules/{rule}.html"


def shows_links(console: Console) -> bool:
    """Whether links may be printed on a console: it is a terminal, and ``NO_COLOR`` is not set.

    rich itself leaves out the links of a style at terminals without colours (``TERM=dumb``)
    and at old ones of Windows. But it prints them to a pipe if ``FORCE_COLOR`` is set.
    """
    return console.file.isatty() and not console.no_color


def linked(style: str, rule: str, *, links: bool) -> str:
    """A style of rich for the name of a rule, with a link to its page if there shall be links."""
    return f"{style} link {page_address(rule)}" if links else style
