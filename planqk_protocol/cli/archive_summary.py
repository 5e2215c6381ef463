"""What the command ``archive`` shows of its work: a bar at a terminal, and a table at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from planqk_protocol.cli.terminal import Messages
from planqk_protocol.outcome import JobStatus

if TYPE_CHECKING:
    from planqk_protocol.archive import OutcomeRow

__all__ = ["ArchiveSummary"]

_ERROR, _DAMAGED, _NO_RESULT = "not read", "damaged", "no result"
_WHY = "the column 'error' says why a log was not read, and 'damage' what is damaged"
_NEEDS_RESULT = {JobStatus.SUCCEEDED, JobStatus.UNKNOWN}  # the others say that there may be none


class ArchiveSummary:
    """Counts rows, and shows the counts on standard error.

    Args:
        messages: Standard error.
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._counts: Counter[str] = Counter()  # of logs, by their status
        self._sizes: Counter[str] = Counter()  # of their files in bytes, likewise

    @property
    def errors(self) -> int:
        """Number of rows with an error."""
        return self._counts[_ERROR]

    @property
    def damaged(self) -> int:
        """Number of rows of logs that are damaged."""
        return sum(count for status, count in self._counts.items() if status.endswith(_DAMAGED))

    @contextmanager
    def shown(self, rows: Iterable[OutcomeRow], *, shows_bar: bool) -> Iterator[Iterator[OutcomeRow]]:
        """Count rows as they pass.

        Args:
            rows: The rows.
            shows_bar: Whether to show a bar with their rate at a terminal. It goes away at the end.
        """
        if not (shows_bar and self._messages.is_live):
            yield self._counted(rows)
            return
        from rich import progress  # noqa: PLC0415  # heavy

        columns = (
            progress.SpinnerColumn(),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[counts]}"),
            progress.TimeElapsedColumn(),
        )
        console = self._messages.console
        with progress.Progress(
            *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as bar:
            task, begin = bar.add_task("", total=None, counts=""), time.monotonic()
            yield self._counted(rows, lambda: bar.update(task, counts=self._rate(time.monotonic() - begin)))

    def print(self, chosen: int | None) -> None:
        """Print the table.

        Args:
            chosen: Number of the rows that were chosen of all that were read; ``None`` if all were.
        """
        from rich.filesize import decimal  # noqa: PLC0415  # heavy
        from rich.table import Table  # noqa: PLC0415  # likewise

        table = Table("status", box=None, show_footer=True, pad_edge=False)
        table.columns[0].footer = "all"
        table.add_column("logs", f"{self._counts.total():,}", justify="right")
        table.add_column("size", decimal(self._sizes.total()), justify="right")
        for status in sorted(self._counts):
            table.add_row(status, f"{self._counts[status]:,}", decimal(self._sizes[status]))
        with suppress(OSError):  # standard error is gone, and there is no other place for it
            self._messages.console.print(table)
            if self.errors or self.damaged:
                self._messages.console.print(_WHY, highlight=False)
            if chosen is not None:
                self._messages.console.print(f"rows written, by --where: {chosen:,}")

    def _rate(self, seconds: float) -> str:
        from rich.filesize import decimal  # noqa: PLC0415  # heavy

        logs, size = self._counts.total(), self._sizes.total()
        rate = f"{logs / seconds:,.0f} logs/s, {decimal(int(size / seconds))}/s" if seconds else ""
        return f"{logs:,} logs, {self.errors:,} not read, {rate}"

    def _counted(
        self, rows: Iterable[OutcomeRow], show: Callable[[], object] = lambda: None
    ) -> Iterator[OutcomeRow]:
        for row in rows:
            status = _ERROR if row.error else _status(row)
            self._counts[status] += 1
            self._sizes[status] += row.size
            show()
            yield row


def _status(row: OutcomeRow) -> str:
    """The status of a log, and what it does not tell: that there is no result, or that the log is damaged."""
    lacks_result = row.status in _NEEDS_RESULT and row.result_size is None
    words = str(row.status), lacks_result and _NO_RESULT, row.damage and _DAMAGED
    return ", ".join(word for word in words if word)
