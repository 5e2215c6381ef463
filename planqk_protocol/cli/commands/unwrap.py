"""``planqk-protocol unwrap``: the container's own bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import rich_click as click

from planqk_protocol.captures import CaptureNotice, Chunk, Decoder, Output, Stream, decoder
from planqk_protocol.cli.capture import RAW, settled, who_is_there
from planqk_protocol.cli.commands.files import capture_option, chosen_files, files_argument, only_option
from planqk_protocol.cli.hints import guess
from planqk_protocol.cli.notes import Notes
from planqk_protocol.cli.output import check_output, write
from planqk_protocol.cli.sources import CutOff, Input

__all__ = ["unwrap"]

_STREAMS = {"stdout": {Stream.STDOUT}, "stderr": {Stream.STDERR}, "both": {Stream.STDOUT, Stream.STDERR}}


@click.command()
@files_argument
@capture_option
@only_option
@click.option(
    "--stream",
    type=click.Choice(list(_STREAMS)),
    default="stdout",
    help="Which of the container's streams to print; both come in the order of the capture.",
)
@click.pass_context
def unwrap(ctx: click.Context, files: tuple[str, ...], capture: str, only: str | None, stream: str) -> None:
    """Print the container's own bytes, out of what an engine made of them.

    Exit code: 0 if these are all of them, exactly; 1 if the capture is damaged,
    so that bytes may be missing or altered; 2 if a file cannot be read. What
    the capture lost is said on standard error.

    \b
    Examples:
      planqk-protocol unwrap job-json.log > job.log
      planqk-protocol unwrap --stream stderr 0.log
      planqk-protocol unwrap job-json.log.2.gz job-json.log.1.gz job-json.log
    """  # noqa: D301  # \b keeps click from wrapping
    check_output()
    notes = Notes()
    reading = chosen_files(files, capture, notes)
    unwrapping = _Unwrapping(_STREAMS[stream], notes)
    with reading.opened(shows_progress=not sys.stdout.isatty()) as inputs:
        format_id, told = settled(inputs, capture, container=only, at_once=not reading.is_stored)
        decode = decoder(format_id, container=only)
        unwrapping.run(decode, told)
    if format_id not in {RAW, capture} and not unwrapping.is_exact:
        notes.say(reading.subject, guess(format_id))
    is_there = only is None or only in decode.containers
    if only is not None and not is_there:
        notes.say(reading.subject, who_is_there(decode.containers, only))
    ctx.exit(int(not (is_there and unwrapping.is_exact)))


class _Unwrapping:
    """The way from a capture to bytes on standard output.

    Args:
        wanted: The streams to print.
        notes: Where to say what the capture lost.
    """

    def __init__(self, wanted: set[Stream], notes: Notes) -> None:
        self._wanted = wanted
        self._notes = notes
        self._names: list[str] = []
        self.is_exact = True

    def run(self, decode: Decoder, inputs: Iterable[Input]) -> None:
        """Take all inputs, each to its end."""
        for name, chunks in inputs:
            if self._names:
                self._take(decode.end_of_file())
            self._names.append(name)
            try:
                for chunk in chunks:
                    self._take(decode.feed(chunk))
            except CutOff:
                self.is_exact = False
        self._take(decode.close())

    def _take(self, output: Output) -> None:
        parts = [item.data for item in output if isinstance(item, Chunk) and item.stream in self._wanted]
        if parts:
            write(b"".join(parts))
        for item in output:
            if isinstance(item, CaptureNotice):
                origin = f"{self._names[item.file]}: record {item.record}, byte {item.offset}"
                self._notes.say(origin, item.message, item.kind)
                self.is_exact = self.is_exact and not any(map(item.concerns, self._wanted))
