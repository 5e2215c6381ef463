"""Time stamps of records: from the text in a capture to nanoseconds, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["nanoseconds", "rfc3339"]

_SECOND = 1_000_000_000
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_MICROSECONDS = re.compile(r"\d{1,18}", re.ASCII)


def nanoseconds(text: str) -> int | None:
    """Convert a time stamp to nanoseconds since 1970 in UTC; ``None`` if `text` is not a time stamp.

    Engines write RFC 3339 with up to nine decimals, in any zone. journald writes
    microseconds since 1970. `datetime` alone does not do: it drops what is
    smaller than a microsecond.

    >>> nanoseconds("2024-05-01T12:00:00.000000001+02:00")
    1714557600000000001
    >>> nanoseconds("1714557600000000")
    1714557600000000000
    """
    if _MICROSECONDS.fullmatch(text):
        return int(text) * 1000
    if not (match := _RFC3339.fullmatch(text)):
        return None
    whole, fraction, sign, hours, minutes = match.groups()
    try:
        seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    except ValueError:
        return None
    if sign:
        seconds -= int(f"{sign}{int(hours) * 3600 + int(minutes) * 60}")
    return seconds * _SECOND + int((fraction or "").ljust(9, "0"))


def rfc3339(time: int) -> str | None:
    """Convert nanoseconds since 1970 to RFC 3339 in UTC, with nine decimals; ``None`` beyond year 9999.

    >>> rfc3339(1714557600000000001)
    '2024-05-01T10:00:00.000000001Z'
    """
    seconds, rest = divmod(time, _SECOND)
    try:
        whole = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
