"""A container image of Docker as a job. It needs the extra ``[docker]``.

The container is created, its output is attached to, and then it is started. So none
of its output is missed. Standard output is read as `engines.docker.follow` reads it.
Standard error is attached to: if that connection breaks, the rest of it is not
shown, but nothing depends on it.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from planqk_protocol.captures import CaptureNotice, StdStream, decoder
from planqk_protocol.engines import docker as engine
from planqk_protocol.engines.container import EngineError, shortened
from planqk_protocol.engines.docker_api import NO_ENGINE, Container
from planqk_protocol.errors import missing_extra
from planqk_protocol.excerpts import excerpt
from planqk_protocol.runner.job import INPUT_VARIABLE, UNREAD, Inbox, RunError
from planqk_protocol.runner.lifetime import Lifetime

__all__ = ["ImageJob"]

_INPUT = "/var/input"
_PLACEHOLDER = "{input}"
_OUTPUT_FILES = ("/var/runtime/output/output.json", "/var/runtime/output/output.txt")
_AFTER_KILL = 30.0  # seconds to wait for the end of a container that the engine killed
_PATIENCE = 2.0  # seconds to wait for the rest of standard error after the end of the container


class ImageJob:
    """A container that runs: see `planqk_protocol.runner.job.Job`.

    Args:
        image: The name of the image.
        args: The command of the container.
        folder: The folder of the input; this removes it at the end.
        pull: Whether the image is pulled if the engine does not have it.
        timeout: Seconds until the job is ended; ``None`` for no limit.
        grace: Seconds between SIGTERM and SIGKILL.

    Raises:
        EngineError: The engine does not answer.
        RunError: There is no such image, or it cannot be started.
    """

    def __init__(
        self,
        image: str,
        args: Sequence[str],
        folder: tempfile.TemporaryDirectory[str],
        *,
        pull: bool,
        timeout: float | None,
        grace: float,
    ) -> None:
        self._folder = folder
        self._grace = grace
        self._error: EngineError | None = None
        self._exit_code: int | None = None
        self.inbox = Inbox(2)
        with _failures(image):
            import docker  # noqa: PLC0415  # heavy, and an extra

            self._client: Any = docker.from_env()
        with ExitStack() as undo:
            undo.callback(self._client.close)
            self._container = self._create(image, args, pull=pull)
            undo.callback(self._remove)
            self._errors = Container(None, self._container.id)
            undo.callback(self._errors.close)
            errors = self._errors.request("POST", "attach", stream=1, stderr=1)
            self._output = undo.enter_context(engine.follow(self._container.id))
            self.capture = self._output.capture
            with _failures(image):
                self._container.start()
            self._undo = undo.pop_all()
        self.life = Lifetime()
        _start_thread(self._read_output)
        _start_thread(lambda: self._read_errors(errors))
        self.life.limit(timeout, self.stop)

    @property
    def exit_code(self) -> int | None:
        """The exit code of the container."""
        return self._exit_code

    @property
    def is_cut_off(self) -> bool:
        """Whether output may be missing after the last piece."""
        return self._output.is_cut_off

    def check(self) -> None:
        """Check that the engine gave the output.

        Raises:
            EngineError: It did not.
        """
        if self._error:
            raise self._error

    def wrote_output_file(self) -> bool:
        """Whether it wrote a result to a file, as jobs of another contract do."""
        with suppress(RunError), _failures(self._container.id):
            changed = {change["Path"] for change in self._container.diff() or ()}
            return not changed.isdisjoint(_OUTPUT_FILES)
        return False

    def stop(self, why: str) -> None:
        """Ask it to end, and have the engine kill it after the grace period."""
        if self.life.begin_stop(why):
            _start_thread(self._stop)

    def close(self) -> None:
        """End it if it runs, wait for its end, and remove it."""
        self.inbox.abandon()
        if self.life.begin_stop(UNREAD):
            self._stop()  # not in a thread: at the end of a program, none can be started (CPython 3.12)
        self.life.wait(self._grace + _AFTER_KILL)
        self._undo.close()
        self._folder.cleanup()

    def _create(self, image: str, args: Sequence[str], *, pull: bool) -> Any:
        with _failures(image):
            import docker  # noqa: PLC0415

            if pull:
                try:
                    self._client.images.get(image)
                except docker.errors.ImageNotFound:
                    self._client.images.pull(image)
            return self._client.containers.create(
                image,
                [part.replace(_PLACEHOLDER, _INPUT) for part in args] or None,
                environment={INPUT_VARIABLE: _INPUT},
                mounts=[docker.types.Mount(_INPUT, self._folder.name, type="bind", read_only=True)],
            )

    def _remove(self) -> None:
        with suppress(RunError), _failures(self._container.id):
            self._container.remove(force=True, v=True)

    def _stop(self) -> None:
        with suppress(RunError), _failures(self._container.id):
            self._container.stop(timeout=math.ceil(self._grace))

    def _read_output(self) -> None:
        """Read standard output to its end, and then the exit code."""
        try:
            for item in self._output:
                if not self.inbox.put(StdStream.STDOUT, item):
                    break
            self._exit_code = self._output.exit_code()
        except EngineError as error:
            self._error = error
        self.life.end()
        self.inbox.wait_for_writers(_PATIENCE, but=1)
        self.inbox.finish()

    def _read_errors(self, answer: Any) -> None:
        frames = decoder("docker-mux", stream=StdStream.STDERR)
        with suppress(EngineError):
            for data in self._errors.chunks(answer):
                for item in frames.feed(data):
                    self.inbox.put(StdStream.STDERR, item if isinstance(item, CaptureNotice) else item.data)
        self.inbox.end_writer()


def _start_thread(function: Callable[[], None]) -> None:
    threading.Thread(target=function, daemon=True, name="planqk-protocol").start()


@contextmanager
def _failures(image: str) -> Iterator[None]:
    """Turn the errors of the libraries into `RunError`."""
    try:
        import docker  # noqa: PLC0415  # heavy, and an extra
        from requests import RequestException  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise RunError(missing_extra(error.name, "docker")) from None
    try:
        yield
    except docker.errors.APIError as error:
        raise RunError(f"cannot run {excerpt(image)}: {shortened(error.explanation or str(error))}") from None
    except (docker.errors.DockerException, RequestException, OSError) as error:
        raise RunError(f"cannot run {excerpt(image)}: {shortened(str(error))}; {NO_ENGINE}") from None
