"""Show a job while it runs: its standard output, its standard error, and a status line at a terminal."""

from __future__ import annotations

import sys
from typing import Literal

from rich.text import Text

from planqk_protocol import InterimResult, to_json_line
from planqk_protocol.cli.event_text import text_printer
from planqk_protocol.cli.job_summary import shown
from planqk_protocol.cli.terminal import Messages, SafeErrors, escape_line, write, write_json
from planqk_protocol.runner import Run, Step

__all__ = ["JobView", "Output"]

Output = Literal["text", "jsonl"]

_ERASE = "\r\x1b[K"


class JobView:
    """The output of a job on its way to standard output and standard error.

    As text, standard output gets the bytes that the job prints; a terminal gets
    them line by line, each with its number and its kind. As JSON Lines, it gets
    records with times.

    Args:
        job: The job.
        output: The form of standard output.
        messages: Standard error.
    """

    def __init__(self, job: Run, output: Output, messages: Messages) -> None:
        self._job = job
        self._is_json = output == "jsonl"
        self._print = text_printer() if output == "text" and sys.stdout.isatty() else None
        self._errors = SafeErrors()
        self._status = _StatusLine(messages)
        self._newest = ""

    @staticmethod
    def needs_logs(output: Output) -> bool:
        """Whether the view needs log events, or does without them, which is much faster."""
        return output == "jsonl" or sys.stdout.isatty()

    def show(self, step: Step | None) -> None:
        """Show what came, and bring the status line up to date.

        Raises:
            OutputClosed: The reader of standard output is gone.
            Failure: Standard output cannot be written to.
        """
        if step:
            self._status.erase()
            self._show_output(step)
            if step.stderr:
                self._errors.write(step.stderr)
                self._status.is_free = step.stderr.endswith(b"\n")
            for event in step.captured.events:
                if isinstance(event, InterimResult):
                    self._newest = f", interim result {shown(event)}"
        self._status.draw(f"running for {self._job.duration:.0f} s{self._newest}")

    def end(self) -> None:
        """Remove the status line, and write what was held back of standard error."""
        self._status.erase()
        self._errors.write(b"", is_end=True)

    def _show_output(self, step: Step) -> None:
        events = step.captured.events
        if self._is_json:
            if events:
                lines = zip(events, step.times(), strict=True)
                write_json(b"".join(to_json_line(event, time=time) for event, time in lines))
        elif self._print is None:
            if data := b"".join(chunk.data for chunk in step.captured.chunks):
                write(data)
        elif events:
            self._print(events)


class _StatusLine:
    """A line at the bottom of a terminal. There is none elsewhere.

    Attributes:
        is_free: Whether the cursor is at the beginning of a line.
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._shown = ""
        self.is_free = True

    def draw(self, text: str) -> None:
        """Show a text, shortened to one line."""
        if not (self._messages.is_live and self.is_free) or text == self._shown:
            return
        self.erase()
        console, line = self._messages.console, Text(escape_line(text), "dim")
        line.truncate(console.width - 1, overflow="ellipsis")
        console.print(line, end="")
        self._shown = text

    def erase(self) -> None:
        """Remove the text."""
        if self._shown:
            stream = self._messages.console.file
            stream.write(_ERASE)
            stream.flush()
            self._shown = ""
