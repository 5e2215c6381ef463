r"""Text from elsewhere, made fit for a terminal.

>>> harmless("\x1b[31mred\x1b[0m")
'\\x1b[31mred\\x1b[0m'
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ACTIVE", "harmless", "on_one_line"]

# C0 but tab and LF, DEL, C1, what ends lines elsewhere, and what reorders the characters beside it.
ACTIVE: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"

_ACTIVE = re.compile(ACTIVE)


def harmless(text: str) -> str:
    """The text with its control characters written as escapes; tabs and LFs remain."""
    return _ACTIVE.sub(lambda match: repr(match[0])[1:-1], text)


def on_one_line(text: str) -> str:
    """Harmless text without line ends."""
    return harmless(text).replace("\n", r"\n")
