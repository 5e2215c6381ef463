"""The register of wrong decoders: each has one mistake that decoders make in real life, and breaks a rule."""

from __future__ import annotations

from typing import Any

from tests.conformance.zoo.plain import Plain

BROKEN_RULE: dict[type[Plain], str] = {}
"""The rule that each wrong decoder breaks."""

NOTICED_BY: dict[type[Plain], str] = {}
"""The vector that notices a near miss, or how the ids of several begin."""


def breaks(rule: str) -> Any:
    def register(decoder: type[Plain]) -> type[Plain]:
        BROKEN_RULE[decoder] = rule
        return decoder

    return register


def noticed_by(id_: str) -> Any:
    def register(decoder: type[Plain]) -> type[Plain]:
        NOTICED_BY[decoder] = id_
        BROKEN_RULE[decoder] = id_.partition("/")[0]
        return decoder

    return register


class AtTheEnd(Plain):
    """Collects the stream, and works at its end."""

    def feed(self, data: bytes) -> list[bytes]:
        self.pending += data
        return []

    def close(self) -> list[bytes]:
        data, self.pending = self.pending, b""
        out = super().feed(self.prepare(data))
        return out + super().close()

    def prepare(self, data: bytes) -> bytes:
        return data
