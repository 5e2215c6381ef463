"""The events of a container's output, and what is said of it."""

from __future__ import annotations

from planqk_protocol import Event
from planqk_protocol.captures import CaptureNotice, Source
from planqk_protocol.engines.container import ContainerOutput


def read(output: ContainerOutput) -> tuple[list[Event], list[CaptureNotice]]:
    """The events of an output, and what is said of it."""
    source = Source(output.capture)
    taken = [source.feed(piece) for piece in output]
    taken.append(source.close())
    return [event for item in taken for event in item.events], [n for item in taken for n in item.notices]
