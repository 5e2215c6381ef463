"""The catalogue of capture formats: list them, make a decoder, detect the format of a capture.

The formats stand in `decoders.MODULES`. To add one, write a module with its decoder and
its `CatalogueEntry`, and name the module there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType

from planqk_protocol.buffer import as_bytes
from planqk_protocol.captures.chunks import StdStream
from planqk_protocol.captures.decoders import MODULES, after_blanks
from planqk_protocol.captures.decoding import CatalogueEntry, Decoder, Format
from planqk_protocol.excerpts import excerpt

__all__ = ["decoder", "detect", "formats", "is_line_format"]

_STREAM_CHOICE = "choose StdStream.STDOUT, StdStream.STDERR, or None for both"


class _Formats(Mapping[str, CatalogueEntry]):
    """The formats by id. A format is imported when it is asked for."""

    def __getitem__(self, format_id: str) -> CatalogueEntry:
        return MODULES[format_id].load()

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


_FORMATS = _Formats()


def formats() -> Mapping[str, Format]:
    """All formats by id: first ``raw``, then the others in the order in which `detect` tries them.

    >>> "docker-json-file" in formats()
    True
    """
    return _FORMATS


def decoder(format_id: str, *, container: str | None = None, stream: StdStream | None = None) -> Decoder:
    r"""Make a decoder for a format.

    Args:
        format_id: The id of the format, one of `formats`.
        container: Which container to read, where a capture holds several; by
            default the first one in it.
        stream: The only stream to give, standard output or standard error; by
            default all streams are given.

    Raises:
        TypeError: An argument is not what its annotation says.
        ValueError: There is no such format, a capture of it holds only one
            container, or the stream is neither standard output nor standard error.

    >>> decoder("cri").feed(b"2024-05-01T10:00:00Z stdout F starting\n")
    [Chunk(stdout, b'starting\n')]
    """
    _check("format_id", format_id, str, "give the id of a format")
    _check("container", container, str | None, "give the name of a container, or None for the first one")
    _check("stream", stream, StdStream | None, _STREAM_CHOICE)
    if not (found := _FORMATS.get(format_id)):
        raise ValueError(
            f"there is no capture format {excerpt(format_id)}; choose one of {', '.join(formats())}"
        )
    if container is not None and not found.containers:
        raise ValueError(
            f"container is {excerpt(container)}, but a capture in the format {format_id} holds only one"
        )
    if stream is StdStream.UNKNOWN:
        raise ValueError(f"stream is {stream.value}: {_STREAM_CHOICE}")
    return found.decoder(container, stream)


@cache
def is_line_format(format_id: str) -> bool:
    """Whether a capture in a format is text in which no line begins with a marker of the protocol.

    So a line that begins with one shows that the capture is not in this format.

    Args:
        format_id: The id of the format, one of `formats`.

    >>> is_line_format("cri"), is_line_format("docker-mux"), is_line_format("raw")
    (True, False, False)
    """
    return decoder(format_id).has_lines


def _check(name: str, value: object, kind: type | UnionType, choice: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {excerpt(str(value))} ({type(value).__name__}): {choice}")


def detect(head: bytes | bytearray | memoryview) -> str:
    """Guess the format of a capture by its first bytes, and return its id; ``raw`` if no format fits.

    A job may itself print what looks like a capture. If you know the format,
    name it instead.

    Args:
        head: The first bytes of the capture. At most 64 KiB are examined, counted
            after leading NULs and blank lines. For most formats, the first line
            is enough. For lines with a prefix (``docker-logs-*``, ``kubectl-logs``,
            ``compose-logs``), every line is examined.

    Raises:
        TypeError: `head` is not bytes.

    >>> detect(b"2024-05-01T10:00:00.1Z stdout F starting")
    'cri'
    """
    if type(head) is not bytes:
        head = as_bytes(head, name="head", advice="open the file in binary mode")
    text = after_blanks(head)
    for format_id, module in MODULES.items():
        if module.may_begin(head, text) and _FORMATS[format_id].sniff(head):
            return format_id
    return "raw"
