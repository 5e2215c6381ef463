"""All rules of the diagnosis, by their ids.

The rules are long texts with many examples, and most streams have no mistake. So they
are imported when one of them is asked for: use ``rules.RULES`` in functions.
"""

from __future__ import annotations

from functools import cache

from planqk_protocol.diagnosis.finding import Rule

__all__ = ["RULES"]

RULES: dict[str, Rule]
"""Each rule by its id: those of violations first, then markers, encodings, values, outcomes, captures."""


def __getattr__(name: str) -> dict[str, Rule]:
    if name == "RULES":
        return _rules()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _rules() -> dict[str, Rule]:
    from planqk_protocol.diagnosis.rules import (  # noqa: PLC0415  # see the top
        captures,
        encodings,
        json_texts,
        markers,
        outcomes,
        schemas,
        values,
        violations,
    )

    groups = (violations, json_texts, markers, encodings, values, outcomes, schemas, captures)
    return {rule.id: rule for group in groups for rule in group.RULES}
