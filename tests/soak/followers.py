"""Programs that follow a job: their records are checked as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.soak.job import Check, SoakError

__all__ = ["COMMAND", "Follower"]

COMMAND = ("-m", "planqk_protocol", "parse", "--output", "jsonl")
"""What Python runs as the command."""

_PATIENCE = 120  # seconds


class Follower:
    """A Python program that reads what the job prints, and prints event records.

    Args:
        name: Its name in messages.
        arguments: What Python runs.
        folder: Where its standard error is kept.
        environment: What is added to the environment.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.check = Check(name)
        self._errors = (folder / f"{name}.errors").open("w+b")
        self.program = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | (environment or {}),
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.program.stdout
        for record in self.program.stdout:
            self.check.take(json.loads(record))

    def wait_for(self, lines: int) -> None:
        """Wait until it has read that many lines.

        Raises:
            SoakError: It does not.
        """
        deadline = time.monotonic() + _PATIENCE
        while self.check.seen < lines:
            if self.check.fault:
                raise SoakError(self.check.fault)
            if time.monotonic() > deadline or not self._reading.is_alive():
                came = f"{self.check.seen} lines of {lines} came"
                raise SoakError(f"{self.check.reader}: {came}{self._said()}")
            time.sleep(0.01)

    def tell(self, text: str) -> None:
        """Write a line to its standard input."""
        assert self.program.stdin
        self.program.stdin.write(text.encode() + b"\n")
        self.program.stdin.flush()

    def end(self) -> None:
        """End its input, and wait until it has ended.

        Raises:
            SoakError: It does not end, or ends as it should not.
        """
        assert self.program.stdin
        self.program.stdin.close()
        self._reading.join(_PATIENCE)
        if self._reading.is_alive() or self.program.wait() not in {0, 1} or self.check.fault:
            raise SoakError(f"{self.check.reader}: it does not end well: {self.check.fault}{self._said()}")

    def stop(self) -> None:
        """End it, whatever it does."""
        self.program.kill()
        with self.program:
            self._errors.close()

    def _said(self) -> str:
        self._errors.seek(0)
        return f"; it said: {self._errors.read()[-500:].decode(errors='replace')}"
