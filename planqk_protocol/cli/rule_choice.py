"""Rules of the diagnosis as arguments of commands: checked, suggested, completed and chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import click
from click.shell_completion import CompletionItem

from planqk_protocol.diagnosis import rules

__all__ = ["checked", "chosen_rules", "complete_rule", "rule_or_prefix"]


def rule_or_prefix(value: str) -> str:
    """Check that a value is the id of a rule, or the beginning of some, such as ``json-``.

    Raises:
        click.BadParameter: There is no such rule.
    """
    prefixes = {id_[: at + 1] for id_ in rules.RULES for at, character in enumerate(id_) if character == "-"}
    return checked(value, [*rules.RULES, *sorted(prefixes)])


def complete_rule(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The rules whose ids begin so, for the completion of shells."""
    return [
        CompletionItem(id_, help=rule.summary)
        for id_, rule in rules.RULES.items()
        if id_.startswith(incomplete)
    ]


def chosen_rules(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str]:
    """The ids of the rules that are selected, without those that are ignored.

    Args:
        select: Ids and prefixes; none selects all rules.
        ignore: Ids and prefixes.
    """
    return frozenset(
        id_ for id_ in rules.RULES if (not select or _is_in(id_, select)) and not _is_in(id_, ignore)
    )


def checked(value: str, known: Iterable[str]) -> str:
    """Check that a value is one of the known ids.

    Raises:
        click.BadParameter: It is none of them.
    """
    if value in known:
        return value
    close = get_close_matches(value, known, n=1)
    suggestion = f"Did you mean {close[0]!r}?" if close else "'planqk-protocol explain' lists the rules."
    raise click.BadParameter(f"there is no rule {value!r}. {suggestion}")


def _is_in(id_: str, wanted: Sequence[str]) -> bool:
    return any(id_ == item or (item.endswith("-") and id_.startswith(item)) for item in wanted)
