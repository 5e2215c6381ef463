"""A pytest plugin that runs and checks services.

Name it in ``conftest.py``: ``pytest_plugins = ["planqk_protocol.testing.plugin"]``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any, Protocol

import pytest

from planqk_protocol import Outcome, collect, parse
from planqk_protocol.diagnosis import Finding, Severity, diagnose
from planqk_protocol.testing.findings import differences, listed, summary

__all__ = ["CheckService", "RunService", "check_service", "pytest_assertrepr_compare", "run_service"]


class RunService(Protocol):
    """Runs a service to its end, and gives its outcome."""

    def __call__(
        self, command: Sequence[str], *, timeout: float = 60, check: bool = True, **options: Any
    ) -> Outcome:
        """Run a service.

        Args:
            command: The service and its arguments.
            timeout: Seconds until the service is killed.
            check: Whether the test fails if the service has no result, or an
                exit code other than 0. The failure shows what was found.
            options: Passed on to `subprocess.run`, such as ``cwd`` and ``env``.

        Raises:
            OSError: The service cannot be started.
            subprocess.TimeoutExpired: The service took too long.
        """


class CheckService(Protocol):
    """Runs a service to its end, and checks its output."""

    def __call__(self, command: Sequence[str], *, timeout: float = 60, **options: Any) -> Outcome:
        """Run a service. The test fails if there is an error or a warning in its output, with all findings.

        Args:
            command: The service and its arguments.
            timeout: Seconds until the service is killed.
            options: Passed on to `subprocess.run`, such as ``cwd`` and ``env``.

        Raises:
            OSError: The service cannot be started.
            subprocess.TimeoutExpired: The service took too long.
        """


@pytest.fixture
def run_service() -> RunService:
    """A function that runs a service and gives its `Outcome`."""

    def run(command: Sequence[str], *, timeout: float = 60, check: bool = True, **options: Any) -> Outcome:
        outcome, findings = _run(command, timeout, options)
        if check and (outcome.result is None or outcome.exit_code):
            pytest.fail(f"{summary(outcome)}\n{listed(findings)}", pytrace=False)
        return outcome

    return run


@pytest.fixture
def check_service() -> CheckService:
    """A function that runs a service, and asserts that there is no error and no warning in its output."""

    def run(command: Sequence[str], *, timeout: float = 60, **options: Any) -> Outcome:
        outcome, findings = _run(command, timeout, options)
        if any(finding.severity is not Severity.INFO for finding in findings):
            pytest.fail(f"{summary(outcome)}\n{listed(findings)}", pytrace=False)
        return outcome

    return run


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show in which fields two outcomes differ that a test asserts to be equal."""
    if op != "==" or not (isinstance(left, Outcome) and isinstance(right, Outcome)):
        return None
    return ["the outcomes differ:", *differences(left, right)]


def _run(command: Sequence[str], timeout: float, options: dict[str, Any]) -> tuple[Outcome, list[Finding]]:
    done = subprocess.run(  # noqa: S603  # the command is the test's own
        command, stdout=subprocess.PIPE, timeout=timeout, check=False, **options
    )
    outcome = collect(parse(done.stdout), exit_code=done.returncode)
    return outcome, diagnose(done.stdout, exit_code=done.returncode)
