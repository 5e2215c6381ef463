"""Decoders that are wrong about lines, markers and blocks."""

from __future__ import annotations

from typing import Any

from tests.conformance.zoo.plain import FENCE, INTERIM, RESULT, Plain
from tests.conformance.zoo.register import AtTheEnd, breaks


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
