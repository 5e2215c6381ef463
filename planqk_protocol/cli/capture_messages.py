"""Messages about captures and files, and the names of options in the messages of the library."""

from __future__ import annotations

import re

__all__ = ["AFTER_LOSS", "DAMAGED", "another_format", "backwards", "cut_short", "guess", "in_options"]

_LIMIT = re.compile(r"\bLimits\.(max_[a-z]+)\b")
_ONLY = re.compile(r"\bthe argument container\b")
_CAPTURE = re.compile(r"\bcapture=(?=[a-z])")

DAMAGED = "the capture is damaged here; the finding about the damage says what to do"
AFTER_LOSS = (
    "bytes of the output were lost before this result, and an earlier result may have been among them, which "
    "would be the one that counts; get all of the output"
)


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
    message = _LIMIT.sub(lambda limit: f"--{limit[1].replace('_', '-')}", message)
    return _CAPTURE.sub("--capture ", _ONLY.sub("--only", message))
