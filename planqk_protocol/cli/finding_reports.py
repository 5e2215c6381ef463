"""The forms in which findings are written to standard output: text, JSON Lines, SARIF, JUnit, GitHub.

What a form needs besides is imported when a report of that form is made: completion in
a shell asks for the names of the forms only.
"""

from __future__ import annotations

import io
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

from planqk_protocol.cli.found import Found, Locator
from planqk_protocol.cli.rule_links import shows_links
from planqk_protocol.cli.terminal import write, write_json, writing
from planqk_protocol.diagnosis import Finding, finding_to_json_line

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["REPORTS", "Report"]

_WIDTH = 100  # cells, where there is no terminal


class Report(ABC):
    """A report of findings on standard output.

    Args:
        locator: Finds the places of findings in their files.
        subject: The name of what is checked.
    """

    def __init__(self, locator: Locator, subject: str) -> None:
        self._locator = locator
        self._subject = subject

    @abstractmethod
    def add(self, finding: Finding) -> None:
        """Report a finding."""

    @abstractmethod
    def end(self, summary: str, *, is_good: bool) -> None:
        """End the report.

        Args:
            summary: What was found, in one sentence.
            is_good: Whether there is no error and no warning.
        """


class TextReport(Report):
    """For people: each finding as soon as it is certain, and the summary."""

    def __init__(self, locator: Locator, subject: str) -> None:
        from rich.console import Console  # noqa: PLC0415  # see the top

        super().__init__(locator, subject)
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
        self._console = Console(soft_wrap=True, highlight=False)
        self._links = shows_links(self._console)
        self._width = self._console.width if sys.stdout.isatty() else _WIDTH

    def add(self, finding: Finding) -> None:
        """Print the finding."""
        from planqk_protocol.cli.finding_text import finding_text  # noqa: PLC0415  # see the top

        found = self._locator.found(finding)
        text = finding_text(found, width=self._width, encoding=sys.stdout.encoding, links=self._links)
        self._print(text)

    def end(self, summary: str, *, is_good: bool) -> None:
        """Print the summary."""
        from rich.text import Text  # noqa: PLC0415  # see the top

        self._print(Text(summary, "bold green" if is_good else "bold red"))

    def _print(self, text: Text) -> None:
        with writing():
            self._console.print(text)
            sys.stdout.flush()


class JsonReport(Report):
    """For programs: JSON Lines, each finding as soon as it is certain."""

    def add(self, finding: Finding) -> None:
        """Write the record of the finding."""
        write_json(finding_to_json_line(self._locator.record(finding)))

    def end(self, summary: str, *, is_good: bool) -> None:
        """Write nothing more."""


class GitHubReport(Report):
    """For GitHub Actions: workflow commands, each finding as soon as it is certain."""

    def add(self, finding: Finding) -> None:
        """Write the command of the finding."""
        from planqk_protocol.cli.workflow_commands import workflow_command  # noqa: PLC0415  # see the top

        write(workflow_command(self._locator.found(finding)).encode())

    def end(self, summary: str, *, is_good: bool) -> None:  # noqa: ARG002  # the annotations show it
        """Write the summary as a line of the log."""
        write(f"{summary}\n".encode())


class _Document(Report):
    """A report that is one document: it is written at the end."""

    def __init__(self, locator: Locator, subject: str) -> None:
        super().__init__(locator, subject)
        self._findings: list[Found] = []

    def add(self, finding: Finding) -> None:
        """Keep the finding."""
        self._findings.append(self._locator.found(finding))


class SarifReport(_Document):
    """For services that show findings in code."""

    def end(self, summary: str, *, is_good: bool) -> None:  # noqa: ARG002
        """Write the document."""
        from planqk_protocol.cli.sarif import to_sarif  # noqa: PLC0415  # see the top

        write(to_sarif(self._findings))


class JUnitReport(_Document):
    """For services that show the results of tests."""

    def end(self, summary: str, *, is_good: bool) -> None:  # noqa: ARG002
        """Write the document."""
        from planqk_protocol.cli.junit import to_junit  # noqa: PLC0415  # see the top

        write(to_junit(self._findings, self._subject))


REPORTS: dict[str, type[Report]] = {
    "text": TextReport,
    "json": JsonReport,
    "sarif": SarifReport,
    "junit": JUnitReport,
    "github": GitHubReport,
}
"""The reports by their names in ``--output``."""
