"""A pytest plugin that runs services.

Name it in ``conftest.py``: ``pytest_plugins = ["planqk_protocol.testing.plugin"]``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any, Protocol

import pytest

from planqk_protocol import Outcome, collect, parse

__all__ = ["RunService", "run_service"]


class RunService(Protocol):
    """Runs a service to its end, and gives its outcome."""

    def __call__(self, command: Sequence[str], *, timeout: float = 60, **options: Any) -> Outcome:
        """Run a service.

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

    def run(command: Sequence[str], *, timeout: float = 60, **options: Any) -> Outcome:
        done = subprocess.run(  # noqa: S603  # the command is the test's own
            command, stdout=subprocess.PIPE, timeout=timeout, check=False, **options
        )
        return collect(parse(done.stdout), exit_code=done.returncode)

    return run
