"""What a format is: its decoder, and what people need to know of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from planqk_protocol.captures.base import Decoder

__all__ = ["Format"]


def _never(_head: bytes) -> bool:
    return False


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A format of captures.

    Attributes:
        id: Its name on the command line and in `planqk_protocol.captures.decoder`.
        title: What it is.
        source: How to obtain a capture in this format.
        loses: What such a capture does not hold.
        containers: What names a container in it, where it can hold several.
        decoder: Its decoder, called with the container and the stream to read, if only one.
        sniff: Whether the first bytes of a capture look like it.
        rank: Formats of lower rank are tried first when a capture is sniffed:
            those whose first bytes cannot be anything else.
    """

    id: str
    title: str
    source: str
    loses: str
    containers: str = ""
    decoder: Callable[..., Decoder]
    sniff: Callable[[bytes], bool] = _never
    rank: int = 0
