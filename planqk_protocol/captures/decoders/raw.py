"""``raw``: the container's bytes, without a wrapper."""

from __future__ import annotations

from planqk_protocol.captures.chunks import StdStream
from planqk_protocol.captures.decoding import CatalogueEntry, Decoder

__all__ = ["FORMAT", "RawDecoder"]


class RawDecoder(Decoder):
    """Passes the bytes on as standard output."""

    def _decode(self, data: bytes) -> None:
        self._emit(StdStream.STDOUT, data)

    def _end(self) -> None:
        pass


FORMAT = CatalogueEntry(
    id="raw",
    title="the container's own bytes",
    source="docker run IMAGE > FILE; docker logs CONTAINER 2>/dev/null; kubectl logs POD",
    loses="nothing, but stderr may be mixed in",
    decoder=RawDecoder,
)
