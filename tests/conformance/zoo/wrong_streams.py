"""Decoders that are wrong about the first result, the end, the chunks and the limits of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.zoo.plain import FENCE, RESULT, Plain
from tests.conformance.zoo.register import AtTheEnd, breaks


@breaks("latency")
class AnswersAtTheEnd(AtTheEnd):
    """Reads until the end before it answers."""


@breaks("first-wins")
class LastWins(Plain):
    """Reports every result, so that the last one wins."""

    def duplicate(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        self.value(kind, number, raw, payload)


@breaks("first-wins")
class DuplicateIsLog(Plain):
    """Takes a duplicate for log text."""

    def duplicate(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        del kind, number, payload
        self.log(raw)


@breaks("first-wins")
class InvalidLeavesSlot(Plain):
    """Lets only a valid result take the slot."""

    def value(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        super().value(kind, number, raw, payload)
        if kind != "interim_result" and b'"violation"' in self.out[-1]:
            self.is_taken = False


@breaks("first-wins")
class SlotForEachForm(Plain):
    """Keeps a slot for result lines and another for blocks."""

    def __init__(self, limits: Mapping[str, int | None] | None = None) -> None:
        super().__init__(limits)
        self.taken = {"result": False, "multiline_result": False}

    def final(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        self.is_taken = self.taken[kind]
        self.taken[kind] = True
        super().final(kind, number, raw, payload)


@breaks("first-wins")
class FalsyIsNoResult(Plain):
    """Tells by ``if result`` whether there was one."""

    def final(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        super().final(kind, number, raw, payload)
        if payload.strip() in {b"null", b"false", b"0", b"{}", b"[]"}:
            self.is_taken = False


@breaks("interim-anywhere")
class NoInterimAfterResult(Plain):
    """Ignores interim results after the result."""

    def kind(self, line: bytes) -> str:
        kind = super().kind(line)
        return "log" if kind == "interim_result" and self.is_taken else kind


@breaks("eof-line")
class TakesCutResultsForWhole(Plain):
    """Says of log text and violations alone that no LF ends them."""

    def value_ending(self, raw: bytes) -> dict[str, Any]:
        del raw
        return {}


@breaks("eof-line")
class LosesLastLine(Plain):
    """Reports a line once its LF is there, and not without."""

    def close(self) -> list[bytes]:
        self.pending = b""
        return super().close()


@breaks("eof-line")
class LastLineIsLog(Plain):
    """Takes the last line without LF for log text."""

    def close(self) -> list[bytes]:
        if self.pending and self.block is None:
            self.log(self.pending)
            self.pending = b""
        return self.out + super().close()


@breaks("eof-block")
class DropsOpenBlock(Plain):
    """Says nothing of a block that never ends."""

    def open_block(self, raw: bytes) -> None:
        del raw


@breaks("eof-block")
class ClosesOpenBlock(Plain):
    """Closes an open block at the end of the stream."""

    def open_block(self, raw: bytes) -> None:
        self.final("multiline_result", self.first, raw, raw.partition(b"\n")[2])


@breaks("eof-block")
class OpenBlockIsLog(Plain):
    """Gives the lines of an open block back as log text."""

    def open_block(self, raw: bytes) -> None:
        self.number = self.first
        for line in raw.split(b"\n"):
            self.log(line + b"\n")
            self.number += 1


@breaks("chunking")
class ChunkIsLine(Plain):
    """Takes what one read gives for whole lines."""

    def feed(self, data: bytes) -> list[bytes]:
        out = super().feed(data)
        if self.pending:
            self.line(self.pending)
            self.pending = b""
        return out + self.take_out()


@breaks("chunking")
class DecodesChunks(Plain):
    """Decodes each chunk by itself."""

    def feed(self, data: bytes) -> list[bytes]:
        return super().feed(data.decode(errors="replace").encode())


@breaks("chunking")
class FenceByFirstLook(Plain):
    """Takes a line for a fence as soon as it looks like one."""

    seen = False

    def unfinished(self, line: bytes) -> None:
        super().unfinished(line)
        self.seen = self.seen or line == FENCE

    def line(self, line: bytes) -> None:
        super().line(FENCE + b"\n" if self.seen else line)
        self.seen = False


@breaks("latency")
class OneLineLate(Plain):
    """Reports a line when the next one comes."""

    late: tuple[bytes, ...] = ()

    def feed(self, data: bytes) -> list[bytes]:
        out = [*self.late, *super().feed(data)]
        self.late = tuple(out[-1:])
        return out[:-1]

    def close(self) -> list[bytes]:
        return [*self.late, *super().close()]


@breaks("lossless")
class DropsEmptyLines(Plain):
    """Skips empty lines."""

    def log(self, line: bytes) -> None:
        if line.strip():
            super().log(line)


@breaks("lossless")
class StopsAtResult(Plain):
    """Stops reading at the result."""

    def line(self, line: bytes) -> None:
        if not self.is_taken:
            super().line(line)


@breaks("total")
class FailsOnInvalidText(Plain):
    """Decodes strictly, and fails."""

    def text(self, content: bytes) -> dict[str, Any]:
        return {"text": content.decode()}


@breaks("total")
class StopsAtNul(AtTheEnd):
    """Keeps lines in strings that end at NUL."""

    def text(self, content: bytes) -> dict[str, Any]:
        return super().text(content.split(b"\0")[0])


@breaks("limit-line")
class CutsAt64KiB(Plain):
    """Reads lines of 64 KiB at most, whatever the limit."""

    def __init__(self, limits: Mapping[str, int | None] | None = None) -> None:
        super().__init__({**(limits or {}), "max_line": 65536})


@breaks("limit-line")
class TruncatesLines(Plain):
    """Cuts an over-long line off."""

    def log(self, line: bytes) -> None:
        if not self.sent:
            self.emit("log", self.number, self.content(line[: int(min(self.limits["max_line"], len(line)))]))

    def pieces(self, line: bytes, keep: int = 0) -> None:
        del line, keep


@breaks("limit-payload")
class NoPayloadLimit(Plain):
    """Knows no limit for payloads."""

    def is_oversized(self, size: int) -> bool:
        del size
        return False


@breaks("limit-payload")
class CountsPayloadAlone(Plain):
    """Measures the payload without its marker."""

    def is_oversized(self, size: int) -> bool:
        return super().is_oversized(size - len(RESULT))


@breaks("limit-payload")
class JudgesTheWholeFence(Plain):
    """Judges a line that begins like a fence at its end, however long it is."""

    def judged(self, line: bytes) -> bytes:
        return line


@breaks("limit-payload")
class JudgesMaxPayload(Plain):
    """Judges a long fence by its first max_payload bytes, and not by one more."""

    def judged(self, line: bytes) -> bytes:
        return line[: int(min(len(line), max(self.limits["max_payload"], 52)))]


@breaks("limit-payload")
class JudgesTooFewBytes(Plain):
    """Judges a long fence by fewer than 52 bytes."""

    def judged(self, line: bytes) -> bytes:
        return line[: int(min(len(line), max(self.limits["max_payload"] + 1, 51)))]


@breaks("limit-payload")
class JudgesClosingFencesAtTheirEnd(Plain):
    """Judges a long closing fence at its end."""

    def closes(self, line: bytes) -> bool:
        return line.startswith(FENCE) and not line[len(FENCE) :].strip(b" \t\r\n")


@breaks("limit-payload")
class MissesTheFenceThatIsCut(Plain):
    """Does not see the closing fence if the cut goes through its bytes."""

    is_missed = False

    def cut_block(self, line: bytes) -> None:
        super().cut_block(line)
        self.is_missed = line[self.sent : self.sent + 1] != b"\n"

    def line(self, line: bytes) -> None:
        super().line(line)
        self.is_beyond = self.is_beyond or self.is_missed
        self.is_missed = False
