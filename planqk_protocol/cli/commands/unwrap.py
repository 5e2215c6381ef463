"""``planqk-protocol unwrap``: print the container's own bytes from a capture."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial

import click

from planqk_protocol.captures import CaptureNotice, Chunk, Decoded, Decoder, StdStream, decoder
from planqk_protocol.captures.sniffing import UTF16_EVIDENCE, UTF16_FAULT, is_utf16
from planqk_protocol.cli import capture_messages
from planqk_protocol.cli.input_doubts import DISORDER
from planqk_protocol.cli.options import capture_option, choose_files, files_argument, only_option
from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.terminal import Messages, SafeOutput, check_output
from planqk_protocol.inputs.detection import (
    AUTO,
    MOST_DETECTED,
    RAW,
    check_container,
    detect_format,
    is_no_record,
    looks_like,
    missing_container_message,
)
from planqk_protocol.inputs.input import CutOff, Input
from planqk_protocol.inputs.rotation import Clock

__all__ = ["unwrap"]

_STREAMS = {
    "stdout": {StdStream.STDOUT},
    "stderr": {StdStream.STDERR},
    "both": {StdStream.STDOUT, StdStream.STDERR},
}


@click.command(cls=Command)
@files_argument
@capture_option
@only_option
@click.option(
    "--stream",
    type=click.Choice(list(_STREAMS)),
    default="stdout",
    help="The stream of the container to print. Both are printed in the order of the capture.",
)
@click.pass_context
def unwrap(ctx: click.Context, files: tuple[str, ...], capture: str, only: str | None, stream: str) -> None:
    """Print the bytes that a container wrote, from the log that its engine captured.

    The command reports on standard error what the capture lost.

    Exit codes:
        0  The bytes are complete and exact.
        1  The capture is damaged: bytes may be missing or altered.
        2  The input cannot be read.

    Examples:
        planqk-protocol unwrap job-json.log > job.log
        planqk-protocol unwrap --stream stderr 0.log
        planqk-protocol unwrap job-json.log.2.gz job-json.log.1.gz job-json.log
    """
    check_output()
    messages = Messages()
    ctx.call_on_close(messages.sum_up)  # also if the command fails
    reading = choose_files(files, capture, messages)
    with reading.opened(shows_progress=not sys.stdout.isatty()) as opened:
        format_id, inputs = capture, opened
        if capture == AUTO:
            format_id, inputs = detect_format(opened, at_once=not reading.is_stored)
        check_container(format_id, only)
        unwrapping = _Unwrapping(decoder(format_id, container=only), _STREAMS[stream], messages)
        unwrapping.run(inputs, is_text=capture == AUTO and format_id == RAW)
    messages.sum_up()
    if capture == AUTO and format_id != RAW and not (unwrapping.is_flawless and unwrapping.has_found):
        messages.say(reading.subject, capture_messages.guess(format_id))
    if capture != AUTO and (
        looks := looks_like(capture, unwrapping.no_records, unwrapping.lines, bytes(unwrapping.head))
    ):
        messages.say(reading.subject, capture_messages.another_format(capture, looks))
    names = unwrapping.containers
    is_there = only is None or only in names
    if only is not None and not is_there:
        messages.say(reading.subject, missing_container_message(names, only))
    ctx.exit(int(not (is_there and unwrapping.is_exact)))


class _Unwrapping:
    """Decodes a capture, and prints its bytes on standard output.

    Args:
        decode: The decoder of the capture.
        wanted: The streams to print.
        messages: Standard error.
    """

    def __init__(self, decode: Decoder, wanted: set[StdStream], messages: Messages) -> None:
        self._decode = decode
        self._wanted = wanted
        self._messages = messages
        self._output = SafeOutput()
        self._names: list[str] = []
        self._clock = Clock()
        self.head = bytearray()
        self.lines = 0
        self.no_records = 0
        self.is_exact = True
        self.is_flawless = True  # on any stream: a wrong format may report the wrong one
        self.has_found = False

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture."""
        return self._decode.containers

    def run(self, inputs: Iterable[Input], *, is_text: bool) -> None:
        """Decode and print all inputs.

        Args:
            inputs: The inputs.
            is_text: Whether their format was detected as ``raw``.
        """
        for name, chunks in inputs:
            if self._names:
                self._take(self._decode.end_of_file())
                self._end_of_file()
            self._names.append(name)
            self._clock.begin_file(name)
            head = b""
            try:
                for chunk in chunks:
                    head += chunk[: UTF16_EVIDENCE - len(head)]
                    self.head += chunk[: MOST_DETECTED - len(self.head)]
                    self._take(self._decode.feed(chunk))
            except CutOff:
                self.is_exact = self.is_flawless = False
            if is_text and is_utf16(head):
                self.is_exact = False
                self._messages.say(name, f"the file {UTF16_FAULT}")
        self._take(self._decode.close())
        self._end_of_file()
        self._output.write(b"", is_end=True)

    def _take(self, output: Decoded) -> None:
        found = [item for item in output if isinstance(item, Chunk) and item.stream in _STREAMS["both"]]
        self.lines += sum(item.data.count(b"\n") for item in found)
        self._clock.take(found)
        parts = [item.data for item in found if item.stream in self._wanted]
        if parts:
            self.has_found = True
            self._output.write(b"".join(parts))
        for item in output:
            if isinstance(item, CaptureNotice):
                self._messages.report(item.kind, partial(self._about, item))
                self.no_records += is_no_record(item)
                self.is_flawless = False
                self.is_exact = self.is_exact and not any(map(item.concerns, self._wanted))

    def _about(self, notice: CaptureNotice) -> tuple[str, str]:
        name = self._names[notice.file]
        return f"{name}: record {notice.record}, byte {notice.offset}", capture_messages.in_options(
            notice.message
        )

    def _end_of_file(self) -> None:
        if disorder := self._clock.end_of_file():
            self.is_exact = False
            self._messages.say(disorder.second, capture_messages.backwards(disorder.first), DISORDER)
