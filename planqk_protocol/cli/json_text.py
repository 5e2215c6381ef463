"""JSON text, laid out anew without a look at its numbers.

>>> print(indented(b'{"a":[1.50,1e400]}').decode())
{
  "a": [
    1.50,
    1e400
  ]
}
"""

from __future__ import annotations

import msgspec

__all__ = ["indented"]


def indented(text: bytes) -> bytes:
    """A JSON text with one item per line, its tokens as they are."""
    # msgspec refuses \u escapes of lone surrogates, which are valid. So it gets to see escaped
    # backslashes in their place, told from the text's own by the dot behind those.
    hidden = text.replace(rb"\\", rb"\\.").replace(rb"\u", rb"\\u")
    return msgspec.json.format(hidden, indent=2).replace(rb"\\u", rb"\u").replace(rb"\\.", rb"\\")
