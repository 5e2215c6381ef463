"""What the command ``check`` does with a stream: choose and count findings, report them, and sum up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from planqk_protocol import FinalResult, MultilineResult, Result
from planqk_protocol.captures import Captured
from planqk_protocol.cli.finding_reports import Report
from planqk_protocol.cli.redaction import redacted
from planqk_protocol.diagnosis import Finding, Severity
from planqk_protocol.inputs.event_stream import EventStream

__all__ = ["Inspection"]


class Inspection:
    """The findings of a stream on their way to a report.

    Args:
        stream: The stream.
        report: The report on standard output.
        rules: The ids of the rules whose findings count.
        most: Number of findings that are reported at most; ``None`` for no limit.
        is_redacted: Whether to hide what the job printed.
        advised: Gives a finding the advice that fits its input.
    """

    def __init__(
        self,
        stream: EventStream,
        report: Report,
        *,
        rules: frozenset[str],
        most: int | None,
        is_redacted: bool,
        advised: Callable[[Finding], Finding],
    ) -> None:
        self._stream = stream
        self._report = report
        self._rules = rules
        self._most = most
        self._is_redacted = is_redacted
        self._advised = advised
        self._counts: Counter[Severity] = Counter()
        self._result: FinalResult | None = None

    @property
    def is_good(self) -> bool:
        """Whether there is no error and no warning so far."""
        return not (self._counts[Severity.ERROR] or self._counts[Severity.WARNING])

    @property
    def left_out(self) -> int:
        """Number of findings that are not in the report."""
        return 0 if self._most is None else max(0, self._counts.total() - self._most)

    def take(self, captured: Captured) -> None:
        """Report the findings in a step of the stream."""
        for event in captured.events:
            if self._result is None and isinstance(event, Result | MultilineResult):
                self._result = event
        self.add(self._stream.findings(captured))

    def add(self, findings: Iterable[Finding]) -> None:
        """Report findings."""
        for finding in findings:
            if finding.rule not in self._rules:
                continue
            self._counts[finding.severity] += 1
            if not self.left_out:
                found = self._advised(finding)
                self._report.add(redacted(found) if self._is_redacted else found)

    def end(self) -> None:
        """End the report with the summary."""
        count, lines = self._counts.total(), self._stream.line_count
        findings = "no findings" if not count else _counted(count, "finding")
        summary = f"{findings} in {_counted(lines, 'line')}; {self._result_in_short()}"
        self._report.end(summary, is_good=self.is_good)

    def _result_in_short(self) -> str:
        if self._result is None:
            return "no result"
        name, line = self._stream.locate_line(self._result.line)
        doubt = "suspect " if self._result.suspect or self._result.after_loss else ""
        of_file = f" of {name}" if self._stream.has_several_inputs else ""
        return f"{doubt}result at line {line:,}{of_file}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
