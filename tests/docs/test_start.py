"""The start page, and the picture on it and in the README."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # our own picture

import pytest
from click.testing import CliRunner

from planqk_protocol import Log, Parser, Result
from planqk_protocol.captures import Source
from planqk_protocol.cli.app import cli
from tests.docs.pages import DOCS, README, ROOT, blocks

START = DOCS / "index.md"
TEXT = START.read_text(encoding="utf-8")
PICTURE = (DOCS / "overview.svg").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def shown() -> dict[str, list[str]]:
    """The code in each box of the picture, by the name of the box."""
    boxes = ET.fromstring(PICTURE).iter(f"{SVG}g")  # noqa: S314  # our own picture
    return {
        box.findtext(f"{SVG}title", ""): [
            text.text or "" for text in box.iter(f"{SVG}text") if text.get("class") == "code"
        ]
        for box in boxes
    }


def test_the_commands_do_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"^\.venv/bin/planqk-protocol (\w+) (\S+)$", TEXT, re.MULTILINE)
    outputs = {name: CliRunner().invoke(cli, [name, path]).stdout for name, path in commands}
    assert list(outputs) == ["result", "check"]
    assert f"prints `{outputs['result'].strip()}`" in TEXT
    assert "12 findings" in outputs["check"]
    [finding] = [block.text for block in blocks(START) if block.language == "text"]
    assert finding in outputs["check"]


def test_no_page_installs_the_package_by_its_name() -> None:
    """It is on no index, so whoever took the name there would be installed."""
    for page in (README, *DOCS.rglob("*.md")):
        assert not re.search(r"pip install.*[ '\"]planqk_protocol\b", page.read_text(encoding="utf-8")), page


def test_there_are_three_doors_here_and_in_the_readme() -> None:
    doors = re.findall(r"^### (I .+)$", TEXT, re.MULTILINE)
    assert len(doors) == 3
    assert re.findall(r"^\* \*\*(I .+?)\*\*:", README.read_text(encoding="utf-8"), re.MULTILINE) == doors


@pytest.mark.parametrize(("page", "path"), [(START, "overview.svg"), (README, "docs/overview.svg")], ids=str)
def test_the_picture_has_words_for_those_who_do_not_see_it(page: object, path: str) -> None:
    text = TEXT if page is START else README.read_text(encoding="utf-8")
    [words] = re.findall(rf"!\[([^\]]+)\]\({path}\)", text)
    assert len(words) > 40


def test_the_picture_needs_no_network_and_suits_the_dark() -> None:
    assert re.findall(r"https?://[^\"]+", PICTURE) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|@import|url\((?!#)", PICTURE)
    assert "prefers-color-scheme: dark" in PICTURE


def test_the_picture_is_true() -> None:
    boxes = shown()
    assert list(boxes) == ["job", "engine", "capture", "parser", "events"]
    job = "".join(f"{line}\n" for line in boxes["job"]).encode()
    source = Source("docker-json-file")
    captured = source.feed(("".join(boxes["engine"]) + "\n").encode()).events + source.close().events
    assert captured[0].raw.decode() == boxes["capture"][0] + "\n" == boxes["job"][1] + "\n"
    parser = Parser()
    fed = [eval(line, {"parser": parser}) for line in boxes["parser"]]  # noqa: S307  # our own picture
    assert [event.raw for events in fed for event in events] == [captured[0].raw]
    log, result = Parser().feed(job)
    assert isinstance(log, Log)
    assert isinstance(result, Result)
    assert boxes["events"] == [f"Log(text={log.text!r})", f"Result(value={result.value!r})"]
