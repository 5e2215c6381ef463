"""The documentation as a site: how it is built where it is published, and its page for missing pages."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs import site_check
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


def test_the_check_of_a_build_finds_dead_links_and_what_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import 'https://cdn.example/a.css'; b { background: url(a.svg) }")
    (tmp_path / "other page.html").write_text('<p id="here">')
    (tmp_path / "index.html").write_text(
        '<link rel="canonical" href="https://docs.example/"><link href="a.css?v=1"><img src="data:,">'
        '<a href="https://other.example/">a</a><a href="#top" id="top">b</a>'
        '<a href="other%20page.html#here">c</a><a href="other%20page.html#there">d</a>'
        '<a href="gone.html">e</a><script src="//cdn.example/a.js"></script>'
    )
    assert list(site_check.faults(tmp_path)) == [
        "index.html: no place for other%20page.html#there",
        "index.html: no file for gone.html",
        "index.html: loads //cdn.example/a.js",
        "a.css: loads https://cdn.example/a.css",
    ]
