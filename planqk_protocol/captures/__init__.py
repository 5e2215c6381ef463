r"""Captured logs: from what an engine stored or sent to the bytes that a container printed.

A decoder takes the bytes of a capture, and gives chunks of the container's
streams, and notices of what the capture lost. It does no I/O.

>>> from planqk_protocol import captures
>>> decoder = captures.decoder("docker-json-file")
>>> decoder.feed(b'{"log":"PlanQK:Job:Result: 42\\n","stream":"stdout","time":"2024-05-01T10:00:00Z"}\n')
[Chunk(stdout, b'PlanQK:Job:Result: 42\n')]

A `Source` decodes a capture, too, and parses the standard output in it into events.
"""

from planqk_protocol.captures.captured import Captured
from planqk_protocol.captures.catalogue import decoder, detect, formats
from planqk_protocol.captures.chunks import CaptureNotice, Chunk, Decoded, NoticeKind, StdStream
from planqk_protocol.captures.decoding import Decoder, Format
from planqk_protocol.captures.source import Source
from planqk_protocol.errors import DecoderClosedError

__all__ = [
    "CaptureNotice",
    "Captured",
    "Chunk",
    "Decoded",
    "Decoder",
    "DecoderClosedError",
    "Format",
    "NoticeKind",
    "Source",
    "StdStream",
    "decoder",
    "detect",
    "formats",
]
