r"""Text from elsewhere, made fit for a terminal.

>>> harmless("\x1b[31mred\x1b[0m")
'\\x1b[31mred\\x1b[0m'
"""

from __future__ import annotations

import re

__all__ = ["harmless"]

# C0 but tab and LF, DEL, C1, and the characters that reorder what stands beside them.
_ACTIVE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with its control characters written as escapes; tabs and LFs remain."""
    return _ACTIVE.sub(lambda match: repr(match[0])[1:-1], text)
