"""``raw``: the container's bytes, without a wrapper."""

from __future__ import annotations

from planqk_protocol.captures.base import Decoder
from planqk_protocol.captures.format import Format
from planqk_protocol.captures.output import Stream

__all__ = ["FORMAT", "RawDecoder"]


class RawDecoder(Decoder):
    """Passes the bytes on as standard output."""

    def _decode(self, data: bytes) -> None:
        self._emit(Stream.STDOUT, data)

    def _end(self) -> None:
        pass


FORMAT = Format(
    id="raw",
    title="the container's own bytes",
    source="docker run IMAGE > FILE; docker logs CONTAINER 2>/dev/null; kubectl logs POD",
    loses="nothing, but stderr may be mixed in",
    decoder=RawDecoder,
)
