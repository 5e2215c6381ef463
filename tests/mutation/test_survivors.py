"""Explanations of mutants that survive are of code that is there."""

from __future__ import annotations

import importlib
import inspect
import tomllib

import pytest
from score import EXPLANATIONS, Mutant, explained


@pytest.mark.parametrize("mutant", sorted(explained()), ids=lambda mutant: mutant.function)
def test_what_a_mutant_changes_is_in_its_function(mutant: Mutant) -> None:
    module = next(
        name
        for name in (mutant.function.rsplit(".", parts)[0] for parts in (1, 2))
        if importlib.util.find_spec(name)
    )
    thing: object = importlib.import_module(module)
    for name in mutant.function.removeprefix(f"{module}.").split("."):
        thing = getattr(thing, name)
    source = [line.strip() for line in inspect.getsource(thing).splitlines()]
    removed = [line[1:] for line in mutant.diff.splitlines() if line.startswith("-")]
    assert removed
    assert set(removed) <= set(source)


def test_every_explanation_has_a_reason() -> None:
    for entry in tomllib.loads(EXPLANATIONS.read_text(encoding="utf-8"))["survivor"]:
        assert entry["reason"].strip()
        assert entry["diffs"]
