"""Check the built documentation: each local link leads somewhere, and nothing is loaded from another host.

From the root of the repository, after a build::

    .venv/bin/python tests/docs/site_check.py docs/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

_TAG = re.compile(r"<(a|link|script|img|iframe|object|source)\s([^>]*)>")
_TARGET = re.compile(r'\b(?:href|src|data)="([^"]*)"')
_CANONICAL = 'rel="canonical"'  # the address of the page itself; nothing is loaded from it
_LOADED_BY_STYLES = re.compile(r"""(?:@import\s+|url\()['"]?((?:https?:)?//[^'")\s]+)""")


def faults(site: Path) -> Iterator[str]:
    """Say what is wrong in the folder of a build, with the file first."""
    for page in sorted(site.rglob("*.html")):
        for tag, attributes in _TAG.findall(page.read_text(encoding="utf-8")):
            for target in _TARGET.findall(attributes):
                if (fault := _fault(page, tag, target)) and _CANONICAL not in attributes:
                    yield f"{page.relative_to(site)}: {fault}"
    for style in sorted(site.rglob("*.css")):
        for target in _LOADED_BY_STYLES.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(site)}: loads {target}"


def _fault(page: Path, tag: str, target: str) -> str:
    """What is wrong with a link of a page, or with something that it loads; empty if nothing is."""
    parts = urlsplit(target)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "" if tag == "a" else f"loads {target}"
    linked = page.parent / unquote(parts.path) if parts.path else page
    if not linked.is_file():
        return f"no file for {target}"
    if parts.fragment and linked.suffix == ".html" and unquote(parts.fragment) not in _ids(linked):
        return f"no place for {target}"
    return ""


@cache
def _ids(page: Path) -> frozenset[str]:
    return frozenset(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
