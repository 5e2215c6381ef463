"""What is said to people on standard error."""

from __future__ import annotations

from contextlib import suppress

from rich.console import Console
from rich.text import Text

from planqk_protocol.cli.harmless import harmless

__all__ = ["Notes"]


class Notes(Console):
    """Standard error: one line per note, whatever its width; coloured at a terminal."""

    def __init__(self) -> None:
        super().__init__(stderr=True, soft_wrap=True, highlight=False)

    @property
    def is_live(self) -> bool:
        """Whether it is a terminal on which a progress bar can move."""
        return self.file.isatty() and self.is_interactive

    def say(self, subject: str, message: str, code: str = "") -> None:
        """Print ``subject: code: message``."""
        line = Text.assemble((_on_one_line(subject), "bold"), ": ")
        if code:
            line.append(code, "red").append(": ")
        with suppress(OSError):  # there is nowhere left to say it
            self.print(line.append(_on_one_line(message)))

    def on_broken_pipe(self) -> None:
        """Go on: nobody reads the notes, but the work remains."""


def _on_one_line(text: str) -> str:
    return harmless(text).replace("\n", r"\n")
