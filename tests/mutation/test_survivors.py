"""Explanations of mutants that survive are of code that is there."""

from __future__ import annotations

import inspect
import pkgutil
import tomllib

import pytest

from tests.mutation.score import EXPLANATIONS, Mutant, explained


@pytest.mark.parametrize("mutant", sorted(explained()), ids=lambda mutant: mutant.function)
def test_what_a_mutant_changes_is_in_its_function(mutant: Mutant) -> None:
    source = inspect.getsource(pkgutil.resolve_name(mutant.function))
    removed = [line[1:] for line in mutant.diff.splitlines() if line.startswith("-")]
    assert removed
    assert set(removed) <= {line.strip() for line in source.splitlines()}


def test_every_explanation_has_a_reason() -> None:
    for entry in tomllib.loads(EXPLANATIONS.read_text(encoding="utf-8"))["survivor"]:
        assert entry["reason"].strip()
        assert entry["diffs"]
