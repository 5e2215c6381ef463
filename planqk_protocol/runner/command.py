"""A command as a job: a process with two pipes, in a group of its own, and its end."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from planqk_protocol.captures import StdStream
from planqk_protocol.chunk_reading import read_chunks
from planqk_protocol.descendants import kill_group, kill_tagged, tagged_environment, terminate
from planqk_protocol.excerpts import excerpt
from planqk_protocol.runner.job import INPUT_VARIABLE, UNREAD, Inbox, RunError
from planqk_protocol.runner.lifetime import Lifetime

__all__ = ["CommandJob"]

_PLACEHOLDER = "{input}"
_PATIENCE = 2.0  # seconds to wait for the end of the pipes after the end of all processes that can be found
_AFTER_KILL = 5.0  # seconds to wait for the end of a process that was killed
# Where the libraries of the platform's other contract put a result (planqk-commons 1.30, planqk/commons/
# constants.py and runtime/main.py).
_OUTPUT_VARIABLE, _OUTPUT_FOLDER = "OUTPUT_DIRECTORY", "/var/runtime/output"
_OUTPUT_FILES = ("output.json", "output.txt")


class CommandJob:
    """A command that runs: see `planqk_protocol.runner.job.Job`.

    The process leads a session of its own, so Ctrl-C at a terminal does not
    reach it, and its group can be ended without ending anything else. As in a
    container, nothing outlives the first process: what it started is killed
    when it ends.

    Args:
        command: The program and its arguments.
        folder: The folder of the input; this removes it at the end.
        timeout: Seconds until the job is ended; ``None`` for no limit.
        grace: Seconds between SIGTERM and SIGKILL.
        stdin: Whether the job reads the standard input of this process. By
            default, it has none.

    Raises:
        RunError: It cannot be started.
    """

    capture = "raw"
    is_cut_off = False  # a pipe loses nothing

    def __init__(
        self,
        command: Sequence[str],
        folder: tempfile.TemporaryDirectory[str],
        *,
        timeout: float | None,
        grace: float,
        stdin: bool,
    ) -> None:
        self._folder = folder
        self._grace = grace
        self._output_files = _states_of_output_files()
        environment, self._tag = tagged_environment()
        self._process = _start(
            [part.replace(_PLACEHOLDER, folder.name) for part in command],
            environment={**environment, INPUT_VARIABLE: folder.name},
            stdin=None if stdin else subprocess.DEVNULL,
        )
        self.life = Lifetime()
        self.inbox = Inbox(3)
        for stream, pipe in (
            (StdStream.STDOUT, self._process.stdout),
            (StdStream.STDERR, self._process.stderr),
        ):
            _start_thread(self._read, stream, pipe)
        _start_thread(self._wait)
        self.life.limit(timeout, self.stop)

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative if a signal ended it."""
        return self._process.returncode

    def check(self) -> None:
        """Nothing can prevent that the output of a process is read."""

    def wrote_output_file(self) -> bool:
        """Whether it wrote a result to a file, as jobs of another contract do."""
        return any(
            state and state != before
            for state, before in zip(_states_of_output_files(), self._output_files, strict=True)
        )

    def stop(self, why: str) -> None:
        """Ask it to end, and kill it after the grace period."""
        if self.life.begin_stop(why):
            terminate(self._process, self._tag)
            self.life.after(self._grace, self._kill)

    def close(self) -> None:
        """End it if it runs, wait for its end, and remove its folder."""
        if self.life.begin_stop(UNREAD):
            terminate(self._process, self._tag)
        self.inbox.abandon()
        # No timer here: at the end of a program, no thread can be started any more (CPython 3.12).
        if not self.life.wait(self._grace):
            self._kill()
            self.life.wait(_AFTER_KILL)
        self._folder.cleanup()

    def _read(self, stream: StdStream, pipe: IO[bytes]) -> None:
        with pipe:
            all(self.inbox.put(stream, chunk) for chunk in read_chunks(pipe))  # as long as they are wanted
        self.inbox.end_writer()

    def _wait(self) -> None:
        self._process.wait()
        self._kill()
        self.life.end()
        self.inbox.wait_for_writers(_PATIENCE, but=1)
        self.inbox.finish()

    def _kill(self) -> None:
        kill_group(self._process)
        kill_tagged(self._tag)


def _start(command: list[str], *, environment: dict[str, str], stdin: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # the command is the user's own
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise RunError(f"cannot run {excerpt(command[0])}: {why}") from None


def _start_thread(function: Callable[..., None], *args: object) -> None:
    threading.Thread(target=function, args=args, daemon=True, name="planqk-protocol").start()


def _states_of_output_files() -> list[tuple[int, int] | None]:
    folder = Path(os.environ.get(_OUTPUT_VARIABLE, _OUTPUT_FOLDER))
    return [_state(folder / name) for name in _OUTPUT_FILES]


def _state(path: Path) -> tuple[int, int] | None:
    """When a file was written, and its inode; ``None`` if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
