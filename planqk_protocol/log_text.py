"""Log text to `Log` events: the hot path of every stream.

Most streams are log lines from end to end. So a stretch of lines is never examined
line by line: one call decodes it, one call splits it, and ``map`` makes the events,
all at the speed of C. This rests on two facts:

*   In UTF-8, the byte 0x0A is always an LF and never a part of another character.
    Splitting the decoded text gives the same lines as splitting the bytes.
*   An event computes its raw bytes from its text on demand. It keeps the bytes only
    if they are not valid UTF-8, because then the text cannot give them back.

Lines that end with CRLF, all of them or none, are the usual case, and cost no Python code
either. Where both ends are mixed, each line is looked at.

A stretch is cut into slabs. If one is not valid UTF-8, its halves are tried, and so
on; only a small part is decoded line by line.

Where nobody wants `Log` events, the lines are counted. ``bytes.count`` looks at each
byte, which takes 0.3 to 0.9 ns, depending on how CPython was compiled. ``bytes.replace``
goes from LF to LF by C's ``memchr``. Removing the LFs of lines of 100 bytes takes 0.13 ns
per byte, the copy included, and the size of what remains tells their number. But it
takes 12 ns for each LF, which is slower if lines are short. So the beginning of each slab
decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from planqk_protocol.buffer import LF
from planqk_protocol.events import Event, Log

__all__ = ["count_lines", "extend_with_logs"]

_CRLF = b"\r\n"
_SLAB = 256 * 1024  # bytes decoded at a time, so few that they stay in the processor's cache
_SMALL = 4096  # bytes: a slab that is smaller is copied, and not halved
_SAMPLE = 1024  # bytes from the beginning of a slab that show how long its lines are
_SHORT = 40  # bytes: in lines that are shorter, LFs are counted one by one


def count_lines(data: bytes, start: int, stop: int) -> int:
    """Number of LFs in ``data[start:stop]``."""
    if stop - start < _SMALL:
        return data.count(LF, start, stop)
    if data.find(LF, start, stop) < 0:  # a piece of a long line
        return 0
    number = 0
    for at in range(start, stop, _SLAB):
        end = min(at + _SLAB, stop)
        if data.count(LF, at, at + _SAMPLE) > _SAMPLE // _SHORT:
            number += data.count(LF, at, end)
        else:
            number += end - at - len(data[at:end].replace(LF, b""))
    return number


def extend_with_logs(
    events: list[Event], data: bytes, start: int, stop: int, line: int, max_line: int | None
) -> int:
    """Append the `Log` events of ``data[start:stop]`` (rules ``log``, ``limit-line``).

    Args:
        events: The list to append to.
        data: Bytes that hold lines of log text from `start` to `stop`. The last
            line may lack its LF.
        start: Where the first line begins.
        stop: Where the last line ends.
        line: Number of the first line.
        max_line: Most bytes of a line in one event; ``None`` for no limit.

    Returns:
        Number of the line that the next byte belongs to.
    """
    # A slab of at most max_line bytes holds no line that is too long. So only a line that is longer
    # than a slab has to be measured.
    slab = _SLAB if max_line is None else min(_SLAB, max_line)
    if 0 < stop - start < min(_SMALL, slab) and data.find(LF, start, stop - 1) < 0:  # one line: most were cut
        events.append(_decode(data[start:stop], line))
        return line + data.endswith(LF, start, stop)
    while start < stop:
        end = stop if stop - start <= slab else data.rfind(LF, start, start + slab) + 1
        if end:
            # A copy of few bytes is cheaper than a view, and a view of many is cheaper than a copy.
            source = data if end - start < _SMALL else memoryview(data)
            line = _extend_with_slab(events, source[start:end], line)
        else:  # no LF within a slab: this line is decoded alone, in pieces if it is too long
            end = data.find(LF, start + slab, stop) + 1 or stop
            size = max_line or end
            events += [_decode(data[at : min(at + size, end)], line) for at in range(start, end, size)]
            line += data.endswith(LF, start, end)
        start = end
    return line


def _extend_with_slab(events: list[Event], data: bytes | memoryview, line: int) -> int:
    """Append the events of a slab without over-long lines; return the number of the next line."""
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError:
        return _extend_with_invalid(events, bytes(data), line)
    if "\r" in text and "\r\n" in text:  # a search for one character is much faster than one for two
        lines, rest, terminators = _split_with_crlf(bytes(data), text)
        events.extend(map(Log, range(line, line + len(lines)), lines, terminators))
    else:
        lines = text.split("\n")
        rest = lines.pop()
        events.extend(map(Log, range(line, line + len(lines)), lines))
    line += len(lines)
    if rest:
        events.append(Log(line, rest, b""))
    return line


def _split_with_crlf(data: bytes, text: str) -> tuple[list[str], str, Iterable[bytes]]:
    """The contents of a slab's whole lines, what follows them, and the lines' terminators.

    Args:
        data: The slab. Some of its lines end with CRLF.
        text: The same, decoded.
    """
    # If all lines end with CRLF, and there is no other CR, these three calls are enough. Their cost is
    # far below that of Python code for each line, and below that of a split at two characters.
    lines = data.replace(b"\r", b"").decode().split("\n")
    if "\r\n".join(lines) == text:
        return lines[:-1], lines[-1], repeat(_CRLF)
    *lines, rest = text.split("\n")
    terminators = [_CRLF if line.endswith("\r") else LF for line in lines]
    return [line.removesuffix("\r") for line in lines], rest, terminators


def _extend_with_invalid(events: list[Event], data: bytes, line: int) -> int:
    """Do the work of `_extend_with_slab` for bytes that are not valid UTF-8."""
    middle = data.find(LF, len(data) // 2) + 1
    if len(data) > _SMALL and 0 < middle < len(data):
        line = _extend_with_slab(events, data[:middle], line)
        return _extend_with_slab(events, data[middle:], line)
    raws = _split(data)
    events += [_decode(raw, number) for number, raw in enumerate(raws, line)]
    return line + len(raws) - (not data.endswith(LF))


def _split(data: bytes) -> list[bytes]:
    """The lines with their LFs."""
    *lines, rest = data.split(LF)
    whole = [line + LF for line in lines]
    return [*whole, rest] if rest else whole


def _decode(raw: bytes, line: int) -> Log:
    """The event of one line, or of a piece of one, which need not be valid UTF-8."""
    terminator = b"" if not raw.endswith(LF) else _CRLF if raw.endswith(_CRLF) else LF
    content = raw[: len(raw) - len(terminator)]
    try:
        return Log(line, content.decode(), terminator)
    except UnicodeDecodeError:
        return Log(line, content.decode(errors="replace"), terminator, content)
