"""Bounds on what a capture can do to its reader: how deep its JSON nests, how much of it a message shows."""

from __future__ import annotations

from planqk_protocol.limits import MAX_DEPTH
from planqk_protocol.payload.depth import deeper_than

__all__ = ["is_too_deep", "shown"]

_MOST_SHOWN = 60


def is_too_deep(data: bytes) -> bool:
    """Whether brackets of a JSON text nest deeper than `MAX_DEPTH`: to be asked before it is decoded.

    Decoders written in C call themselves for each level. They end the process
    where the thread's stack is too small for that, and raise `RecursionError`
    near Python's own limit. No stack is too small for 128 levels, and no engine
    nests a record deeper than three.

    Args:
        data: Text that is decoded from its first byte on, or several such
            texts, one after the other.
    """
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH and deeper_than(MAX_DEPTH, data, 0, len(data))


def shown(text: str | bytes) -> str:
    r"""Text from a capture as a message shows it: quoted, escaped, and no more than its beginning.

    >>> shown(b"std\0ut"), shown("x" * 5_000_000)[-13:]
    ("'std\\x00ut'", "x'…(+4999940)")
    """
    begin = text[:_MOST_SHOWN]
    begin = begin if isinstance(begin, str) else begin.decode(errors="replace")
    rest = len(text) - _MOST_SHOWN
    return f"{begin!r}…(+{rest})" if rest > 0 else repr(begin)
