"""`Emitter`: prints what a job has to say, so that the parser finds exactly that."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, Any, Self

from planqk_protocol.emit.capture import captured, flush_native
from planqk_protocol.emit.json_values import Default
from planqk_protocol.emit.lines import interim_result_line, multiline_result_block, result_bytes, result_line
from planqk_protocol.emit.output import Output
from planqk_protocol.emit.turns import Turns, without_forks
from planqk_protocol.emit.unfinished import FRESH_LINE, fresh_log_line
from planqk_protocol.errors import SecondResultError

__all__ = ["Emitter"]


class Emitter:
    """Prints log text, interim results and the result of a job.

    Each call prints with one write, and flushes. The threads of a process and its
    forked children can share an emitter: their output is never mixed. Make one
    emitter for a job, before it starts threads and processes.

    Other writers, such as a C library, may leave a line unfinished. So each marked
    line has an empty line before it. Log text has one only where it could complete a
    marked line of somebody else.

    As a context manager, it prints the traceback of an exception as log text, and lets
    the exception pass.

    Args:
        stream: Where to print: a text or binary stream. By default, it is what
            ``sys.stdout`` is at the time of each call.
        default: A function that converts values of types that JSON does not have, as
            for `json.dumps`.

    >>> emitter = Emitter()
    >>> emitter.log("adding")
    adding
    """

    def __init__(self, stream: IO[Any] | None = None, *, default: Default | None = None) -> None:
        self._output = Output(stream)
        self._default = default
        self._turns = Turns()
        fresh_log_line("")  # loads the grammar's table, once for all children that are forked later

    def log(self, text: str) -> None:
        """Print a text as log lines. A line that begins like a marked one gets a ``>`` in front.

        Args:
            text: Any text, of any number of lines.

        Raises:
            TypeError: `text` is not a `str`.
            BrokenPipeError: The reader is gone.
            OSError: The text could not be printed.
        """
        data = fresh_log_line(text)
        self._flush()
        self._turns.take(lambda: self._output.write(data))

    def interim_result(self, value: Any) -> None:
        """Print an interim result.

        Args:
            value: A JSON value, as for `interim_result_line`.

        Raises:
            TypeError: A part of `value` has no JSON form. The message names its path.
                Nothing was printed.
            ValueError: A part of `value` has no JSON form, or exceeds the default
                `Limits`. The message names its path. Nothing was printed.
            BrokenPipeError: The reader is gone.
            OSError: It could not be printed.
        """
        data = FRESH_LINE + interim_result_line(value, default=self._default)
        self._flush()
        self._turns.take(lambda: self._output.write(data))

    def result(self, value: Any) -> None:
        """Print the result, on one line.

        Args:
            value: A JSON value, as for `interim_result_line`.

        Raises:
            SecondResultError: A result was printed before, here or in a forked child.
                Nothing was printed.
            TypeError: As for `interim_result`.
            ValueError: As for `interim_result`.
            BrokenPipeError: The reader is gone.
            OSError: It could not be printed. The call can be repeated.
        """
        self._print_result(result_line(value, default=self._default))

    def multiline_result(self, value: Any, indent: int = 2) -> None:
        """Print the result, as a block.

        Args:
            value: A JSON value, as for `interim_result_line`.
            indent: Spaces per level.

        Raises:
            SecondResultError: As for `result`.
            TypeError: As for `interim_result`.
            ValueError: As for `interim_result`.
            BrokenPipeError: The reader is gone.
            OSError: It could not be printed. The call can be repeated.
        """
        self._print_result(multiline_result_block(value, indent, default=self._default))

    def run(self, function: Callable[[], Any]) -> None:
        """Call a function, and print what it returns as the result, or the traceback of its exception.

        If it returns ``None``, no result is printed. A result of more than 16 KiB is printed as a block,
        since engines would cut its line.

        Args:
            function: The job, without arguments.

        Raises:
            Exception: What the function raises, or what `result` raises.

        >>> Emitter().run(lambda: {"sum": 42})
        <BLANKLINE>
        PlanQK:Job:Result: {"sum": 42}
        """
        with self:
            value = function()
            if value is not None:
                self._print_result(result_bytes(value, default=self._default))

    def __enter__(self) -> Self:
        """The emitter itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        """Print the traceback of an exception, which passes. The message of `sys.exit` is printed, too."""
        if isinstance(error, SystemExit):
            text = error.code if isinstance(error.code, str) else ""
        else:
            text = "".join(traceback.format_exception(error)).rstrip("\n") if error else ""
        if text:
            with suppress(OSError, ValueError):  # it must not take the place of the exception
                self.log(text)

    @contextmanager
    def capture_fd(self, number: int = 1) -> Iterator[None]:
        """Print what others write to a file descriptor as log text, as long as the context lasts.

        Native code and child processes write to file descriptor 1. Whatever they
        print is log text then, also where it looks like a result, and so is what `print` prints.
        The methods of the emitter print as before. The order of log text and
        results may change.

        Args:
            number: The descriptor: 1 for standard output, 2 for standard error.

        Raises:
            OSError: The descriptor is not open, or the log text could not be printed.
            ValueError: This emitter captures the descriptor already.

        >>> with Emitter().capture_fd():
        ...     _ = os.write(1, b"PlanQK:Job:Result: 1")
        >PlanQK:Job:Result: 1
        """
        instead = self._output.instead
        if number in instead:
            raise ValueError(f"file descriptor {number} is captured already; leave the other capture first")
        self._flush()
        flush_native()
        saved = os.dup(number)
        # As a turn, so that no other thread is in the middle of a line.
        self._turns.take(lambda: instead.update({number: saved}))
        try:
            with captured(number, saved, self._log_captured):
                try:
                    yield
                finally:
                    self._flush()
        finally:
            self._turns.take(lambda: instead.update({number: number}))
            os.close(saved)
            del instead[number]

    def _flush(self) -> None:
        with without_forks:
            self._output.flush()

    def _log_captured(self, text: str) -> None:
        data = fresh_log_line(text)  # no flush: it could wait for the thread that this is
        self._turns.take(lambda: self._output.write(data))

    def _print_result(self, data: bytes) -> None:
        self._flush()
        self._turns.take(lambda: self._write_result(FRESH_LINE + data))

    def _write_result(self, data: bytes) -> None:
        if self._turns.is_flagged:
            raise SecondResultError(
                "a result was printed before, and only the first one counts; use interim_result() for "
                "others, and return None to run()"
            )
        is_printed = True  # or a part of it, if a signal handler raises
        try:
            self._output.write(data)
        except OSError:
            is_printed = False
            raise
        finally:
            if is_printed:
                self._turns.flag()
