"""``raw``: the container's own bytes, without a wrapper.

``docker run``, ``docker logs`` and ``kubectl logs`` print a container's output as it is.
Docker's API sends it as it is if the container has a terminal (Docker Engine API
reference, "Attach to a container": with a TTY, the stream is not multiplexed).
"""

from __future__ import annotations

from planqk_protocol.captures.chunks import StdStream
from planqk_protocol.captures.decoding import CatalogueEntry, Decoder

__all__ = ["FORMAT", "RawDecoder"]


class RawDecoder(Decoder):
    """Gives all bytes as standard output."""

    def _decode(self, data: bytes) -> None:
        self._emit(StdStream.STDOUT, data)

    def _end(self) -> None:
        pass


FORMAT = CatalogueEntry(
    id="raw",
    title="the container's own bytes",
    source="docker run IMAGE > FILE; docker logs CONTAINER 2>/dev/null; kubectl logs POD",
    loses="nothing, but standard error may be mixed in",
    decoder=RawDecoder,
)
