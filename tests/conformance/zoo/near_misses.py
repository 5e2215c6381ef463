"""Decoders that are wrong in one small point, which a single vector notices.

Each names the vector, so that no vector of these can go without being missed.
"""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

from tests.conformance.zoo.near_json import OVERLONG
from tests.conformance.zoo.plain import FENCE, INTERIM, RESULT, Plain
from tests.conformance.zoo.register import noticed_by

# --- lines and texts


@noticed_by("marker-column/other-blanks")
class StripsCrFirst(Plain):
    """Strips the CRs of progress bars before it looks for a marker."""

    def kind(self, line: bytes) -> str:
        return super().kind(line.lstrip(b"\r"))

    def marked(self, kind: str, line: bytes) -> None:
        super().marked(kind, line.lstrip(b"\r"))


@noticed_by("marker-column/interim-wrong-case")
class IgnoresCaseOfInterim(Plain):
    """Compares the interim marker without regard to case."""

    def kind(self, line: bytes) -> str:
        return "interim_result" if line.lower().startswith(INTERIM.lower()) else super().kind(line)


@noticed_by("marker-column/other-fences-in-block")
class ClosesAfterCr(Plain):
    """Strips the CRs of progress bars before it looks for a closing fence."""

    def closes(self, line: bytes) -> bool:
        return super().closes(line.lstrip(b"\r"))


@noticed_by("result-line/tab")
class TakesNoTab(Plain):
    """Takes a result marker with a tab after it for another word."""

    def kind(self, line: bytes) -> str:
        return "log" if line.startswith(RESULT + b"\t") else super().kind(line)


@noticed_by("interim-line/any-value")
class ExpectsSomeValues(Plain):
    """Knows interim results by the first byte of the values that most jobs print."""

    def kind(self, line: bytes) -> str:
        kind = super().kind(line)
        is_known = re.match(rb"\Z|[:\s{\dRs]", line[len(INTERIM) :])
        return "log" if kind == "interim_result" and not is_known else kind


@noticed_by("interim-line/other-signs")
class TakesAnEqualsSign(Plain):
    """Takes an equals sign for the colon."""

    def interim_payload(self, line: bytes) -> bytes:
        return super().interim_payload(line).removeprefix(b"=")


@noticed_by("first-wins/invalid-line-then-block")
class InvalidLineLeavesBlocks(Plain):
    """Lets a block take the slot after an invalid result line."""

    is_invalid = False

    def final(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        self.is_taken = self.is_taken and not (self.is_invalid and kind == "multiline_result")
        super().final(kind, number, raw, payload)
        self.is_invalid = kind == "result" and b'"violation"' in self.out[-1]


@noticed_by("eof-line/cut-")
class ReadsBeyondTheEnd(Plain):
    """Uses one buffer for all lines, and reads what a longer line left in it after the last one."""

    buffer = rest = b""

    def line(self, line: bytes) -> None:
        self.buffer = line + self.buffer[len(line) :]
        self.rest = b"" if line.endswith(b"\n") else self.buffer[len(line) :].removesuffix(b"\n")
        super().line(line)

    def check(self, payload: bytes) -> None:
        super().check(payload + self.rest)

    def value_text(self, payload: bytes) -> bytes:
        return super().value_text(payload + self.rest)


@noticed_by("fence-line/other-blanks-in-block")
class StripsClosingFences(Plain):
    """Strips a closing fence with ``bytes.strip``, which takes VT and FF for white space."""

    def closes(self, line: bytes) -> bool:
        line = self.judged(line)
        return line.startswith(FENCE) and line.strip() == FENCE


@noticed_by("log/ill-formed")
class ShowsOverlongText(Plain):
    """Takes overlong forms of three and four bytes for text."""

    def text(self, content: bytes) -> dict[str, Any]:
        return super().text(re.sub(OVERLONG, b"?", content))


@noticed_by("log/utf-8-edges")
class ShowsNoPrivatePlane(Plain):
    """Takes the last plane of Unicode for ill-formed text."""

    def text(self, content: bytes) -> dict[str, Any]:
        return {"base64": base64.b64encode(content).decode()} if b"\xf4" in content else super().text(content)


@noticed_by("limit-payload/closing-fence-judged-beyond-the-limit")
class JudgesClosingFencesByLess(Plain):
    """Judges a closing fence by 52 bytes, whatever the limit is."""

    def closes(self, line: bytes) -> bool:
        return super().closes(line[:52])


@noticed_by("limit-payload/rest-of-closing-fence")
class LooksForMarkersAfterFences(Plain):
    """Takes what follows the judged bytes of a closing fence for a line of its own."""

    def line(self, line: bytes) -> None:
        end = self.number, line.find(INTERIM, len(FENCE))
        super().line(line)
        if end[1] > 0 and line.startswith(FENCE + b" ") and not self.is_beyond:
            self.value("interim_result", end[0], line, self.interim_payload(line[end[1] :]))


@noticed_by("limit-payload/rest-of-opening-fence")
class LooksForFencesAfterFences(Plain):
    """Takes what follows the judged bytes of an opening fence for a line of its own."""

    def line(self, line: bytes) -> None:
        was_beyond = self.is_beyond
        super().line(line)
        if self.is_beyond and not was_beyond:
            self.is_beyond = not self.is_fence(line[len(self.judged(line)) :])


@noticed_by("first-wins/oversized-fence-takes-slot")
class OversizedFencesLeaveSlot(Plain):
    """Lets a block whose first line is too large leave the slot to a later result."""

    def cut(self, line: bytes, kind: str) -> None:
        was_taken = self.is_taken
        super().cut(line, kind)
        self.is_taken = was_taken if kind == "fence" else self.is_taken


class RefusedBlocksLeaveSlot(Plain):
    """Lets a block that breaks a limit leave the slot to a later result."""

    code: ClassVar[bytes]

    def final(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        super().final(kind, number, raw, payload)
        self.is_taken = not (kind == "multiline_result" and self.code in self.out[-1])


@noticed_by("json-limits/depth-in-block-takes-slot")
class DeepBlocksLeaveSlot(RefusedBlocksLeaveSlot):
    """Lets a block that is too deep leave the slot to a later result."""

    code = b'"payload-too-deep"'


@noticed_by("json-limits/digits-in-block-takes-slot")
class LongNumbersLeaveSlot(RefusedBlocksLeaveSlot):
    """Lets a block with a long integer leave the slot to a later result."""

    code = b'"number-too-long"'


@noticed_by("latency/rest-of-line")
class WaitsForTheRestOfALine(Plain):
    """Reports the rest of an oversized line when it has ended."""

    def unfinished(self, line: bytes) -> None:
        if not self.is_cut:
            super().unfinished(line)


@noticed_by("latency/rest-of-block")
class WaitsForTheEndOfALine(Plain):
    """Looks at an oversized block when one of its lines has ended."""

    def unfinished(self, line: bytes) -> None:
        if self.block is None and not self.is_beyond:
            super().unfinished(line)


# --- values and limits


@noticed_by("json-values/surrogate-before-other")
class PairsAnyEscapes(Plain):
    """Takes any escape after a high surrogate for the other half of a pair."""

    def value_text(self, payload: bytes) -> bytes:
        return re.sub(rb"\\ud[89ab]..\\u(?!d[c-f])....", rb"\\ufffd", super().value_text(payload))


@noticed_by("json-values/spaces-in-strings")
class CollapsesSpaces(Plain):
    """Makes one space of several, also in strings."""

    def value_text(self, payload: bytes) -> bytes:
        return re.sub(rb" +", b" ", super().value_text(payload))


@noticed_by("json-limits/depth-of-objects-side-by-side")
class ObjectsStayOpen(Plain):
    """Counts the beginnings of objects, and not their ends."""

    def next_depth(self, depth: int, token: bytes) -> int:
        return depth if token == b"}" else super().next_depth(depth, token)


@noticed_by("json-limits/depth-other-escapes")
class EscapesBrackets(Plain):
    """Takes a bracket after a backslash for escaped."""

    depth_token = re.compile(rb'\\.|["\[{\]}]')


@noticed_by("json-limits/depth-in-string-of-several-lines")
class EndsStringsAtLf(Plain):
    """Takes the end of a line for that of a string when it counts brackets."""

    def depth_tokens(self, payload: bytes) -> list[bytes]:
        return super().depth_tokens(re.sub(rb'"([^"\n]*)\n', rb'"\1"', payload))


@noticed_by("json-limits/depth-several-backslashes")
class CountsTwoBackslashes(Plain):
    """Takes a quote for escaped after one backslash, and not after three."""

    depth_token = re.compile(rb'(?<!\\)\\"|["\[{\]}]')


@noticed_by("json-limits/digits-of-any-integer")
class MeasuresTheLastInteger(Plain):
    """Does not measure the integers before a comma."""

    def check(self, payload: bytes) -> None:
        super().check(re.sub(rb"\d++(?=, )", b"0", payload))
