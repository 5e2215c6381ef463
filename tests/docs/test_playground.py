"""What the playground shows of an output, and what a build of the documentation lays beside its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import assets
import pytest
import report

import planqk_protocol
from planqk_protocol import parse
from planqk_protocol.captures import formats
from planqk_protocol.conformance.vectors import load_vectors
from planqk_protocol.diagnosis import RULES, diagnose
from tests.docs.pages import DOCS

PAGE = DOCS / "playground"


def summary(data: bytes, format_id: str = "", exit_code: int | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(report.Report(data, format_id, exit_code).summary())
    return shown


def events(data: bytes, start: int = 0, *, logs: bool = True) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(report.Report(data).events(start, logs))
    return part


def findings(data: bytes, format_id: str = "", exit_code: int | None = None) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(report.Report(data, format_id, exit_code).findings(0))
    return part


def test_the_result_is_indented_and_its_numbers_stay() -> None:
    shown = summary(b'starting\nPlanQK:Job:Result: {"b": 4.20, "a": 1e2}\n', exit_code=0)
    assert shown["result"] == {"line": 2, "text": '{\n  "b": 4.20,\n  "a": 1e2\n}', "left": 0}
    assert (shown["format"], shown["isDetected"], shown["lines"], shown["status"]) == (
        "raw",
        True,
        2,
        "SUCCEEDED",
    )


@pytest.mark.parametrize("payload", [b'"\\ud83d"', b"[" + b" 1," * 20_000 + b" 1]"])
def test_a_result_that_cannot_be_indented_is_shown_as_it_is(payload: bytes) -> None:
    result = summary(b"PlanQK:Job:Result: " + payload + b"\n")["result"]
    assert result["text"] == payload[:20_000].decode()
    assert len(result["text"]) + result["left"] == len(payload)


def test_what_took_the_place_of_the_result_is_named() -> None:
    shown = summary(b"PlanQK:Job:Result: {'sum': 42}\nPlanQK:Job:Result: 42\n")
    assert shown["result"] is None
    assert shown["reason"]["line"] == 1
    assert "single quote" in shown["reason"]["message"]


def test_a_capture_is_detected_unless_its_format_is_named() -> None:
    line = b'{"log":"PlanQK:Job:Result: 42\\n","stream":"stdout","time":"2026-05-01T10:00:00Z"}\n'
    assert (summary(line)["format"], summary(line)["result"]["text"]) == ("docker-json-file", "42")
    assert (summary(line, "raw")["format"], summary(line, "raw")["result"]) == ("raw", None)


def test_events_come_in_parts() -> None:
    data = b"line\n" * 450 + b"PlanQK:Job:InterimResult: 1\n"
    parts = [events(data, start) for start in (0, 200, 400)]
    assert [len(part["items"]) for part in parts] == [200, 200, 51]
    assert {part["total"] for part in parts} == {451}
    assert [item["line"] for part in parts for item in part["items"]] == list(range(1, 452))
    assert [item["type"] for item in events(data, logs=False)["items"]] == ["interim_result"]


def test_a_long_text_is_cut_and_says_so() -> None:
    (item,) = events(b"x" * 3000)["items"]
    assert (item["text"], item["left"]) == ("x" * 2000, 1000)


def test_what_cannot_be_seen_is_escaped() -> None:
    (item,) = events("a\tb \x1b[0m \u202e \ufeff \x85 ä\n".encode())["items"]
    assert item["text"] == "a\tb \\x1b[0m <U+202E> <U+FEFF> \\x85 ä"


def test_the_spot_of_a_finding_is_marked_in_characters() -> None:
    spot = findings("PlanQK:Job:Result: {\"ä\": 'ü'}\n".encode())["items"][0]["excerpt"]
    assert (spot["before"], spot["spot"]) == ('PlanQK:Job:Result: {"ä": ', "'")
    assert spot["before"] + spot["spot"] + spot["after"] == "PlanQK:Job:Result: {\"ä\": 'ü'}"


@pytest.mark.parametrize("rule", RULES)
def test_the_findings_are_those_of_the_diagnosis(rule: str) -> None:
    for example in (*RULES[rule].wrong, *RULES[rule].right):
        given = findings(example.stdout, example.capture, example.exit_code)
        wanted = diagnose(example.stdout, capture=example.capture, exit_code=example.exit_code)
        assert [item["rule"] for item in given["items"]] == [finding.rule for finding in wanted][:200]
        assert given["total"] == len(wanted)


def test_the_events_are_those_of_the_parser() -> None:
    for vector in load_vectors():
        data = vector.data()
        if len(data) < 100_000:
            page = report.Report(data, "raw")
            page.summary()
            given = json.loads(page.events(0, logs=True))
            assert [item["line"] for item in given["items"]] == [event.line for event in parse(data)][:200]


def test_the_page_knows_the_formats() -> None:
    about = json.loads(report.about())
    assert [item["id"] for item in about["formats"]] == list(formats())


def test_the_scripts_of_the_page_hold_no_protocol_and_no_html() -> None:
    for name in ("app.js", "share.js", "theme.js", "worker.js"):
        text = (PAGE / name).read_text(encoding="utf-8")
        for word in ("PlanQK", "innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "https:"):
            assert word not in text, (name, word)


def test_the_page_is_laid_without_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(assets, "_npm", lambda: [str(tmp_path / "no npm")])
    with pytest.raises(assets.MissingError, match="no npm"):
        assets.lay(tmp_path / "html")
    laid = tmp_path / "html" / "playground"
    assert {path.name for path in laid.iterdir()} >= {
        "app.html",
        "app.js",
        "app.css",
        "report.py",
        "worker.js",
    }
    assert not (tmp_path / "kept" / "package-lock.json").exists(), "the next build has to try again"
    chosen = [line.split('"')[1] for line in (PAGE / "app.html").read_text().splitlines() if ".log" in line]
    assert {path.name for path in (laid / "examples").iterdir()} >= set(chosen) > {"large.log"}
    assert 1_000_000 <= (laid / "examples" / "large.log").stat().st_size < 1_010_000
    with ZipFile(laid / "packages" / "planqk_protocol.zip") as packed:
        names = set(packed.namelist())
    assert "planqk_protocol/parser.py" in names
    package = Path(planqk_protocol.__file__).parent
    assert {f"planqk_protocol/{path.name}" for path in package.glob("*.*")} <= names


@pytest.mark.parametrize("name", ["docker.json", "large.log", "multiline.log", "minimal.log"])
def test_an_example_has_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(assets, "fetch", lambda: None)
    monkeypatch.setattr(assets, "_PYODIDE", [])
    monkeypatch.setattr(assets, "_WHEELS", [])
    assets.lay(tmp_path)
    assert summary((tmp_path / "playground" / "examples" / name).read_bytes())["result"]
