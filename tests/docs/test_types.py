"""The Python of the documentation is typed as strictly as the package, which type checkers of users see."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api

from tests.docs.pages import DOCS, README, ROOT, blocks

STUBS = Path(__file__).with_name("stubs")  # of libraries that are too heavy to install
PAGES = [README, *sorted(DOCS.rglob("*.md"))]


def programs(page: Path) -> dict[int, str]:
    """The programs of a page by the lines of the page on which they begin, each line where it is there.

    All sessions of a page are one program.
    """
    found: dict[int, str] = {}
    session: list[str] = []
    for block in blocks(page):
        if block.language in {"python", "py"}:
            found[block.line] = "\n" * (block.line - 1) + block.text
        elif block.language == "pycon":
            for example in doctest.DocTestParser().get_examples(block.text):
                at = block.line - 1 + example.lineno
                session += [""] * (at - len(session)) + example.source.splitlines()
    if session:
        found[0] = "\n".join(session) + "\n"
    return found


def checked(folder: Path, files: list[Path]) -> tuple[str, str, int]:
    """What mypy finds, complains of, and ends with."""
    settings = folder / "mypy.ini"
    settings.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {STUBS}\n"
        "[mypy-docker.*,kubernetes.*,pandas.*,pyarrow.*,qhub.*]\nignore_missing_imports = true\n"
    )
    cache = ROOT / ".mypy_cache" / "docs"
    return api.run(["--config-file", str(settings), "--cache-dir", str(cache), *map(str, files)])


def written(folder: Path) -> list[Path]:
    """The programs of all pages, each in a file of its own."""
    files = []
    for page in PAGES:
        for line, program in programs(page).items():
            name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
            files.append(folder / f"{name}_{line}.py")
            files[-1].write_text(program, encoding="utf-8")
    assert len(files) >= 20
    return files


@pytest.mark.slow
def test_every_program_passes_the_strict_type_checker(tmp_path: Path) -> None:
    found, complaints, code = checked(tmp_path, written(tmp_path))
    assert (code, complaints) == (0, ""), found


@pytest.mark.slow
def test_every_program_passes_the_other_type_checker(tmp_path: Path) -> None:
    written(tmp_path)
    done = other_checker(tmp_path)
    assert done.returncode == 0, done.stdout


def other_checker(folder: Path) -> subprocess.CompletedProcess[str]:
    settings = folder / "pyrightconfig.json"
    # Hidden folders are left out unless "exclude" is empty.
    settings.write_text(json.dumps({"typeCheckingMode": "standard", "exclude": [], "stubPath": str(STUBS)}))
    program = Path(sys.executable).with_name("basedpyright")
    command: list[str | Path] = [program, "-p", settings, "--pythonpath", sys.executable]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_other_type_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("from planqk_protocol import parse\n\nparse('')\n")
    done = other_checker(tmp_path)
    assert done.returncode == 1
    assert "wrong.py:3:7 - error" in done.stdout


@pytest.mark.slow
def test_the_type_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("from planqk_protocol import parse\n\nparse('')\n")
    found, complaints, code = checked(tmp_path, [tmp_path / "wrong.py"])
    assert (code, complaints) == (1, "")
    assert "wrong.py:3: error" in found
