"""Run the pending executions, a few at a time, and store what comes of them."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from log_entries import Kept, LogEntries, entry
from planqk_protocol import JobStatus, Outcome
from planqk_protocol.descendants import kill_tagged
from planqk_protocol.diagnosis import finding_record
from planqk_protocol.runner import JobInput, Run, rfc3339
from store import Store

LOGGER = logging.getLogger(__name__)
CANCELLED = "it was cancelled"
SHUT_DOWN = "the service was shut down"
LOST = "the service was killed while the job ran, so nobody knows what became of it"
VARIABLE = "SERVICE_API_DATABASE"  # in the environment of all jobs; it tells whose they are


class Jobs:
    """The threads that run executions. Those that an earlier process left pending are run, too.

    Args:
        store: Where the executions are.
        start: Starts the job for an input.
        owner: What no other service has, such as the path of its database.
        concurrency: How many jobs run at the same time.
        log_bytes: How long the log of one execution may be.
    """

    def __init__(
        self, store: Store, start: Callable[[JobInput], Run], *, owner: str, concurrency: int, log_bytes: int
    ) -> None:
        self._store = store
        self._start = start
        self._log_bytes = log_bytes
        self._lock = threading.Lock()
        self._running: dict[str, Run | None] = {}  # without a `Run` until it has started
        self._cancelled: set[str] = set()
        self._is_closing = False
        kill_tagged(f"{VARIABLE}={owner}\0")
        os.environ[VARIABLE] = owner
        store.fail_running(LOST)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="job")
        for execution in store.pending():
            self.submit(execution)

    def submit(self, execution: str) -> None:
        """Run an execution as soon as there is a thread for it."""
        self._threads.submit(self._run, execution)

    def cancel(self, execution: str) -> None:
        """Cancel an execution. If its job runs, it is ended with all that it started. This does not wait."""
        with self._lock:
            self._store.cancel_if_pending(execution, CANCELLED)
            if execution in self._running:
                self._cancelled.add(execution)
                if run := self._running[execution]:
                    run.stop(CANCELLED)

    def close(self) -> None:
        """End all jobs. What is pending stays so, for the next process."""
        with self._lock:
            self._is_closing = True
            for run in filter(None, self._running.values()):
                run.stop(SHUT_DOWN)
        self._threads.shutdown(cancel_futures=True)

    def _run(self, execution: str) -> None:
        with self._lock:
            job_input = None if self._is_closing else self._store.begin(execution)
            if job_input is None:
                return
            self._running[execution] = None
        try:
            with self._start(job_input) as run:
                self._let_stop(execution, run)
                self._follow(execution, run)
            self._store.finish(execution, *_end(run))
        except Exception as error:  # whatever it is: clients wait for ever for an execution that does not end
            LOGGER.exception("execution %s", execution)
            self._say_why(execution, str(error))
            self._store.finish(execution, "FAILED", None, {"detail": str(error), "findings": []})
        finally:
            with self._lock:
                del self._running[execution]
                self._cancelled.discard(execution)

    def _let_stop(self, execution: str, run: Run) -> None:
        """Let others stop a job, and stop it now if they wanted that while it was being started."""
        with self._lock:
            self._running[execution] = run
            if execution in self._cancelled:
                run.stop(CANCELLED)
            elif self._is_closing:
                run.stop(SHUT_DOWN)

    def _follow(self, execution: str, run: Run) -> None:
        log = LogEntries(self._log_bytes)
        for step in filter(None, run.steps()):
            self._store.append(execution, log.of(step))
        self._store.append(execution, log.close(time.time_ns()))
        if run.why_ended or run.outcome.exit_code:
            self._say_why(execution, run.why_ended or f"the job ended with exit code {run.outcome.exit_code}")

    def _say_why(self, execution: str, why: str) -> None:
        """Say at the end of the log how the job ended. So a log that is saved says it, too."""
        self._store.append(execution, Kept([entry(why, "ERROR", rfc3339(time.time_ns()))], [], None))


def _end(run: Run) -> tuple[str, bytes | None, Any]:
    """The status of a job that has ended, its result, and the problem if there is none."""
    outcome = run.outcome
    if run.why_ended == CANCELLED:
        status = "CANCELLED"
    else:  # clients wait for ever at UNKNOWN
        status = "SUCCEEDED" if outcome.status is JobStatus.SUCCEEDED else "FAILED"
    if outcome.result and not outcome.suspect:
        return status, outcome.result.payload.strip(), None
    # Why the job was ended is also why it printed no result.
    found = [finding for finding in run.findings if not (run.why_ended and finding.rule == "no-result")]
    findings = [msgspec.to_builtins(finding_record(finding)) for finding in found]
    return status, None, {"detail": _why_no_result(run, outcome), "findings": findings}


def _why_no_result(run: Run, outcome: Outcome) -> str:
    if run.why_ended:
        return run.why_ended
    if outcome.reason:
        return f"the result is not valid: {outcome.reason.message}"
    if outcome.result:
        return f"the result may be cut short: {outcome.suspect_reason}"
    return f"the job printed no result, and its exit code is {outcome.exit_code}"
