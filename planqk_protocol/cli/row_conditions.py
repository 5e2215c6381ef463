"""Which rows the command ``archive`` gives, by the values of ``--where``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from planqk_protocol.archive import OutcomeRow

__all__ = ["Condition", "condition"]


class Condition(NamedTuple):
    """A condition of ``--where``.

    Attributes:
        name: The column.
        wanted: The value that it must have, or must not have; empty for a column that is empty.
        is_negated: Whether it must not have it.
    """

    name: str
    wanted: str
    is_negated: bool

    def is_met(self, row: OutcomeRow) -> bool:
        """Whether a row is chosen. Of a column with several values, one of them is enough."""
        return self._has_value(row) is not self.is_negated

    def _has_value(self, row: OutcomeRow) -> bool:
        value = getattr(row, self.name)
        if isinstance(value, dict | tuple):
            return self.wanted in value if self.wanted else not value
        if isinstance(value, bool):
            value = str(value).lower()
        return self.wanted == ("" if value is None else str(value))


def condition(value: str) -> Condition:
    """Read a condition, ``NAME=VALUE`` or ``NAME!=VALUE``.

    Raises:
        click.BadParameter: There is no such column, or it can never have the value.
    """
    from planqk_protocol.archive.rows import OutcomeRow  # noqa: PLC0415  # not for the help

    given, equals, wanted = value.partition("=")
    name = given.removesuffix("!")
    if not equals or name not in OutcomeRow.__struct_fields__:
        names = ", ".join(OutcomeRow.__struct_fields__)
        raise click.BadParameter(
            f"{value!r} is neither NAME=VALUE nor NAME!=VALUE with the name of a column: {names}."
        )
    is_negated = name != given
    senseless = f"{value!r} {'is true of every' if is_negated else 'can be true of no'} row"
    if OutcomeRow.__annotations__[name].startswith(("int", "float")):
        if wanted and not re.fullmatch(r"-?\d+(\.\d+)?", wanted):
            raise click.BadParameter(f"{senseless}: {name} is a number.")
        return Condition(name, wanted, is_negated)
    possible = _possible(name)
    if possible and wanted not in {*possible, ""}:
        raise click.BadParameter(f"{senseless}: {name} is one of {', '.join(possible)}.")
    return Condition(name, wanted, is_negated)


def _possible(name: str) -> list[str]:
    """The values that a column may have; none if it may have any."""
    from planqk_protocol.archive.reading import DISORDER  # noqa: PLC0415  # not for the help
    from planqk_protocol.captures import NoticeKind, formats  # noqa: PLC0415  # likewise
    from planqk_protocol.diagnosis import RULES  # noqa: PLC0415  # likewise
    from planqk_protocol.events import ViolationCode  # noqa: PLC0415  # likewise
    from planqk_protocol.outcome import JobStatus  # noqa: PLC0415  # likewise

    return {
        "status": [status.value for status in JobStatus],
        "format": [*formats()],
        "suspect": ["true", "false"],
        "violations": [code.value for code in ViolationCode],
        "findings": [*RULES],
        "notices": [*(kind.value for kind in NoticeKind), DISORDER],
    }.get(name, [])
