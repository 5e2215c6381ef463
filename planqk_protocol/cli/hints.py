"""Messages that explain a missing or suspect result, and say what to do."""

from __future__ import annotations

import re

from planqk_protocol import Log, Marker
from planqk_protocol.captures.sniffing import UTF16_FAULT, is_utf16
from planqk_protocol.marked import marker_prefix, marker_text

__all__ = [
    "AFTER_LOSS",
    "DAMAGED",
    "FIRST_IS_INVALID",
    "LOOKS_MARKED",
    "LOST",
    "NAME_THE_FORMAT",
    "NOTHING_READ",
    "another_format",
    "backwards",
    "cut_short",
    "guess",
    "how_to_print",
    "in_options",
    "marked_line",
    "near_miss",
]

_LIMIT = re.compile(r"\bLimits\.(max_[a-z]+)$")
_ONLY = re.compile(r"\bthe argument container\b")

FIRST_IS_INVALID = "the first one is not valid, and only the first one counts"
DAMAGED = "the capture is damaged here; get all of it, or have the job print ASCII only"
AFTER_LOSS = (
    "the capture lost bytes before this result, and an earlier result may have been among them, which would "
    "be the one that counts; get all of the capture"
)
LOST = "the capture is damaged, and may have lost it; get all of the capture"
NOTHING_READ = "there was nothing to read; was the job's standard output captured?"
NAME_THE_FORMAT = "; if this is a captured log, name its format with --capture"
BYTE_ORDER_MARK = (
    "begins with a byte order mark, so its marker is not the first thing on the line; remove the mark"
)
LOOKS_MARKED = (
    "looks like a marker, but is log text: a marker must be the first thing on its line, spelled exactly; "
    "nothing may follow the marker of a block, and only JSON may follow the others"
)


def marked_line() -> bytes:
    """What every marked line begins with, behind the end of the line before."""
    return b"\n" + marker_prefix()


def how_to_print(sought: str) -> str:
    """How a job prints what is missing: a ``result`` or an ``interim result``."""
    marker = marker_text(Marker(sought.replace(" ", "_")))
    return f"print it, in Python with print('{marker}', json.dumps(value), flush=True)"


def guess(capture: str) -> str:
    """The message that the format of a capture was guessed."""
    return f"read as {capture}, which its first bytes look like; --capture raw reads it as it is"


def another_format(given: str, looks: str) -> str:
    """The message that a capture looks like another format than the one that the user named."""
    return f"nearly nothing in it is a record of {given}; it looks like {looks}, so say --capture {looks}"


def backwards(before: str) -> str:
    """The message that a file is older than the file that was read before it."""
    return (
        f"time runs backwards: its first time stamp is earlier than the last one of {before}; give the "
        "oldest file first"
    )


def cut_short(exit_code: int | None) -> str:
    """The message that the end of a JSON text may be missing, because no LF ends it."""
    why = f"the exit code is {exit_code}" if exit_code else "the job may have printed more than was read"
    return f"no LF ends it, and {why}: the rest of it may be missing"


def in_options(message: str) -> str:
    """Replace the names of arguments in a message of the library by the options of the command."""
    return _ONLY.sub("--only", _LIMIT.sub(lambda limit: f"--{limit[1].replace('_', '-')}", message))


def near_miss(log: Log, *, is_guess: bool) -> str | None:
    """Explain why a log line that resembles a marker is not one.

    Args:
        log: The log line.
        is_guess: Whether the format was guessed.

    Returns:
        ``None`` if the line does not resemble a marker.
    """
    if is_utf16(log.raw):
        return UTF16_FAULT
    prefix = marker_prefix().decode()
    if log.text.startswith("\ufeff" + prefix):
        return BYTE_ORDER_MARK
    if prefix.lower() in log.text.lower():
        return LOOKS_MARKED + NAME_THE_FORMAT * is_guess
    return None
