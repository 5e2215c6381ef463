"""The example as a process on a free port, and a client that checks all of its answers."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.examples.service_api.contract import FOLDER, check

Found = TypeVar("Found")

PATIENCE = 60.0  # seconds for what takes less than one, as the machine may be busy
# The input of a job is the program that it runs.
COMMAND = [
    *(sys.executable, "-I", "-S", "-c"),
    "import json, os; exec(json.load(open(os.environ['PLANQK_INPUT'] + '/data.json')))",
]
FINAL = {"SUCCEEDED", "CANCELLED", "FAILED"}


def wait_for(find: Callable[[], Found]) -> Found:
    """What a function returns, as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


class Server:
    """A process of the service, with a database that stays when the process is killed.

    Args:
        folder: Where its files are.
        options: Options and command.
    """

    def __init__(self, folder: Path, options: list[str]) -> None:
        self.database = folder / "executions.sqlite"
        self._output = folder / "server.txt"
        self._options = options
        self.start()

    def start(self) -> None:
        """Start it, each time on a port that is free."""
        command = [sys.executable, str(FOLDER / "app.py"), "--database", str(self.database)]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--port", "0", *self._options], stdout=output, stderr=output
            )
        [self.url] = wait_for(lambda: re.findall(r"running on (http://127\.0\.0\.1:\d+)", self.output()))
        self.client = httpx.Client(
            base_url=self.url, timeout=PATIENCE, event_hooks={"response": [check]}, trust_env=False
        )

    def output(self) -> str:
        """What it has said."""
        said = self._output.read_text(encoding="utf-8")
        assert self.process.poll() is None, said
        return said

    def kill(self) -> None:
        """End it without a chance to do anything."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ask it to end, and wait."""
        self.client.close()
        self.process.terminate()
        assert self.process.wait(PATIENCE) in {0, -15}

    def post(self, program: str) -> str:
        """Start an execution of a program. Return its id."""
        response = self.client.post("/", json={"data": program})
        assert response.status_code == 201
        return str(response.json()["id"])

    def status(self, execution: str) -> str:
        """Its status."""
        return str(self.get(execution)["status"])

    def ended(self, execution: str) -> str:
        """Its status, as soon as that is final."""
        wait_for(lambda: self.status(execution) in FINAL)
        return self.status(execution)

    def run(self, program: str) -> str:
        """Run a program to its end. Return the id of its execution."""
        execution = self.post(program)
        self.ended(execution)
        return execution

    def get(self, path: str, status: int = 200) -> Any:
        """The JSON of an answer."""
        response = self.client.get(f"/{path}")
        assert response.status_code == status, response.text
        return response.json()

    def last_entry(self, execution: str) -> tuple[str, str]:
        """The severity and the message at the end of its log."""
        entry = self.get(f"{execution}/log")[-1]
        return entry["severity"], entry["message"]

    def problem(self, execution: str) -> Any:
        """Why it has no result."""
        return self.get(f"{execution}/result", 404)


@contextmanager
def serving(folder: Path, *options: str, command: list[str] = COMMAND) -> Iterator[Server]:
    """A running service."""
    server = Server(folder, [*options, "--", *command])
    try:
        yield server
        server.end()
    finally:
        server.kill()
