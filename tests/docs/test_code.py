"""The code of the documentation runs, and prints what stands below it."""

from __future__ import annotations

import doctest
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, README, Block, blocks, headings

PAGES = [README, *sorted(DOCS.rglob("*.md"))]
TOCTREE = re.compile(r"^<!-- toctree.*\n((?:.+\n)+)-->$", re.MULTILINE)
LINK = re.compile(r"\]\(((?:[\w/.-]+)?(?:#[\w-]+)?)\)")
LOG = b'starting\nPlanQK:Job:InterimResult: {"cost": 871.5}\nPlanQK:Job:Result: {"cost": 699}\n'


def python_blocks() -> list[tuple[Path, Block, Block | None]]:
    """Every block of Python with the block of text directly below it, its output."""
    found = []
    for page in PAGES:
        for block, below in pairwise([*blocks(page), None]):
            if block and block.language == "python":
                found.append((page, block, below if below and below.language == "text" else None))
    return found


@pytest.fixture(autouse=True)
def _beside_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.log").write_bytes(LOG)
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")  # as the README's reader has them


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Take back how a program sets up logging: other tests run in this process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


@pytest.mark.parametrize(
    ("page", "block", "output"),
    [pytest.param(*case, id=f"{case[0].stem}:{case[1].line}") for case in python_blocks()],
)
def test_python_runs(
    page: Path, block: Block, output: Block | None, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = compile("\n" * (block.line - 1) + block.text, page, "exec")
    with logging_as_before():
        exec(code, {"__name__": "__main__"})  # noqa: S102  # the project's own documentation
    printed = capsysbinary.readouterr().out.decode()
    if output:
        assert printed == output.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_go_as_shown(page: Path) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    names: dict[str, object] = {}
    for block in blocks(page):
        if block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(
                block.text, names, page.name, str(page), block.line - 1
            )
            runner.run(test, clear_globs=False)
            names = test.globs
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_sessions_and_programs() -> None:
    sessions = [block for page in PAGES for block in blocks(page) if block.language == "pycon"]
    assert len(sessions) >= 10
    assert len(python_blocks()) >= 8


def test_the_records_are_read_in_javascript() -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("Node is not on this machine")
    [program] = [block.text for block in blocks(DOCS / "howto/other-languages.md") if block.language == "js"]
    records = b'{"type":"log","line":1,"text":"starting"}\n{"type":"interim_result","line":2,"value":871.5}\n'
    done = subprocess.run([node, "-e", program], input=records, capture_output=True, check=True)
    assert done.stdout == b"871.5\n"


def test_every_page_is_in_one_table_of_contents() -> None:
    listed = [
        (page.parent / f"{name}.md").resolve()
        for page in PAGES
        for toctree in TOCTREE.findall(page.read_text(encoding="utf-8"))
        for name in toctree.split()
    ]
    assert sorted(listed) == sorted({*DOCS.rglob("*.md")} - {DOCS / "index.md", DOCS / "404.md"})


def test_links_lead_to_a_file_a_folder_or_a_heading() -> None:
    links = [(page, link) for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 10
    for page, link in links:
        target, _, heading = link.partition("#")
        linked = (page.parent / target) if target else page
        assert linked.exists(), f"{page.name} links to {link}"
        assert not heading or heading in headings(linked), f"{page.name} links to {link}"
