"""The consoles of rich that the command prints on. To import rich takes long, so this module comes late."""

from __future__ import annotations

import errno
import os

from rich.console import Console
from rich.text import Text

from planqk_protocol.cli.rule_links import linked, shows_links
from planqk_protocol.diagnosis import rules

__all__ = ["ErrorConsole", "OutputConsole"]


class OutputConsole(Console):
    """Standard output."""

    def on_broken_pipe(self) -> None:
        """Raise what `terminal.writing` handles: rich would exit."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class ErrorConsole(Console):
    """Standard error."""

    def __init__(self) -> None:
        super().__init__(stderr=True, soft_wrap=True, highlight=False)

    def print_message(self, subject: str, kind: str, message: str) -> None:
        """Print ``subject: kind: message`` on a line, in colours. A kind that is a rule is a link."""
        line = Text.assemble((subject, "bold"), ": ")
        if kind:
            links = kind in rules.RULES and shows_links(self)
            line.append(kind, linked("red", kind, links=links)).append(": ")
        self.print(line.append(message))

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT002  # as Console has it
        """Leave the cursor alone: a signal that ends the program at a progress bar would leave it hidden."""
        return False

    def on_broken_pipe(self) -> None:
        """Go on with the work: only the messages have lost their reader."""
