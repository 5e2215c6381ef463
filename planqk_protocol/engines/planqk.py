"""Follow executions of services on PlanQK, through its Service API. Needs the extra ``[planqk]``.

The API gives no stream. Each answer about the log repeats the whole of it, so status and
log are asked for again and again, and `log_entries` finds out which entries are new. The
pauses grow while nothing happens, and after a large answer: the client spends some 20 µs
on each entry.

The status is asked for before the log. So the log that is read after a final status holds
all that the platform had then. But logs may take seconds to arrive, so the log is read again
until it has brought nothing new several times in a row (`last_reads`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines.blocking import in_loop, in_thread
from planqk_protocol.engines.container import ContainerOutput, EngineError, OutputItem
from planqk_protocol.engines.last_reads import LastReads
from planqk_protocol.engines.log_entries import MIXED, LogEntries, News, NotALogError
from planqk_protocol.engines.platform_result import ABSENT, difference
from planqk_protocol.engines.retries import BrokenError, Retries
from planqk_protocol.engines.service_api import GoneError, ServiceApi
from planqk_protocol.events import FinalResult
from planqk_protocol.excerpts import excerpt
from planqk_protocol.outcome import JobStatus

__all__ = ["ExecutionOutput", "afollow", "follow"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between polls; each is twice the one before
_REST = 4  # a pause lasts at least so many times as long as the answer took
_LONGEST_REST = 60.0  # seconds
_FEW_TRIES = 4  # of the requests after the log: four seconds
_LONGEST_WAIT = 600.0  # seconds for the answers to one request, without the pauses: two that come too late
_ENTRIES = 1000  # entries in one chunk
_FINAL = {status.value: status for status in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)}
_RUNNING = "RUNNING"
_SAID = {
    "PENDING": "it is PENDING; waiting for its start",
    "UNKNOWN": "the platform does not know its status (UNKNOWN); waiting until it does",
    _RUNNING: "it is RUNNING; its log is read until it ends",
}
_DELETED = "the platform no longer has the execution; what it printed since may be missing"
_NO_LOG = "the platform has no log of the execution (404); what the job printed is missing"
_LOG_GONE = "the platform no longer has the log of the execution (404); later entries may be missing"
_BEHIND = "the platform's log lacks entries that it gave before; later ones may be missing"

Tell = Callable[[str], None]
_T = TypeVar("_T")


def follow(
    endpoint: str,
    execution_id: str,
    *,
    client: Any = None,
    wait_timeout: float | None = None,
    tell: Tell = lambda _message: None,
) -> ExecutionOutput:
    """Follow the log of an execution of a service on PlanQK, until its status is final.

    Each log entry is given once, as a line of the format ``planqk-log``. A notice of kind
    ``gap`` stands where entries may be missing, or where the platform changed their
    order. Requests are made again if the platform does not answer them, for some minutes.

    The access keys come from the variables ``PLANQK_ACCESS_KEY_ID`` and
    ``PLANQK_SECRET_ACCESS_KEY`` of the environment. ``PLANQK_TOKEN_ENDPOINT`` names the
    address that gives tokens for them, if it is not the client's own. Without keys, no
    token is sent that means anything, as for a server on one's own machine.

    Args:
        endpoint: The service's address, such as
            ``https://gateway.hub.kipu-quantum.com/CONTEXT/SERVICE/VERSION``.
        execution_id: The id of the execution.
        client: A ``qhub.service.client.HubServiceClient``, which has an endpoint and
            keys of its own. Then `endpoint` and the environment are not used.
        wait_timeout: Seconds to wait while the status is neither ``RUNNING`` nor
            final; by default, for ever.
        tell: Called with messages for people: what the call waits for, and what
            went wrong with a request that is made again.

    Raises:
        EngineError: The library is missing, the platform does not answer or refuses, or
            there is no such execution. The iteration raises it, too.
    """
    return _ExecutionReader(tell).open(endpoint, execution_id, client, wait_timeout)


async def afollow(
    endpoint: str,
    execution_id: str,
    *,
    client: Any = None,
    wait_timeout: float | None = None,
    tell: Tell = lambda _message: None,
) -> ExecutionOutput:
    """`follow` for asyncio: waits without blocking, in a thread of its own.

    The output is an asynchronous iterator too. Cancellation closes it.

    Args:
        endpoint: As in `follow`.
        execution_id: As in `follow`.
        client: As in `follow`.
        wait_timeout: As in `follow`.
        tell: As in `follow`. It is called in the event loop.

    Raises:
        EngineError: As `follow`.
    """
    reader = _ExecutionReader(in_loop(tell))
    return await in_thread(
        lambda: reader.open(endpoint, execution_id, client, wait_timeout),
        abort=reader.close,
        discard=ExecutionOutput.close,
    )


class ExecutionOutput(ContainerOutput):
    """The log of an execution, from its beginning until its status is final.

    It is used as `planqk_protocol.engines.ContainerOutput` is. Its chunks are lines of the
    format ``planqk-log``. A platform tells no exit code, so ``exit_code()`` is ``None``,
    and `status` takes its place.
    """

    def __init__(self, reader: _ExecutionReader, caveats: list[str]) -> None:
        super().__init__(reader, capture="planqk-log", caveats=caveats)
        self._execution = reader

    @property
    def status(self) -> JobStatus | None:
        """The final status, which `collect` takes; ``None`` if it is not known.

        It is valid once the iteration has ended.
        """
        return self._execution.status

    def result(self) -> bytes | None:
        """Ask for the platform's own result of a job that succeeded: a JSON text; ``None`` if there is none.

        Raises:
            EngineError: The platform does not answer.
        """
        return self._execution.result()

    def reason(self) -> str | None:
        """Ask why a job failed or was cancelled, in the platform's words; ``None`` if it does not say.

        The words may hold control characters.

        Raises:
            EngineError: The platform does not answer.
        """
        return self._execution.reason()

    def difference(self, result: FinalResult | None) -> str | None:
        """How the platform's own result differs from the result in the log; ``None`` if it does not.

        Only the results of jobs that succeeded can be compared, and only if they are objects.

        Args:
            result: The result in the log, if there is one.

        Raises:
            EngineError: The platform does not answer.
        """
        if self.status is not JobStatus.SUCCEEDED:
            return None
        return difference(result.value if result else ABSENT, self.result())


class _ClosedError(EngineError):
    """Another thread has closed the reader."""


class _ExecutionReader:
    """Reads one execution: see `planqk_protocol.engines.container.Reader`."""

    def __init__(self, tell: Tell) -> None:
        self.is_cut_off = False
        self.status: JobStatus | None = None
        self._tell = tell
        self._told = ""  # the latest message
        self._closed = threading.Event()
        self._api: Any = None
        self._retries: Any = None
        self._entries = LogEntries()
        self._has_log = False  # whether the platform has ever given one
        self._is_log_gone = False  # whether the latest answer was that there is none
        self._word = ""  # the status, in the words of the API
        self._wait_timeout: float | None = None
        self._waiting_since: float | None = None  # since when the execution neither runs nor is over
        self._answer_time = 0.0  # seconds that the latest log took to come
        self._given = self._size = 0  # entries that were given, and their bytes

    def open(
        self, endpoint: str, execution_id: str, client: Any, wait_timeout: float | None
    ) -> ExecutionOutput:
        """Ask for the status, so that what is wrong with the arguments shows at once."""
        self._wait_timeout = wait_timeout
        try:
            self._api = ServiceApi(endpoint, execution_id, client)
            self._retries = Retries(
                sleep=self._sleep, renew_token=self._api.renew_token, tell=self._tell_once
            )
            self._update_status()
        except BaseException:
            self.close()
            raise
        return ExecutionOutput(self, [*self._api.caveats, MIXED])

    def items(self) -> Iterator[OutputItem]:
        """Yield the log entries as they come, each as a line, until there can be no more."""
        polls = 0  # in a row, without anything new
        last_reads = LastReads()
        with suppress(_ClosedError):
            while True:
                is_final = self.status is not None
                news = self._read_log()
                yield from self._items_of(news)
                polls = 0 if news.entries else polls + 1
                if is_final:
                    last_reads.note(news, self._entries, is_gone=self._is_log_gone)
                    if last_reads.are_enough or last_reads.fault:
                        break
                self._pause(polls)
                try:
                    polls = 0 if not is_final and self._update_status() else polls
                except GoneError:
                    yield self._cut_off(_DELETED)
                    return
            yield from self._end(last_reads)

    def exit_code(self) -> None:
        """A platform tells none."""

    def result(self) -> bytes | None:
        """Ask for the result of a job that succeeded."""
        if self.status is not JobStatus.SUCCEEDED:
            return None
        answer: bytes | None = self._ask(self._api.result, _FEW_TRIES)
        return answer

    def reason(self) -> str | None:
        """Ask why a job did not succeed."""
        if self.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            return None
        answer: str | None = self._ask(self._api.reason, _FEW_TRIES)
        return answer

    def close(self) -> None:
        """Close all connections, and so end what another thread waits for."""
        self._closed.set()
        if self._api:
            self._api.close()

    def _ask(self, request: Callable[[], _T], most: int | None = None) -> _T:
        """Make a request until it is answered, but not for hours, nor more often than `most` times.

        A request may be answered too late each time, which takes minutes.
        """
        tries, waited = 0, 0.0

        def ask() -> _T:
            nonlocal tries, waited
            tries += 1
            began = time.monotonic()
            try:
                return request()
            except BrokenError as error:
                waited += time.monotonic() - began
                if tries != most and waited < _LONGEST_WAIT:
                    raise
                raise EngineError(f"{error}; gave up after {tries} tries, so run it again later") from None

        answer: _T = self._retries.until_answered(ask)
        return answer

    def _read_log(self) -> News:
        return self._ask(self._ask_for_log)

    def _ask_for_log(self) -> News:
        try:
            answer = self._api.log()
            self._answer_time = self._api.answer_time
            news = self._entries.new(answer)
        except GoneError:  # a platform may have no log before the start
            self._is_log_gone = True
            return News([])
        except NotALogError as error:
            raise BrokenError(f"cannot read the log of {self._api}: {error}") from None
        self._has_log, self._is_log_gone = True, False
        return news

    def _items_of(self, news: News) -> Iterator[OutputItem]:
        if news.doubt:
            yield self._notice(news.doubt)
        for start in range(0, len(news.entries), _ENTRIES):
            part = news.entries[start : start + _ENTRIES]
            chunk = b"".join(entry + b"\n" for entry in part)
            self._given += len(part)
            self._size += len(chunk)
            yield chunk

    def _end(self, last_reads: LastReads) -> Iterator[OutputItem]:
        if last_reads.fault:
            yield self._cut_off(last_reads.fault)
        elif not self._has_log:
            yield self._cut_off(_NO_LOG)
        elif self._is_log_gone:
            yield self._cut_off(_LOG_GONE)
        elif self._entries.is_behind and not last_reads.had_whole:
            yield self._cut_off(_BEHIND)

    def _cut_off(self, message: str) -> CaptureNotice:
        self.is_cut_off = True
        return self._notice(message)

    def _notice(self, message: str) -> CaptureNotice:
        return CaptureNotice(NoticeKind.GAP, self._given + 1, self._size, message)

    def _update_status(self) -> bool:
        """Ask for the status, until there is an answer. Whether it has changed.

        Raises:
            EngineError: The execution has neither run nor ended for too long.
        """
        before, self._word = self._word, self._ask(self._api.status)
        word, self.status = self._word, _FINAL.get(self._word)
        if self.status is None:
            unknown = f"its status is {excerpt(word)}, which the API does not have; waiting"
            self._tell_once(_SAID.get(word, unknown))
        if self.status is not None or word == _RUNNING:
            self._waiting_since = None
            return word != before
        now, limit = time.monotonic(), self._wait_timeout
        self._waiting_since = now if self._waiting_since is None else self._waiting_since
        if limit is not None and now - self._waiting_since >= limit:
            raise EngineError(
                f"{self._api} has neither run nor ended for {limit:g} s: its status is {excerpt(word)}"
            )
        return word != before

    def _pause(self, polls: int) -> None:
        pause = min(_FIRST_PAUSE * 2 ** max(0, min(polls, 16) - 1), _LONGEST_PAUSE)
        self._sleep(max(pause, min(_REST * self._answer_time, _LONGEST_REST)))

    def _sleep(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError(f"reading {self._api} was ended")

    def _tell_once(self, message: str) -> None:
        """Tell a message, unless it is the one that was told last."""
        if message != self._told:
            self._tell(message)
            self._told = message
