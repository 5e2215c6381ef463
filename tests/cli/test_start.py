"""What a command imports: nothing that it does not use. What a group says that finds no command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import Run

LOG = b'starting\nPlanQK:Job:InterimResult: {"progress": 0.5}\nPlanQK:Job:Result: {"sum": 42}\nbye\n'
COMMANDS = [
    "parse",
    "check",
    "run",
    "explain",
    "unwrap",
    "archive",
    "emit",
    "formats",
    "conformance",
    "completion",
]
# What takes long to import, or has nothing to do with printing a result.
HEAVY = [
    *(
        "rich",
        "rich_click",
        "asyncio",
        "hashlib",
        "jsonschema",
        "lark",
        "pathlib",
        "pkgutil",
        "yaml",
        "docker",
    ),
    *("kubernetes", "importlib.metadata"),
]
PARTS = [
    "captures.decoders.cri",
    "captures.decoders.docker_json_file",
    "cli.console",
    "cli.finding_reports",
    "cli.found",
    "conformance",
    "diagnosis.echoes",
    "diagnosis.near_misses",
    "diagnosis.openapi",
    "diagnosis.rules.captures",
    "diagnosis.rules.markers",
    "diagnosis.violations",
    "emit",
    "engines",
    "runner",
]
UNUSED = [*HEAVY, *(f"planqk_protocol.{part}" for part in PARTS)]


def imported(*args: str | Path, says: str = "", ends_with: int = 0, **env: str) -> set[str]:
    """The modules that a run of the command imports.

    Args:
        args: The arguments of the command.
        says: The beginning of what it says on standard error.
        ends_with: The exit code.
        env: Variables of the environment.
    """
    # What Python imports at its start depends on how the package is installed.
    code = (
        "import atexit, sys\n"
        "before = set(sys.modules)\n"
        "atexit.register(lambda: print('IMPORTED', *sys.modules.keys() - before, file=sys.stderr))\n"
        "sys.argv[0] = 'planqk-protocol'\n"
        "from planqk_protocol.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | env, check=False, timeout=60
    )
    said, _, modules = done.stderr.partition("IMPORTED ")
    assert (said[: len(says)] if says else said, done.returncode) == (says, ends_with)
    return set(modules.split())


def commands(modules: set[str]) -> set[str]:
    """The commands among modules."""
    return {name for name in ["result", *COMMANDS] if f"planqk_protocol.cli.commands.{name}" in modules}


@pytest.mark.parametrize("command", ["result", "parse"])
def test_a_command_imports_what_it_uses(tmp_path: Path, command: str) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(LOG)
    modules = imported(command, path)
    assert not modules & set(UNUSED)
    assert commands(modules) == {command}
    assert "planqk_protocol.captures.decoders.raw" in modules  # the names above are those of modules


@pytest.mark.parametrize("command", ["result", "parse"])
def test_that_there_is_no_result_is_said_without_rich(tmp_path: Path, command: str) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"starting\n")
    modules = imported(command, path, says=f"{path}: no-result: there is no result", ends_with=1)
    assert not modules & {*HEAVY, "planqk_protocol.cli.console", "planqk_protocol.cli.finding_reports"}


def test_the_names_of_parts_are_those_of_modules() -> None:
    root = Path(sys.modules["planqk_protocol"].__file__ or "").parent
    for part in PARTS:
        path = root.joinpath(*part.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), part


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("before", "word", "expected"),
    [("", "", set()), ("", "re", set()), ("result", "--", {"result"}), ("check", "--", {"check"})],
)
def test_completion_imports_the_command_that_it_completes(
    shell: str, before: str, word: str, expected: set[str]
) -> None:
    words = " ".join(filter(None, ["planqk-protocol", before]))
    modules = imported(
        _PLANQK_PROTOCOL_COMPLETE=f"{shell}_complete",
        COMP_WORDS=words if shell == "fish" else f"{words} {word}",
        COMP_CWORD=word if shell == "fish" else str(words.count(" ") + 1),
    )
    assert commands(modules) == expected
    assert not modules & {*HEAVY, "planqk_protocol.conformance", "planqk_protocol.engines"}


@pytest.mark.parametrize("command", [(), ("conformance",)])
def test_without_a_command_a_group_prints_its_help(run: Run, command: tuple[str, ...]) -> None:
    outcome = run(*command)
    assert (outcome.exit_code, outcome.stderr) == (2, "")
    assert outcome.stdout.split() == run(*command, "--help").stdout.split()
    assert r"\n" not in outcome.stdout


def test_a_misspelt_command(run: Run) -> None:
    outcome = run("resul\x1b")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert r"No such command 'resul\x1b'. Did you mean 'result'?" in outcome.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("result", "--follow"), "No such option '--follow'. It is an option of parse."),
        (("result", "--exit-code", "1"), "No such option '--exit-code'. It is an option of check."),
        (("--only", "x"), "No such option '--only'. It is an option of parse, result, check, unwrap."),
        (("result", "--folow\x1b"), r"No such option '--folow\x1b'. │"),
    ],
)
def test_an_option_of_another_command(run: Run, args: tuple[str, ...], said: str) -> None:
    outcome = run(*args)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert said in " ".join(outcome.stderr.split())
