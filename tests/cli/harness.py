"""What the tests run the command line with: streams, a terminal, and the names of their types."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.cli.app import cli

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ESCAPE = "\x1b"

Program = subprocess.Popen[bytes]


def invoke(*args: str | Path, stdin: bytes | None = None) -> Result:
    """Run the command with its streams in memory."""
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)


class Run(Protocol):
    def __call__(self, *args: str | Path, stdin: bytes | None = None) -> Result: ...


class Call(Protocol):
    def __call__(self, *args: str | Path) -> int: ...


class Start(Protocol):
    def __call__(self, *args: str | Path) -> Program: ...


class Terminal:
    """A pseudo-terminal: `stream` is what a program sees, `shown` what a person does."""

    def __init__(self) -> None:
        pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
        self._master, slave = pty.openpty()
        self.stream = open(slave, "w+b", buffering=0)  # noqa: SIM115, PTH123  # closed by `shown`
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def text(self) -> io.TextIOWrapper:
        """The terminal as `sys` would hold it."""
        return io.TextIOWrapper(self.stream, encoding="utf-8", write_through=True)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # how Linux says that no program has the terminal open
                return
            if not data:
                return
            self._shown += data

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def shown(self) -> str:
        """All that was written; the terminal is gone afterwards."""
        if not self.stream.closed:
            self.stream.close()
            self._reader.join()
            os.close(self._master)
        return self._shown.decode()


class Refusing(io.BytesIO):
    """A binary stream that answers every write with an error."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code = code

    def write(self, _data: object) -> int:
        raise OSError(self._code, os.strerror(self._code))
