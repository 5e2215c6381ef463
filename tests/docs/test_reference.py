"""The API reference has every public name."""

from __future__ import annotations

import inspect
import re
import runpy
from importlib import import_module

import planqk_protocol
from planqk_protocol import archive, captures, diagnosis, emit, engines, runner, testing
from tests.docs.pages import DOCS

VIEW = runpy.run_path(str(DOCS / "reference.py"))
PAGE = (DOCS / "reference.md").read_text(encoding="utf-8")
REFERENCE: str = VIEW["directed"](PAGE)  # as Sphinx reads it
DIRECTIVES = re.findall(r"^\.\. (?:auto\w+|data):: ([\w.]+)$", REFERENCE, re.MULTILINE)
UPDATE = "run: .venv/bin/python docs/reference.py"

CAPTURES, DIAGNOSIS, ENGINES, TESTING = "## Captured logs", "## Diagnosis", "## Live containers", "## Testing"
EMIT, RUNNER = "## Writing the protocol", "## Running jobs"
ARCHIVE = "## Archives of logs"


def section(heading: str) -> list[tuple[str, str]]:
    """The names documented under a heading, with their modules."""
    text = REFERENCE.split(f"{heading}\n")[1].split("\n## ", maxsplit=1)[0]
    return re.findall(r"^\.\. auto\w+:: ([\w.]+)$|^\.\. data:: (\w+)$", text, re.MULTILINE)


def names(heading: str) -> list[str]:
    return [one or other for one, other in section(heading)]


def test_every_public_name_is_there_once() -> None:
    headings = (ARCHIVE, CAPTURES, DIAGNOSIS, EMIT, ENGINES, RUNNER, TESTING)
    apart = [name for heading in headings for name in names(heading)]
    documented = list(DIRECTIVES)
    for name in apart:
        documented.remove(name)
    documented = sorted(name.removeprefix("planqk_protocol.") for name in documented)
    assert documented == sorted(
        set(planqk_protocol.__all__) - {"__version__", "captures", "diagnosis", "emit", "engines"}
    )
    assert "`planqk_protocol.__version__`" in REFERENCE


def test_every_public_name_of_archives_is_there_once() -> None:
    assert sorted(names(ARCHIVE)) == sorted(archive.__all__)


def test_every_public_name_of_captures_is_there_once() -> None:
    assert sorted(names(CAPTURES)) == sorted(captures.__all__)


def test_every_public_name_of_the_diagnosis_is_there_once() -> None:
    apart = "planqk_protocol.diagnosis.openapi.ServiceSchemas"
    assert sorted(names(DIAGNOSIS)) == sorted([*diagnosis.__all__, apart])


def test_every_public_name_of_the_runner_is_there_once() -> None:
    assert sorted(names(RUNNER)) == sorted(runner.__all__)


def test_every_public_name_of_testing_is_there_once() -> None:
    assert sorted(names(TESTING)) == sorted(
        [
            *testing.__all__,
            "planqk_protocol.testing.plugin.CheckService",
            "planqk_protocol.testing.plugin.RunService",
        ]
    )


def test_every_public_name_of_engines_is_there_once() -> None:
    modules = [
        import_module(f"planqk_protocol.engines.{name}") for name in ("docker", "kubernetes", "planqk")
    ]
    public = [f"{module.__name__}.{name}" for module in modules for name in module.__all__]
    apart = [name for name in names(ENGINES) if name not in public]
    assert sorted(names(ENGINES)) == sorted(public + apart)
    assert sorted(apart) == sorted(engines.__all__)


def test_every_public_name_of_emit_is_there_once() -> None:
    assert sorted(names(EMIT)) == sorted(emit.__all__)


def test_every_public_class_and_function_has_a_docstring() -> None:
    pairs = [
        (home, name)
        for home in (planqk_protocol, captures, diagnosis, emit, runner, testing)
        for name in home.__all__
    ]
    for module, name in pairs:
        public = getattr(module, name)
        if inspect.isclass(public) or inspect.isfunction(public):
            assert public.__doc__, name


def test_the_lists_are_current() -> None:
    assert VIEW["updated"](PAGE) == PAGE, UPDATE


def test_every_heading_has_its_list_and_its_directives() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert headings == re.findall(r"^<!-- names: (.+) -->$", PAGE, re.MULTILINE)
    assert headings == list(VIEW["DIRECTIVES"])
    assert REFERENCE.count("```{eval-rst}") == len(headings)


def test_a_list_has_each_name_with_what_it_is() -> None:
    listed = {
        name.shown.partition("(")[0]: name.about for group in VIEW["names"]().values() for name in group
    }
    assert all(listed.values())
    assert set(DIRECTIVES) <= set(listed)
    assert {"Parser.feed", "Run.outcome", "Log.raw"} <= set(listed)
    assert "| `Parser.feed(data)` | Take the next bytes of the stream" in PAGE
    assert "Values: `ERROR`, `WARNING`, `INFO`." in listed["Severity"]
    assert "Attributes: `line`, `raw`, `value`" in listed["Result"]
