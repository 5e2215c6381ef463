"""What is found of one line, as a near miss."""

from __future__ import annotations

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import NearMiss, near_miss

VALUE = '{"sum": 42}'


def judge(text: str | bytes, *, in_block: bool = False) -> NearMiss | None:
    data = text if isinstance(text, bytes) else text.encode()
    return near_miss(Line(data, 7, 1000), in_block=in_block)


def found(text: str | bytes, *, in_block: bool = False) -> tuple[str, int, int] | None:
    miss = judge(text, in_block=in_block)
    if miss is None:
        return None
    place = miss.finding.place
    assert place is not None
    return miss.finding.rule, place.column, place.length
