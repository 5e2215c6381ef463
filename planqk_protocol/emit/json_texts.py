"""JSON texts that another program has written, to marked lines and blocks.

The text stays as it is: numbers keep their digits, and objects keep the order of
their keys and their duplicates. Only characters that are not ASCII become escapes,
which stand for the same characters.
"""

from __future__ import annotations

import re

from planqk_protocol.emit.lines import within_limit
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.payload.decode import PayloadDecoder

__all__ = ["marked_json"]

_BLANKS = b" \t\r\n"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def marked_json(role: str, text: bytes) -> bytes:
    r"""A JSON text as a marked line or as a block.

    Args:
        role: ``interim_result``, ``result`` or ``multiline_result``.
        text: A JSON text in UTF-8. It may have white space around it.

    Raises:
        PayloadError: The text is not JSON, or exceeds the default `Limits`.
        ValueError: It is longer than `Limits.max_payload`.

    >>> marked_json("result", b'{\n  "sum": 1.50\n}\n')
    b'PlanQK:Job:Result: {   "sum": 1.50 }\n'
    """
    PayloadDecoder(Limits()).decode(text)
    marker = load_table().markers[role]
    # Outside of strings, JSON is ASCII, and within them all characters have escapes.
    json = _NOT_ASCII.sub(_escape, text.strip(_BLANKS).decode())
    if role == "multiline_result":
        return within_limit(f"{marker}\n{json}\n{marker}\n")
    # No string of JSON holds a CR or an LF, so they are white space.
    return within_limit(f"{marker} {json.translate(_ON_ONE_LINE)}\n")


_ON_ONE_LINE = str.maketrans("\r\n", "  ")


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
