r"""Lines in a block that are no part of its JSON: log text that came between the two fences.

A payload that is not JSON has a fault at some line. If the payload is JSON without
that line, and without other lines like it, nobody meant them as JSON: a logger, a
progress bar or another thread printed them.
"""

from __future__ import annotations

from planqk_protocol.buffer import LF
from planqk_protocol.diagnosis.anchors import Anchors
from planqk_protocol.limits import Limits
from planqk_protocol.payload.causes import Cause
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["foreign_line"]

_MOST_DECODED = 16  # times that the payload is decoded, once for each line that is left out
_MOST_BYTES = 16 * 1024 * 1024  # decoded in all, which takes about a second
_OF_JSON = b' \t{},"'  # log text hardly begins so
# What the fault of log text is taken for. The other causes are about values that were meant as JSON.
_CAUSES = {
    Cause.COLOURED,
    Cause.CONTROL_CHARACTER,
    Cause.EXTRA_TEXT,
    Cause.NUMBER_FORM,
    Cause.OTHER,
    Cause.UNQUOTED_KEY,
}

_decode = PayloadDecoder(Limits(max_digits=None)).decode


def foreign_line(payload: bytes) -> tuple[int, int] | None:
    r"""Find the first line of a block's payload that is log text.

    Args:
        payload: What stands between the fences. It is not JSON.

    Returns:
        Where the line begins and where it ends; ``None`` if the payload is not JSON without it, either.

    >>> foreign_line(b'{"sum": 42}\nINFO done\n')
    (12, 21)
    """
    first, rest = None, payload
    for _ in range(min(_MOST_DECODED, _MOST_BYTES // (len(payload) + 1))):
        try:
            _decode(rest)
        except PayloadError as error:
            start = rest.rfind(LF, 0, error.start) + 1
            end = rest.find(LF, error.start)
            line = rest[start : end if end >= 0 else len(rest)]
            if error.cause not in _CAUSES or not _may_be_log_text(line, error.cause):
                return None
            first = first or (start, start + len(line.rstrip()))
            rest = rest[:start] + rest[start + len(line) + 1 :]
        else:
            return first
    return None


def _may_be_log_text(line: bytes, cause: Cause) -> bool:
    """Whether a line begins and ends as log text does. What is nearly a marker, or a key, is no log text."""
    if line[:1] in _OF_JSON or line.rstrip().endswith(b",") or Anchors(line, len(line)).find(0) < len(line):
        return False
    return cause is not Cause.UNQUOTED_KEY or not _is_json(line.partition(b":")[2])


def _is_json(data: bytes) -> bool:
    try:
        _decode(data)
    except PayloadError:
        return False
    return True
