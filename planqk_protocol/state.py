"""States that are copied and pickled, with the number of their format.

The attributes of a parser are not the same in each version of the package. A
pickle of another version, restored without a check, would go on and give wrong
events. So each pickle holds the number of its format, and another number is
refused.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from planqk_protocol.errors import StateFormatError

__all__ = ["STATE_FORMAT", "Resumable"]

STATE_FORMAT = 1
"""Number of the format. Raise it when the attributes of any `Resumable` change, or what they mean."""


class Resumable:
    """Can be copied and pickled at any byte, and goes on where it was."""

    def __getstate__(self) -> tuple[int, dict[str, Any]]:
        return STATE_FORMAT, {name: copy(value) for name, value in self.__dict__.items()}

    def __setstate__(self, state: object) -> None:
        match state:
            case (int(number), dict(attributes)) if number == STATE_FORMAT:
                self.__dict__.update(attributes)
            case (int(number), _):
                found = f"its state has the format {number}"
                raise StateFormatError(self._refusal(found))
            case _:
                raise StateFormatError(self._refusal("its state has no format number"))

    def _refusal(self, found: str) -> str:
        return (
            f"this pickle of a {type(self).__name__} is of another version of planqk_protocol: {found},"
            f" and this version reads the format {STATE_FORMAT}; read the stream again from its beginning"
        )
