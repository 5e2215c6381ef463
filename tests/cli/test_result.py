"""``planqk-protocol result``: the JSON of results, untouched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.cli.printing import indented
from tests.cli.harness import Run

ODD = b'{"b": 1.50, "a": -0, "a": 1E400, "big": 123456789012345678901234567890, "s": "\\ud800\\/\xc3\xa4"}'


@pytest.mark.parametrize(
    "log",
    [
        b"PlanQK:Job:Result: " + ODD + b"\n",
        b"log\nPlanQK:Job:Result:" + ODD + b" \t\r\r\nmore",
        b"PlanQK:Job:MultilineResult\r\n\r\n\t " + ODD + b"\r\n\nPlanQK:Job:MultilineResult\r\n",
    ],
)
def test_the_payload_is_printed_untouched(run: Run, log: bytes) -> None:
    outcome = run("result", stdin=log)
    assert outcome.stdout_bytes == ODD + b"\n"
    assert outcome.exit_code == 0
    rules = [line.split(": ")[1] for line in outcome.stderr.splitlines()]
    assert rules[:4] == ["duplicate-key", "number-overflow", "big-integer", "lone-surrogate"]
    assert rules[4:] in ([], ["marker-indented"])


def test_a_block_keeps_its_lines(run: Run, examples: Path) -> None:
    block = (examples / "multiline.log").read_bytes().split(b"PlanQK:Job:MultilineResult\n")[1]
    assert run("result", examples / "multiline.log").stdout_bytes == block


def test_the_optimiser_has_a_result(run: Run, examples: Path) -> None:
    outcome = run("result", examples / "optimiser.log")
    assert outcome.exit_code == 0
    assert json.loads(outcome.stdout)["iterations"] == 640


def test_the_first_result_is_printed_though_a_second_one_came(run: Run) -> None:
    outcome = run("result", stdin=b"PlanQK:Job:Result: 1\nPlanQK:Job:Result: 2\n")
    assert outcome.stdout == "1\n"
    assert outcome.stderr.startswith("<stdin>:2:1: duplicate-result: ")
    assert outcome.exit_code == 1


def test_pretty_changes_nothing_but_white_space(run: Run) -> None:
    outcome = run("result", "--pretty", stdin=b"PlanQK:Job:Result:" + ODD.replace(b" ", b"") + b"\n")
    items = ODD[1:-1].split(b", ")
    assert outcome.stdout_bytes == b"{\n  " + b",\n  ".join(items) + b"\n}\n"


TEXTS = st.text('\\u".d8eé\x7f\n\ud800\udc00😀', max_size=8)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_indented_is_what_json_dumps_makes_of_any_value(value: object) -> None:
    compact = json.dumps(value, separators=(",", ":"))
    assert indented(compact.encode()) == json.dumps(value, indent=2).encode()


DEEPEST = b'{"a":' * 127 + b"[]" + b"}" * 127


@pytest.mark.parametrize("format_id", ["raw", "cri", "docker-json-file"])
def test_the_deepest_result_can_be_pretty(run: Run, format_id: str) -> None:
    text = "PlanQK:Job:Result: " + DEEPEST.decode()
    stamp = "2024-05-01T10:00:00.5Z"
    captures = {
        "raw": text + "\n",
        "cri": f"{stamp} stdout F {text}\n",
        "docker-json-file": json.dumps({"log": text + "\n", "stream": "stdout", "time": stamp}) + "\n",
    }
    outcome = run("result", "--pretty", "--capture", format_id, stdin=captures[format_id].encode())
    assert (outcome.stderr, outcome.exit_code) == ("", 0)
    assert outcome.stdout == json.dumps(json.loads(DEEPEST), indent=2) + "\n"
    deeper = captures[format_id].replace("[]", "[[]]").encode()
    outcome = run("result", "--pretty", "--capture", format_id, stdin=deeper)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert "payload-too-deep" in outcome.stderr


def test_interim_prints_one_line_each(run: Run) -> None:
    log = b'PlanQK:Job:InterimResult: {"a":\r1.0}\nlog\nPlanQK:Job:InterimResult 2\r\nPlanQK:Job:Result: 3\n'
    outcome = run("result", "--interim", stdin=log)
    assert outcome.stdout_bytes == b'{"a": 1.0}\n2\n'
    assert outcome.exit_code == 0


def test_interim_needs_no_result(run: Run) -> None:
    outcome = run("result", "--interim", stdin=b"PlanQK:Job:InterimResult: 1\n")
    assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("1\n", "", 0)


def test_interim_last_prints_the_newest(run: Run, examples: Path) -> None:
    outcome = run("result", "--interim-last", examples / "optimiser.log")
    assert outcome.stdout.count("\n") == 1
    assert json.loads(outcome.stdout)["iteration"] == 640


@pytest.mark.parametrize("name", ["job.log", "last", "all", "--interim"])
def test_a_word_behind_interim_is_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:InterimResult: 2\n")
    for option, printed in (("--interim", "1\n2\n"), ("--interim-last", "2\n")):
        assert run("result", option, "--", name).stdout == printed
        if not name.startswith("-"):
            assert run("result", option, name).stdout == printed
            assert run("result", name, option).stdout == printed


@pytest.mark.parametrize(
    ("options", "printed"),
    [(("--interim", "--interim-last"), "2\n"), (("--interim-last", "--interim"), "1\n2\n")],
)
def test_the_last_one_of_the_interim_options_counts(run: Run, options: tuple[str, ...], printed: str) -> None:
    log = b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:InterimResult: 2\n"
    assert run("result", *options, stdin=log).stdout == printed


@pytest.mark.parametrize("option", ["--interim", "--interim-last"])
def test_the_interim_options_take_no_value(run: Run, option: str) -> None:
    outcome = run("result", f"{option}=last", stdin=b"PlanQK:Job:InterimResult: 1\n")
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert f"Option '{option}' does not take a value." in outcome.stderr


def test_interim_may_be_pretty(run: Run) -> None:
    outcome = run("result", "--interim-last", "--pretty", stdin=b"PlanQK:Job:InterimResult: [1.0]\n")
    assert outcome.stdout == "[\n  1.0\n]\n"


def test_several_files_are_one_stream(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PlanQK:Job:MultilineResult\n[1,\n")
    (tmp_path / "b").write_bytes(b"2]\nPlanQK:Job:MultilineResult\n")
    assert run("result", tmp_path / "a", tmp_path / "b").stdout == "[1,\n2]\n"
