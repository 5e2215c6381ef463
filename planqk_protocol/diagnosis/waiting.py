"""Findings that wait until nothing can change them any more, and none can come before them."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

import msgspec

from planqk_protocol.diagnosis.finding import Finding, Place, Related
from planqk_protocol.diagnosis.line_search import MarkedLine
from planqk_protocol.events import Marker, ViolationCode

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.near_misses import NearMiss

__all__ = ["WaitingFinding", "WaitingFindings"]

_NEAR = 8  # lines between a marked line and its echo
_MOST_IN_BLOCK = 100
_MOST_RELATED = 5
_OPENED = "the block was opened here"
_MEANT_TO_OPEN = "most likely, this line was meant to open the block"
_MEND_OPENING = "Mend the line that was meant to open the block: this one was most likely meant to close it."
_IN_BLOCK = "this line is inside the block, and does not close it"


class WaitingFinding(msgspec.Struct):
    """A finding with a place that has not come out yet.

    Attributes:
        finding: The finding.
        line: Number of its line.
        column: Its column.
        echo: If it is a near miss: what it has in common with the marked line that it may be an echo of.
        block: If it is a near miss in a block: number of the line that opened the block. No line there is
            an echo, as all of them are part of the JSON.
        is_suspect: Whether it may be why there is no result.
        is_dropped: Whether it turned out to be no mistake.
    """

    finding: Finding
    line: int
    column: int
    echo: bytes | None = None
    block: int = 0
    is_suspect: bool = False
    is_dropped: bool = False


class WaitingFindings:
    """Puts findings in the order of their places, and drops near misses that are no mistakes."""

    def __init__(self) -> None:
        self._items: list[WaitingFinding] = []
        self._recent: deque[MarkedLine] = deque(maxlen=_NEAR)
        self._last_miss = 0  # number of the last line with a near miss
        self._possible_echoes: deque[WaitingFinding] = deque(maxlen=_NEAR)  # at most one of each line
        self._in_blocks: dict[
            int, list[WaitingFinding]
        ] = {}  # near misses, by the line that opened the block
        self._fence: WaitingFinding | None = None  # a near miss of a fence, if no second one followed

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, finding: Finding) -> WaitingFinding:
        """Add a finding."""
        item = WaitingFinding(finding, finding.line or 0, finding.column or 0)
        self._items.append(item)
        return item

    def add_near_miss(self, miss: NearMiss, block: int) -> None:
        """Add a near miss, if it is no echo, the first one of its line, and not one too many of its block.

        Args:
            miss: The near miss.
            block: Number of the line that opened the block it stands in, or 0.
        """
        number = miss.finding.line or 0
        if number == self._last_miss:  # of a long line, several parts are looked at
            return
        if block:
            misses = self._in_blocks.setdefault(block, [])
            if len(misses) < _MOST_IN_BLOCK:
                misses.append(self.add(miss.finding))
                misses[-1].block, self._last_miss = block, number
        elif not self._repeats(miss.echo, number):
            item = self.add(miss.finding)
            item.echo, self._last_miss = miss.echo, number
            item.is_suspect = miss.marker is not Marker.INTERIM_RESULT
            if miss.marker is Marker.MULTILINE_RESULT:
                self._fence = None if self._fence else item
            self._possible_echoes.append(item)

    def _repeats(self, echo: bytes, number: int) -> bool:
        """Whether a marked line of the same text stands shortly before a line."""
        from planqk_protocol.diagnosis.echoes import echo_key  # noqa: PLC0415  # most streams have no near miss

        nearest = (marked for marked in self._recent if marked.number >= number - _NEAR)
        return any(echo_key(marked.beginning) == echo for marked in nearest)

    def drop_echoes(self, marked: MarkedLine) -> None:
        """Take a marked line. Near misses shortly before it, and after it, may be its echoes."""
        self._recent.append(marked)
        if self._possible_echoes:
            from planqk_protocol.diagnosis.echoes import echo_key  # noqa: PLC0415  # see `_repeats`

            key, first = echo_key(marked.beginning), marked.number - _NEAR
            for item in self._possible_echoes:
                item.is_dropped |= item.echo == key and item.line >= first

    def relate(self, opening: Place, violation: WaitingFinding | None) -> None:
        """Let the violation of a block and the near misses in it point at each other.

        Args:
            opening: The place of the line that opened the block.
            violation: The finding of the block; ``None`` if the block is valid.
        """
        misses = self._in_blocks.pop(opening.line, [])
        own = violation and (violation.finding.rule, violation.line)
        for item in misses:
            _add_related(item, [Related(_OPENED, opening)])
            # In a valid block it is text in the JSON. And the violation may be about the same marker.
            item.is_dropped = own is None or (item.finding.rule, item.line) == own
        if violation:
            kept = [item for item in misses if not item.is_dropped]
            related = [Related(_OPENED, opening)] if len(kept) < len(misses) else []
            places = [item.finding.place for item in kept[:_MOST_RELATED]]
            _add_related(violation, [*related, *(Related(_IN_BLOCK, place) for place in places if place)])
            if not misses and violation.finding.rule == ViolationCode.UNTERMINATED_BLOCK:
                self._relate_fence(violation)

    def _relate_fence(self, violation: WaitingFinding) -> None:
        """Let the violation of a block that is never closed point at the fence that should have opened it."""
        fence = self._fence and not self._fence.is_dropped and self._fence.finding.place
        if fence:
            violation.finding = msgspec.structs.replace(violation.finding, advice=_MEND_OPENING)
            _add_related(violation, [Related(_MEANT_TO_OPEN, fence)])

    def forget_blocks(self, but: int) -> None:
        """Forget the near misses in all blocks but the one that a line opened: they have come out."""
        self._in_blocks = {number: items for number, items in self._in_blocks.items() if number == but}

    def first_open(self, line: int) -> float:
        """Number of the first line with a near miss that may still be dropped; infinite if there is none.

        Args:
            line: Number of the line that the next byte of the stream belongs to.
        """
        # Another part of a long line must not be found once more, so a near miss waits for its end.
        lines = (
            item.line
            for item in self._items
            if item.echo is not None and item.line + (_NEAR if item.echo else 0) >= line
        )
        return min(lines, default=inf)

    def release(self, before: float = inf) -> list[WaitingFinding]:
        """Take out the findings on lines before a line, in the order of their places."""
        kept = [item for item in self._items if not item.is_dropped]
        kept.sort(key=lambda item: (item.line, item.column))
        count = next((at for at, item in enumerate(kept) if item.line >= before), len(kept))
        self._items = kept[count:]
        return kept[:count]

    def clear(self) -> None:
        """Drop all findings."""
        self._items.clear()


def _add_related(item: WaitingFinding, related: list[Related]) -> None:
    item.finding = msgspec.structs.replace(item.finding, related=(*item.finding.related, *related))
