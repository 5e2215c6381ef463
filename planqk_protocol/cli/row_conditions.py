"""Which rows the command ``archive`` gives, by the values of ``--where``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from planqk_protocol.archive import OutcomeRow

__all__ = ["condition", "is_met"]


def condition(value: str) -> tuple[str, str]:
    """The column of a condition and the value it must have. It is empty if the column must be empty.

    Raises:
        click.BadParameter: There is no such column, or it can never have the value.
    """
    from planqk_protocol.archive.rows import OutcomeRow  # noqa: PLC0415  # not for the help

    name, equals, wanted = value.partition("=")
    if not equals or name not in OutcomeRow.__struct_fields__:
        names = ", ".join(OutcomeRow.__struct_fields__)
        raise click.BadParameter(f"{value!r} is not NAME=VALUE with the name of a column: {names}.")
    if OutcomeRow.__annotations__[name].startswith(("int", "float")):
        if wanted and not re.fullmatch(r"-?\d+(\.\d+)?", wanted):
            raise click.BadParameter(f"{value!r} can be true of no row: {name} is a number.")
        return name, wanted
    possible = _possible(name)
    if possible and wanted not in {*possible, ""}:
        raise click.BadParameter(f"{value!r} can be true of no row: {name} is one of {', '.join(possible)}.")
    return name, wanted


def is_met(row: OutcomeRow, name: str, wanted: str) -> bool:
    """Whether a column of a row has a value. Of a column with several values, whether one of them is it."""
    value = getattr(row, name)
    if isinstance(value, dict | tuple):
        return wanted in value if wanted else not value
    if isinstance(value, bool):
        value = str(value).lower()
    return wanted == ("" if value is None else str(value))


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
