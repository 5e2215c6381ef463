"""Wrong decoders, each with one mistake that decoders make in real life, and the rule it breaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.conformance.zoo.plain import FENCE, INTERIM, RESULT, Plain, RefusedError

BROKEN_RULE: dict[type[Plain], str] = {}


def breaks(rule: str) -> Any:
    def note(decoder: type[Plain]) -> type[Plain]:
        BROKEN_RULE[decoder] = rule
        return decoder

    return note


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


@breaks("latency")
class AnswersAtTheEnd(AtTheEnd):
    """Reads until the end before it answers."""


@breaks("line-lf")
class SplitsLines(AtTheEnd):
    """Splits with ``str.splitlines``."""

    def lines(self, data: bytes) -> list[bytes]:
        text = data.decode(errors="surrogateescape")
        lines = [line.encode(errors="surrogateescape") for line in text.splitlines(keepends=True)]
        return lines if lines and not lines[-1].endswith(b"\n") else [*lines, b""]


@breaks("line-lf")
class UniversalNewlines(AtTheEnd):
    """Opens standard input as text, whose newlines are universal."""

    def prepare(self, data: bytes) -> bytes:
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@breaks("line-crlf")
class KeepsCr(Plain):
    """Takes the CR before the LF for text."""

    def without_end(self, raw: bytes) -> bytes:
        return raw.removesuffix(b"\n")


@breaks("line-crlf")
class StripsAllCrs(Plain):
    """Takes all CRs before the LF for its terminator."""

    def without_end(self, raw: bytes) -> bytes:
        return raw.rstrip(b"\r\n")


@breaks("marker-column")
class StripsFirst(Plain):
    """Strips a line before it looks for a marker."""

    def kind(self, line: bytes) -> str:
        return super().kind(line.lstrip())

    def marked(self, kind: str, line: bytes) -> None:
        super().marked(kind, line.lstrip())


@breaks("marker-column")
class MarkerAnywhere(Plain):
    """Looks for a marker anywhere in a line."""

    def kind(self, line: bytes) -> str:
        return "result" if RESULT in line else super().kind(line)

    def marked(self, kind: str, line: bytes) -> None:
        super().marked(kind, line[max(0, line.find(RESULT)) :])


@breaks("marker-column")
class IgnoresCase(Plain):
    """Compares markers without regard to case."""

    def kind(self, line: bytes) -> str:
        return "result" if line.lower().startswith(RESULT.lower()) else super().kind(line)


@breaks("marker-column")
class DropsByteOrderMark(AtTheEnd):
    """Decodes standard input as utf-8-sig."""

    def prepare(self, data: bytes) -> bytes:
        return data.removeprefix(b"\xef\xbb\xbf")


@breaks("marker-column")
class DropsColours(AtTheEnd):
    """Removes the escape sequences of terminals."""

    def prepare(self, data: bytes) -> bytes:
        return data.replace(b"\x1b[32m", b"").replace(b"\x1b[0m", b"")


@breaks("result-line")
class ColonOptional(Plain):
    """Takes the result marker without its colon."""

    def kind(self, line: bytes) -> str:
        return "result" if line.startswith(RESULT[:-1]) else super().kind(line)


@breaks("result-line")
class SpaceRequired(Plain):
    """Looks for the marker with the space that most services print."""

    def kind(self, line: bytes) -> str:
        kind = super().kind(line)
        return "log" if kind == "result" and not line.startswith(RESULT + b" ") else kind


@breaks("interim-line")
class InterimColonRequired(Plain):
    """Knows the interim marker with its colon alone."""

    def kind(self, line: bytes) -> str:
        kind = super().kind(line)
        return "log" if kind == "interim_result" and not line.startswith(INTERIM + b":") else kind


@breaks("fence-line")
class FenceExact(Plain):
    """Compares the whole line to the fence."""

    def is_fence(self, line: bytes) -> bool:
        return line.rstrip(b"\r\n") == FENCE


@breaks("fence-line")
class FenceByPrefix(Plain):
    """Takes every line for a fence that begins like one."""

    def is_fence(self, line: bytes) -> bool:
        return line.startswith(FENCE)


@breaks("fence-line")
class FenceStripped(Plain):
    """Strips a fence with ``bytes.strip``, which takes VT and FF for white space."""

    def is_fence(self, line: bytes) -> bool:
        return line.startswith(FENCE) and line.strip() == FENCE


@breaks("block")
class AnyMarkerCloses(Plain):
    """Closes a block at any marker."""

    def closes(self, line: bytes) -> bool:
        return self.kind(line) != "log"


@breaks("block")
class InterimInsideBlock(Plain):
    """Reports the interim results inside a block."""

    def body(self, line: bytes) -> None:
        if self.kind(line) == "interim_result":
            self.marked("interim_result", line)
        else:
            super().body(line)


@breaks("block")
class BlockIsOneLine(Plain):
    """Counts a block as one line."""

    def body(self, line: bytes) -> None:
        super().body(line)
        self.number -= 1


@breaks("log")
class TrimsText(Plain):
    """Strips the text of a line."""

    def text(self, content: bytes) -> dict[str, Any]:
        return super().text(content.rstrip(b" \t"))


@breaks("log")
class ReplacesInvalidText(Plain):
    """Shows invalid UTF-8 as U+FFFD, and says no more of it."""

    def text(self, content: bytes) -> dict[str, Any]:
        return {"text": content.decode(errors="replace")}


@breaks("json")
class AcceptsNaN(Plain):
    """Decodes with ``json.loads``."""

    def constant(self, name: str) -> Any:
        return name


@breaks("json")
class StripsUnicodeSpace(Plain):
    """Strips a payload with ``str.strip``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.decode(errors="surrogateescape").strip().encode(errors="surrogateescape"))


@breaks("json")
class ControlInStrings(Plain):
    """Decodes with ``strict=False``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.translate(None, bytes({1, 9})))


@breaks("json")
class EmptyIsNull(Plain):
    """Takes an empty payload for null."""

    def check(self, payload: bytes) -> None:
        super().check(payload if payload.strip() else b"null")

    def value_text(self, payload: bytes) -> bytes:
        return super().value_text(payload) or b"null"


@breaks("json")
class DecodesPayloadLeniently(Plain):
    """Decodes a payload with ``errors="replace"``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.decode(errors="replace").encode())


def _as_double(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


@breaks("json-values")
class BigIntegersAsDoubles(Plain):
    """Turns integers beyond 64 bits into doubles, as orjson does."""

    def value_text(self, payload: bytes) -> bytes:
        return json.dumps(json.loads(payload, parse_int=_as_double)).encode()


@breaks("json-values")
class NumbersAsDoubles(Plain):
    """Turns all numbers into doubles, as JavaScript does; JSON has no Infinity."""

    def value_text(self, payload: bytes) -> bytes:
        return json.dumps(json.loads(payload, parse_int=float)).encode()


@breaks("json-values")
class FirstKeyWins(Plain):
    """Keeps the first of duplicate keys."""

    def value_text(self, payload: bytes) -> bytes:
        def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            return dict(reversed(pairs))

        return json.dumps(json.loads(payload, object_pairs_hook=first)).encode()


@breaks("json-values")
class RefusesDuplicateKeys(Plain):
    """Refuses duplicate keys."""

    def check(self, payload: bytes) -> None:
        super().check(payload)

        def unique(pairs: list[tuple[str, Any]]) -> None:
            if len(dict(pairs)) < len(pairs):
                raise RefusedError("invalid-json")

        json.loads(payload, object_pairs_hook=unique, parse_int=len)


@breaks("json-values")
class RefusesSurrogates(Plain):
    """Encodes the decoded value as UTF-8, which lone surrogates have no form in."""

    def check(self, payload: bytes) -> None:
        super().check(payload)
        try:
            json.dumps(json.loads(payload, parse_int=len), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RefusedError("invalid-json") from None


@breaks("json-limits")
class NoDepthLimit(Plain):
    """Decodes recursively, and relies on the stack."""

    def check_depth(self, text: str) -> None:
        del text


@breaks("json-limits")
class CountsBracketsInStrings(Plain):
    """Counts the brackets inside strings, too."""

    def check_depth(self, text: str) -> None:
        super().check_depth(text.replace('"', " "))


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
    """Ignores interim results behind the result."""

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
