"""Why a command ends before its work is done."""

from __future__ import annotations

__all__ = ["Failure", "OutputClosed"]


class Failure(Exception):  # noqa: N818  # also where the user breaks off
    """The command could not do its work.

    Args:
        message: What is wrong and what to do, on one line.
        exit_code: The exit code of the command.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class OutputClosed(Exception):  # noqa: N818  # nothing is wrong: the reader has had enough
    """Nobody reads standard output any more, as behind ``| head -1``."""
