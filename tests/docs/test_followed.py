"""The tutorials and the how-to guides lead where they say, if a reader does what stands in them."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from planqk_protocol.diagnosis import diagnose
from tests.docs.pages import DOCS, blocks
from tests.docs.walk import environment, follow, installation, is_as_shown, steps

TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
GUIDES = sorted((DOCS / "howto").glob("*.md"))
FOLLOWED = [page for page in (*TUTORIALS, *GUIDES) if any(not step.saved_as for step in steps(page))]
RUNNER, SERVICE, PARSER = (DOCS / "tutorials" / f"{name}.md" for name in ("runner", "service", "parser"))

pytestmark = pytest.mark.skipif(not shutil.which("sh"), reason="no sh on this machine")


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder outside of the repository, whose settings pytest would find."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.slow] * (page in TUTORIALS), id=page.stem) for page in FOLLOWED],
)
def test_the_commands_print_what_the_page_shows(page: Path, folder: Path) -> None:
    if any("jq" in step.block.text for step in steps(page)) and not shutil.which("jq"):
        pytest.skip("jq is not on this machine")
    [log] = [block.text for block in blocks(DOCS / "howto" / "index.md")]
    (folder / "here").mkdir()
    (folder / "here" / "job.log").write_text(log, encoding="utf-8")
    for step, printed in follow(page, folder):
        if step.printed is not None:
            assert is_as_shown(printed, step.printed), f"{page.name}, {step}:\n{printed}"


def test_the_pages_with_commands_are_found() -> None:
    assert {RUNNER, SERVICE, PARSER} < set(FOLLOWED)
    assert len(FOLLOWED) > 8
    assert [step.saved_as for step in steps(SERVICE)].count("job.py") == 4


def test_what_differs_is_noticed() -> None:
    assert is_as_shown("after 0.2 s\n\n", "after … s\n")
    assert is_as_shown("a\nb\nc\n", "a\n…\nc\n")
    assert not is_as_shown("after 0.2 s, FAILED\n", "after … s\n")
    assert not is_as_shown("", "SUCCEEDED\n")


def test_the_tutorials_are_installed_alike() -> None:
    commands = {page.stem: installation(page) for page in TUTORIALS if page.stem != "index"}
    assert None not in commands.values()
    path = "../planqk_protocol"
    assert {re.sub(r"'(.*)\[.*\]'", r"\1", command or "") for command in commands.values()} == {
        f"python3 -m venv .venv\n. .venv/bin/activate\npython -m pip install {path}\n"
    }
    assert "[cli,testing]" in (commands["service"] or "")  # .ci/run installs this one


def test_each_tab_is_made_and_has_alternatives() -> None:
    made = runpy.run_path(str(DOCS / "conf.py"))["_put_directives"]
    sources = {page: page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")}
    tabbed = {page: [source] for page, source in sources.items() if "\n<!-- tab -->" in source}
    assert len(tabbed) > 5
    for page, source in tabbed.items():
        made(None, page.stem, source)
        names = re.findall(r"^:::\{tab\} (\w+)$", source[0], re.MULTILINE)
        assert len(names) == sources[page].count("\n<!-- tab -->")
        assert len(names) == len(re.findall(r"^:::$", source[0], re.MULTILINE))
        assert len(names) >= 2
        assert " tab -->" not in source[0]


def test_the_runner_shows_interim_results_while_the_job_works(folder: Path) -> None:
    *_, program = [step.block.text for step in steps(RUNNER) if step.saved_as == "runner.py"]
    (folder / "runner.py").write_text(program, encoding="utf-8")
    job = (
        "import os, time; print('PlanQK:Job:InterimResult: 1', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "print('PlanQK:Job:Result: 2')"
    )
    command = [sys.executable, "runner.py", sys.executable, "-c", job]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "so far: 1\n"  # the job waits for the file that comes now
        (folder / "go").touch()
        assert process.stdout.read() == "SUCCEEDED\n"
    assert (folder / "result.json").read_text() == "2\n"


@pytest.mark.parametrize("printed", ["", "print('PlanQK:Job:Result: 1')"])
def test_the_runner_keeps_no_result_of_an_earlier_job_or_of_one_that_failed(
    printed: str, folder: Path
) -> None:
    programs = [step.block.text for step in steps(RUNNER) if step.saved_as == "runner.py"]
    command = [sys.executable, "runner.py", sys.executable, "-c", f"{printed}\nraise SystemExit(3)"]
    surroundings = environment(folder)
    for program in programs[2:]:
        (folder / "runner.py").write_text(program, encoding="utf-8")
        (folder / "result.json").write_text("0", encoding="utf-8")
        printed = subprocess.check_output(command, cwd=folder, env=surroundings, text=True)
        assert "FAILED\n" in printed
        assert not (folder / "result.json").exists()


@pytest.mark.parametrize(("value", "verdict"), [("json.dumps(1)", 0), ("{1}", 1)])
def test_the_workflow_fails_where_there_is_a_mistake(value: str, verdict: int, folder: Path) -> None:
    text, _ = (block.text for block in blocks(DOCS / "howto" / "ci.md") if block.language == "yaml")
    (folder / "job.py").write_text(f"import json\nprint('PlanQK:Job:Result:', {value})\n")
    (folder / "request.json").write_text("{}")
    variables = environment(folder)
    runs = [step["run"] for step in yaml.safe_load(text)["jobs"]["check"]["steps"] if "run" in step]
    done = [
        subprocess.run(["sh", "-c", run], cwd=folder, env=variables, capture_output=True, check=False)
        for run in runs[1:]
    ]
    assert "pip install" in runs[0]
    assert [process.returncode for process in done] == [verdict, verdict]


def test_the_comment_in_a_pull_request_holds_the_findings(folder: Path) -> None:
    _, text = (block.text for block in blocks(DOCS / "howto" / "ci.md") if block.language == "yaml")
    [step] = yaml.safe_load(text)
    (folder / "job.log").write_text("  PlanQK:Job:Result: 42\n")
    run = step["run"].replace("${{ github.event.number }}", "7")
    command = f'gh() {{ echo "$*"; }}\n{run}'  # GitHub runs a step with `bash -e`, and has the command gh
    done = subprocess.check_output(["sh", "-ec", command], cwd=folder, env=environment(folder), text=True)
    assert done == "pr comment 7 --body-file findings.md\n"
    comment = (folder / "findings.md").read_text(encoding="utf-8")
    assert comment.startswith("```text\njob.log:1:1: warning[marker-indented]")
    assert comment.endswith("no result\n```\n")


@pytest.mark.parametrize(
    ("output", "rules"),
    [
        (b"adding\n", {"no-result"}),
        (b"PlanQK:Job:Results: 42\n", {"marker-spelling", "no-result"}),
        (b"PlanQK:Job:Result: NaN\n", {"json-nan", "no-result"}),
        (b"PlanQK:Job:Result: 1\nPlanQK:Job:Result: 2\n", {"duplicate-result"}),
    ],
)
def test_the_usual_cases_without_a_result_are_found_as_the_page_says(output: bytes, rules: set[str]) -> None:
    assert {finding.rule for finding in diagnose(output)} == rules
    page = (DOCS / "howto" / "why-no-result.md").read_text(encoding="utf-8")
    first = min(rules - {"no-result"}, default="no-result")
    row = first if first.endswith("-result") else f"{first.partition('-')[0]}-…"
    assert re.search(rf"^\| .*`{row}`", page, re.MULTILINE)
