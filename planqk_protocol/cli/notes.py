"""What is said to people on standard error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console
from rich.text import Text

from planqk_protocol.cli.harmless import on_one_line

__all__ = ["Notes"]

_MOST_OF_A_KIND = 10


class Notes(Console):
    """Standard error: one line per note, whatever its width; coloured at a terminal."""

    def __init__(self) -> None:
        super().__init__(stderr=True, soft_wrap=True, highlight=False)
        self._counts: Counter[str] = Counter()

    @property
    def is_live(self) -> bool:
        """Whether it is a terminal on which a progress bar can move."""
        return self.file.isatty() and self.is_interactive

    def say(self, subject: str, message: str, kind: str = "") -> None:
        """Print ``subject: kind: message``; of very many of a kind, only the first ones."""
        self.report(kind, lambda: (subject, message))

    def report(self, kind: str, what: Callable[[], tuple[str, str]]) -> None:
        """As `say`, for kinds that may be very many: subject and message are made if they are printed."""
        if kind:
            self._counts[kind] += 1
            if self._counts[kind] > _MOST_OF_A_KIND:
                return
        subject, message = what()
        line = Text.assemble((on_one_line(subject), "bold"), ": ")
        if kind:
            line.append(kind, "red").append(": ")
        with suppress(OSError):  # there is nowhere left to say it
            self.print(line.append(on_one_line(message)))

    def has_room_for(self, kind: str) -> bool:
        """Whether what is said of a kind next is printed."""
        return self._counts[kind] < _MOST_OF_A_KIND

    def sum_up(self) -> None:
        """Print how many of each kind were left out."""
        counts, self._counts = self._counts, Counter()
        for kind, count in counts.items():
            if count > _MOST_OF_A_KIND:
                self.say(kind, f"and {count - _MOST_OF_A_KIND} more")

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT002  # as Console has it
        """Leave the cursor alone: a signal that ends the program at a progress bar would leave it hidden."""
        return False

    def on_broken_pipe(self) -> None:
        """Go on: nobody reads the notes, but the work remains."""
