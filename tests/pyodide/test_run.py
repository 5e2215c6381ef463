"""The lists of what is run in Pyodide name files and tests that are there."""

from __future__ import annotations

from itertools import chain

from tests.pyodide.run import LEFT_OUT, ROOT, TESTS, WHEELS


def test_what_is_run_is_there() -> None:
    assert [test for test in TESTS if not (ROOT / test).exists()] == []


def test_what_is_left_out_is_there() -> None:
    for test in chain(*LEFT_OUT.values()):
        file, _, name = test.partition("::")
        assert any(file.startswith(chosen) for chosen in TESTS)
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")


def test_what_is_fetched_is_named_in_order() -> None:
    assert sorted(WHEELS) == WHEELS
