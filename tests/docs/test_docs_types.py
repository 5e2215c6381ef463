"""The Python of the documentation is typed as strictly as the package, which type checkers of users see."""

from __future__ import annotations

import doctest
from pathlib import Path

from mypy import api
from pages import DOCS, README, ROOT, blocks

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
        "[mypy]\nstrict = true\n[mypy-docker.*,kubernetes.*]\nignore_missing_imports = true\n"
    )
    cache = ROOT / ".mypy_cache" / "docs"
    return api.run(["--config-file", str(settings), "--cache-dir", str(cache), *map(str, files)])


def test_every_program_passes_the_strict_type_checker(tmp_path: Path) -> None:
    files = []
    for page in PAGES:
        for line, program in programs(page).items():
            name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
            files.append(tmp_path / f"{name}_{line}.py")
            files[-1].write_text(program, encoding="utf-8")
    assert len(files) >= 20
    found, complaints, code = checked(tmp_path, files)
    assert (code, complaints) == (0, ""), found


def test_the_type_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("from planqk_protocol import parse\n\nparse('')\n")
    found, complaints, code = checked(tmp_path, [tmp_path / "wrong.py"])
    assert (code, complaints) == (1, "")
    assert "wrong.py:3: error" in found
