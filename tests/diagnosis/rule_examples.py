"""The examples of rules, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planqk_protocol.diagnosis import Example, Rule


def examples(rules: Iterable[Rule], kind: Literal["wrong", "right"]) -> list[tuple[Rule, Example]]:
    return [(rule, example) for rule in rules for example in getattr(rule, kind)]
