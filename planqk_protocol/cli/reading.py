"""The input of a command: files, or the output of a live container or of an execution on PlanQK.

`Files`, `Live` and `LiveExecution` give the chunks to decode and to parse, and show the progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from planqk_protocol.cli.sources import STDIN, label, read, total_size
from planqk_protocol.cli.terminal import Failure, Messages
from planqk_protocol.inputs.compression import Tell, decompressed
from planqk_protocol.inputs.detection import RAW
from planqk_protocol.inputs.input import Input, LiveInput
from planqk_protocol.outcome import JobStatus

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Finding
    from planqk_protocol.engines.container import ContainerOutput
    from planqk_protocol.engines.planqk import ExecutionOutput
    from planqk_protocol.events import FinalResult

__all__ = ["Files", "Live", "LiveExecution", "Reading", "decompress_inputs"]

_NO_RESULT, _GAP = "no-result", "capture-gap"
_AT_THE_PLATFORM = (
    "The log does not hold the result, but the platform does: get it with `curl "
    '"$ENDPOINT/$ID/result"`, and an access token if the service asks for one.'
)
_PRINT_LOG = '`planqk-protocol parse --execution "$ENDPOINT" "$ID"` prints its text'
_IN_LOG = f"Look for the cause in the log: {_PRINT_LOG}."
_PLATFORM_SAYS = "the platform says why"
_AS_SAID = f"Read the message `{_PLATFORM_SAYS}` above."
_AGAIN = (
    "Run the command again later, as the platform may give the whole log then; if it does not, run the "
    "job again."
)
_INTERRUPTED = "Ctrl-C ended the reading only, and not the execution"
_LONG = 16 * 1024 * 1024  # bytes; less is read before a bar could be seen


class _OutputAlone:
    """An input without a platform that could give advice, or a result of its own.

    Attributes:
        exit_code: The exit code of the job; ``None`` if it is not known.
        status: The status that a platform gave the job; ``None`` if there is no platform.
    """

    exit_code: int | None = None
    status: JobStatus | None = None

    def advised(self, finding: Finding) -> Finding:
        """The finding as it is: its advice holds."""
        return finding

    def differs(self, result: FinalResult | None) -> bool:  # noqa: ARG002  # `LiveExecution` looks at it
        """Nothing: there is no other result."""
        return False


class Files(_OutputAlone):
    """Files that are read as one stream.

    Args:
        names: Their paths; ``-`` is standard input.
        capture: The id of their format, or ``auto``.
        messages: Standard error.
    """

    is_live = False
    is_cut_off = False  # a file that ends too early raises `CutOff` while it is read

    def __init__(self, names: tuple[str, ...], capture: str, messages: Messages) -> None:
        self.names = names
        self.capture = capture
        self._messages = messages

    @property
    def is_stored(self) -> bool:
        """Whether all names are regular files, so that reading never waits."""
        return total_size(self.names) is not None

    @property
    def subject(self) -> str:
        """The name of the input in messages."""
        return label(self.names[0]) if len(self.names) == 1 else f"{len(self.names)} files"

    @property
    def paths(self) -> dict[str, str]:
        """The paths of the files, by their names in messages. Standard input has none."""
        return {label(name): name for name in self.names if name != STDIN}

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[Input]]:
        """Open the inputs, and decompress them.

        Args:
            shows_progress: Whether to show a progress bar if reading takes long.
        """
        size = total_size(self.names)
        with _progress(read(self.names), size if shows_progress else None, self._messages) as inputs:
            yield decompress_inputs(inputs, self.capture, self._messages.say)

    def check_exit_code(self) -> None:
        """Do nothing: a file has no exit code that could be unknown."""


class Live(_OutputAlone):
    """The output of a container, as its engine sends it.

    Args:
        subject: The name of the container in messages.
        follow: Begins to read the output.
        messages: Standard error.

    Attributes:
        paths: Empty: output of a container is in no file.
        is_cut_off: Whether output may be missing at its end. It is known once
            the output has been read.
        exit_code: The container's exit code, once the output has been read;
            ``None`` if it is not known.
    """

    is_live = True
    is_stored = False

    def __init__(self, subject: str, follow: Callable[[], ContainerOutput], messages: Messages) -> None:
        self.subject = subject
        self.capture = RAW
        self.is_cut_off = False
        self._follow = follow
        self._messages = messages
        self.paths: dict[str, str] = {}
        self._failure: Failure | None = None

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[LiveInput]]:  # noqa: ARG002  # of unknown size
        """Open the container's output, and say its caveats. It can be opened once.

        Afterwards this waits for the exit code, and closes the connections.
        """
        from planqk_protocol.engines.container import EngineError  # noqa: PLC0415  # heavy

        with _engine_failures(), self._follow() as output:
            self.capture = output.capture
            self._say_caveats(output.caveats)
            yield [LiveInput(self.subject, output)]
            self.is_cut_off = output.is_cut_off
            try:
                self._ask_for_ending(output)
            except EngineError as error:  # `check_exit_code` raises it, after the result was printed
                self._failure = Failure(str(error))

    @property
    def ending(self) -> str:
        """What is known of the job's end beside its output, for messages."""
        return "its exit code is not known" if self.exit_code is None else f"exit code {self.exit_code}"

    def _say_caveats(self, caveats: Iterable[str]) -> None:
        for caveat in caveats:
            self._messages.say(self.subject, caveat)

    def _ask_for_ending(self, output: Any) -> None:
        self.exit_code = output.exit_code()

    def check_exit_code(self) -> None:
        """Check that the engine could tell the exit code.

        Raises:
            Failure: It could not.
        """
        if self._failure:
            raise self._failure


class LiveExecution(Live):
    """The log of an execution on PlanQK, as the platform gives it.

    Args:
        subject: The name of the execution in messages.
        follow: Begins to read the log.
        messages: Standard error.
    """

    def __init__(self, subject: str, follow: Callable[[], ExecutionOutput], messages: Messages) -> None:
        super().__init__(subject, follow, messages)
        self._result: bytes | None = None  # the platform's own
        self._reason: str | None = None
        self._is_asked_in_vain = False  # for the result
        self._is_result_told = False  # that only the platform has it
        self._is_mixing_told = False

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[LiveInput]]:
        """As `Live.opened`. After Ctrl-C, it is said that the execution goes on."""
        try:
            with super().opened(shows_progress=shows_progress) as inputs:
                yield inputs
        except KeyboardInterrupt:
            self._messages.say(self.subject, _INTERRUPTED)
            raise

    @property
    def ending(self) -> str:
        """The platform's status, for messages."""
        return f"the platform {f'says {self.status}' if self.status else 'did not say how it ended'}"

    def _say_caveats(self, caveats: Iterable[str]) -> None:
        """Say the caveats, save for the one about the lines of the log: see `advised`."""
        from planqk_protocol.engines.log_entries import MIXED  # noqa: PLC0415  # not for files

        super()._say_caveats(caveat for caveat in caveats if caveat != MIXED)

    def _ask_for_ending(self, output: Any) -> None:
        from planqk_protocol.engines.container import EngineError, shortened  # noqa: PLC0415  # heavy

        self.status = output.status
        try:
            self._result, self._reason = output.result(), output.reason()
        except EngineError as error:
            self._is_asked_in_vain = self.status is JobStatus.SUCCEEDED
            what = "result cannot be compared" if self._is_asked_in_vain else "reason is not known"
            self._messages.say(self.subject, f"the platform's own {what}: {error}")
        if self._reason:
            self._messages.say(self.subject, f"{_PLATFORM_SAYS}: {shortened(self._reason)}")

    def advised(self, finding: Finding) -> Finding:
        """The finding with advice that can be followed for an execution.

        With the first one that the platform may have caused, its way with the lines is said.
        """
        import msgspec  # noqa: PLC0415  # not for files

        from planqk_protocol.diagnosis import Severity  # noqa: PLC0415  # likewise
        from planqk_protocol.engines.log_entries import MIXED  # noqa: PLC0415  # likewise

        is_violation = finding.place is not None and finding.severity is Severity.ERROR
        is_missing = finding.rule == _NO_RESULT and not self.is_cut_off  # else that is the cause
        if (is_violation or is_missing) and not self._is_mixing_told:
            self._is_mixing_told = True
            self._messages.say(self.subject, MIXED)
        advice = self._advice(finding)
        return msgspec.structs.replace(finding, advice=advice) if advice else finding

    def _advice(self, finding: Finding) -> str | None:
        """The advice in place of that of a finding; ``None`` if that holds."""
        from planqk_protocol.engines.platform_result import has_members  # noqa: PLC0415  # not for files

        if finding.rule == _GAP:
            return _AGAIN
        if finding.rule == _NO_RESULT and has_members(self._result):
            self._is_result_told = True
            return _AT_THE_PLATFORM
        if finding.rule != _NO_RESULT or finding.related:  # which is the place that is to be mended
            return None
        if self._reason:
            return _AS_SAID if self.is_cut_off else f"{_AS_SAID} {_IN_LOG}"
        if self.is_cut_off or f"`{_GAP}`" in finding.message:
            return _AGAIN
        return _IN_LOG if self.status is JobStatus.FAILED else None

    def differs(self, result: FinalResult | None) -> bool:
        """Whether the platform's own result differs from the one in the log, or is not known.

        How it differs is said, unless `advised` has said that only the platform has one.

        Args:
            result: The result in the log, if there is one.
        """
        if self.status is not JobStatus.SUCCEEDED or self._is_asked_in_vain:
            return self._is_asked_in_vain
        from planqk_protocol.engines.platform_result import ABSENT, difference  # noqa: PLC0415  # not for files

        found = difference(result.value if result else ABSENT, self._result)
        if found and not self._is_result_told:
            self._messages.say(self.subject, found, "result-differs")
        return found is not None


Reading = Files | Live


def decompress_inputs(inputs: Iterable[Input], capture: str, tell: Tell) -> Iterator[Input]:
    """Decompress the inputs, unless the user named the format ``raw``."""
    return iter(inputs) if capture == RAW else decompressed(inputs, tell)


@contextmanager
def _progress(inputs: Iterable[Input], size: int | None, messages: Messages) -> Iterator[Iterable[Input]]:
    """Show a progress bar on standard error while inputs are read.

    There is no bar if the inputs are small, if their size is not known, or if
    standard error is not a terminal. Messages appear above the bar, and the bar
    goes away at the end.

    Args:
        inputs: The inputs.
        size: Number of their bytes; ``None`` if it is not known.
        messages: Standard error.

    Yields:
        The same inputs.
    """
    if size is None or size < _LONG or not messages.is_live:
        yield inputs
        return
    from rich import progress  # noqa: PLC0415  # heavy

    columns = (
        progress.TextColumn("reading"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(
        *columns, console=messages.console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=size)

        def counted() -> Iterator[Input]:
            for name, chunks in inputs:
                yield Input(name, _counted(chunks, lambda read: bar.advance(task, read)))
            bar.stop()  # a result may be printed before the inputs are closed

        yield counted()


def _counted(chunks: Iterable[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


@contextmanager
def _engine_failures() -> Iterator[None]:
    from planqk_protocol.engines.container import EngineError  # noqa: PLC0415  # heavy

    try:
        yield
    except EngineError as error:
        raise Failure(str(error)) from None
