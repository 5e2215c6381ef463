"""The documentation as a site: how it is built where it is published, and its page for missing pages."""

from __future__ import annotations

import runpy
import sys
from typing import Any

import pytest
import yaml

from tests.docs.pages import DOCS, ROOT

ADDRESS = "https://docs.example/en/latest/"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The configuration of Sphinx, where the documentation is published at an address or nowhere."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    if request.param:
        monkeypatch.setenv("READTHEDOCS_CANONICAL_URL", request.param)
    else:
        monkeypatch.delenv("READTHEDOCS_CANONICAL_URL", raising=False)
    return runpy.run_path(str(DOCS / "conf.py"))


def test_the_build_uses_the_locked_tools_and_fails_for_a_warning() -> None:
    build = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text(encoding="utf-8"))
    assert build["sphinx"] == {"configuration": "docs/conf.py", "fail_on_warning": True}
    commands = build["build"]["jobs"]["install"]
    assert any("-r requirements.lock" in command for command in commands)
    assert (ROOT / "requirements.lock").is_file()


@pytest.mark.parametrize(
    ("site", "name", "base"),
    [
        (ADDRESS, "404", f'<base href="{ADDRESS}">'),  # a server shows it at any address
        (ADDRESS, "index", ""),
        ("", "404", ""),  # a local build has no address
    ],
    indirect=["site"],
)
def test_the_page_for_missing_pages_links_from_the_root(site: dict[str, Any], name: str, base: str) -> None:
    context = {"metatags": "<meta>"}
    site["_root_the_links"](None, name, "page.html", context, None)
    assert context["metatags"] == "<meta>" + base


@pytest.mark.parametrize("site", [ADDRESS, ""], indirect=True)
def test_sphinx_reads_directives_in_place_of_comments_and_lists(site: dict[str, Any]) -> None:
    source = ["# Page\n\n<!-- toctree\none\ntwo\n-->\n"]
    site["_put_directives"](None, "index", source)
    assert source == ["# Page\n\n```{toctree}\n:hidden:\n\none\ntwo\n```\n"]
    source = [(DOCS / "reference.md").read_text(encoding="utf-8")]
    site["_put_directives"](None, "reference", source)
    assert "```{eval-rst}\n.. module:: planqk_protocol\n\n.. autofunction:: parse\n" in source[0]
