"""The programs on the page for services, run where their tools are: all print the same results."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Result, parse
from planqk_protocol.emit import result_line
from tests.docs.pages import DOCS, Block, blocks
from tests.docs.walk import environment

PAGE = DOCS / "services.md"


def programs(language: str) -> list[Block]:
    return [block for block in blocks(PAGE) if block.language == language]


def check(stdout: bytes, result: dict[str, Any]) -> None:
    events: list[Event] = [event for event in parse(stdout) if event.raw != b"\n"]
    assert events[0] == Log(1, "looking for a route")
    assert [type(event) for event in events[1:]] == [InterimResult, Result]
    assert isinstance(events[1], InterimResult)
    assert isinstance(events[2], Result)
    assert (events[1].value, events[2].value) == ({"cost": 871.5}, result)
    assert stdout.isascii()


needs_sh = pytest.mark.skipif(not shutil.which("sh"), reason="no sh on this machine")


@needs_sh
def test_a_shell_with_the_command(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    program = programs("sh")[0].text
    done = subprocess.run(["sh", "-e", "-c", program], stdout=subprocess.PIPE, env=variables, check=True)
    check(done.stdout, {"cost": 699})


@needs_sh
@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on this machine")
def test_a_shell_with_jq() -> None:
    program = programs("sh")[1].text
    done = subprocess.run(["sh", "-e", "-c", program], stdout=subprocess.PIPE, check=True)
    check(done.stdout, {"cost": 699, "city": "Köln"})


@needs_sh
@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on this machine")
def test_a_shell_in_which_jq_fails_prints_no_result() -> None:
    program = programs("sh")[1].text.replace("--argjson cost 699", "--argjson cost nothing")
    done = subprocess.run(["sh", "-c", program], capture_output=True, check=False)
    assert done.returncode
    assert b"PlanQK:Job:Result:" not in done.stdout


@needs_sh
@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on this machine")
def test_a_long_result_from_a_shell(tmp_path: Path) -> None:
    value = {"costs": list(range(50_000)), "city": "Köln"}  # longer than an argument may be
    (tmp_path / "result.json").write_text(json.dumps(value), encoding="utf-8")
    program = programs("sh")[2].text
    done = subprocess.run(["sh", "-e", "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, check=True)
    [event] = [event for event in parse(done.stdout) if event.raw != b"\n"]
    assert isinstance(event, MultilineResult)
    assert event.value == value
    assert max(map(len, done.stdout.splitlines())) < 100


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not on this machine")
@pytest.mark.parametrize("bad", ["NaN", "[1 / 0]", "undefined", "() => 1"])
def test_node(bad: str) -> None:
    [program] = programs("js")
    done = subprocess.run(["node", "-e", program.text], stdout=subprocess.PIPE, check=True)
    check(done.stdout, {"cost": 699, "city": "Köln"})
    refused = f"{program.text.split('console.log')[0]}\ntext({bad});"
    assert subprocess.run(["node", "-e", refused], capture_output=True, check=False).returncode == 1


@pytest.mark.skipif(not shutil.which("go"), reason="Go is not on this machine")
def test_go(tmp_path: Path) -> None:
    [program] = programs("go")
    (tmp_path / "job.go").write_text(program.text, encoding="utf-8")
    done = subprocess.run(["go", "run", "job.go"], cwd=tmp_path, stdout=subprocess.PIPE, check=True)
    check(done.stdout, {"cost": 699, "city": "Köln"})


class Array:
    """Stands for NumPy's array, and for its numbers."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def tolist(self) -> Any:
        return self._value


class Model:
    """Stands for a model of pydantic."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        assert mode == "json"
        return {"weights": Array([0.5, 1.5])}


def test_without_the_package_complex_numbers_and_those_of_numpy_are_converted() -> None:
    [program] = [block.text for block in programs("python") if "fence =" in block.text]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(program.split("text =")[0], PAGE, "exec"), names)  # noqa: S102  # the project's own page
    assert json.dumps({"a": Array([1, 2j])}, default=names["default"]) == '{"a": [1, [0.0, 2.0]]}'


def test_the_recipe_converts_what_looks_like_numpy_and_pydantic() -> None:
    [program] = [block.text for block in programs("python") if "@dataclass" in block.text]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(program.split("@dataclass")[0], PAGE, "exec"), names)  # noqa: S102  # the project's own page
    value = {"array": Array([[1, 2j]]), "number": Array(7), "model": Model()}
    assert result_line(value, default=names["default"]) == (
        b'PlanQK:Job:Result: {"array": [[1, [0.0, 2.0]]], "number": 7, "model": {"weights": [0.5, 1.5]}}\n'
    )
