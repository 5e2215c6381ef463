"""A correct decoder, written from the rules in the plainest way, for others to get wrong.

It shares no code with the package. Its methods are the decisions in which
real-life decoders err, so that each wrong one is this one with one method changed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

RESULT = b"PlanQK:Job:Result:"
INTERIM = b"PlanQK:Job:InterimResult"
FENCE = b"PlanQK:Job:MultilineResult"

_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
DEFAULTS = {"max_line": 2**20, "max_payload": 2**26, "max_depth": 128, "max_digits": 4300}


class RefusedError(Exception):
    """A payload is refused; its only argument is the violation's code."""


class Plain:
    """Chunks in, record lines out."""

    depth_token: ClassVar = re.compile(rb'\\["\\]|["\[{\]}]')  # what the depth of a payload is counted by

    def __init__(self, limits: Mapping[str, int | None] | None = None) -> None:
        bounds = {**DEFAULTS, **(limits or {})}
        self.limits = {name: float("inf") if bound is None else bound for name, bound in bounds.items()}
        self.out: list[bytes] = []
        self.pending = b""  # the unfinished line
        self.number = 1  # of the line that comes next
        self.sent = 0  # bytes of that line that are reported already
        self.is_cut = False  # it was a marker line, and the rest of it is log text
        self.block: list[bytes] | None = None
        self.first = 0  # number of the block's first line
        self.size = 0  # bytes of the block
        self.is_beyond = False  # in the rest of an oversized block
        self.is_taken = False  # the result slot

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self.pending = self.lines(self.pending + data)
        for line in lines:
            self.line(line)
        if self.pending:
            self.unfinished(self.pending)
        return self.take_out()

    def close(self) -> list[bytes]:
        if self.pending:
            self.line(self.pending)
        if self.block is not None:
            self.open_block(b"".join(self.block))
        return self.take_out()

    def take_out(self) -> list[bytes]:
        out, self.out = self.out, []
        return out

    def lines(self, data: bytes) -> list[bytes]:
        """The lines, LF included; what follows the last LF comes last."""
        lines = data.split(b"\n")
        return [line + b"\n" for line in lines[:-1]] + lines[-1:]

    # --- lines

    def kind(self, line: bytes) -> str:
        if line.startswith(RESULT):
            return "result"
        if line.startswith(INTERIM):
            return "interim_result"
        if self.is_fence(line):
            return "fence"
        return "log"

    def judged(self, line: bytes) -> bytes:
        """The part of a line that tells whether it is a fence."""
        return line[: int(min(len(line), max(self.limits["max_payload"] + 1, 52)))]

    def is_fence(self, line: bytes) -> bool:
        line = self.judged(line)
        return line.startswith(FENCE) and not line[len(FENCE) :].removesuffix(b"\n").strip(b" \t\r")

    def closes(self, line: bytes) -> bool:
        """Whether a line closes the block."""
        return self.is_fence(line)

    def line(self, line: bytes) -> None:
        kind = self.kind(line)
        if self.is_beyond:
            self.log(line)
            self.is_beyond = not self.closes(line)
        elif self.is_cut:
            self.log(line)
        elif self.block is not None:
            self.body(line)
        elif self.is_oversized(len(line)) and kind != "log":
            self.cut(line, kind)
            self.log(line)
        elif kind == "fence":
            self.block, self.first, self.size = [line], self.number, len(line)
        elif kind == "log":
            self.log(line)
        else:
            self.marked(kind, line)
        self.number += 1
        self.sent = 0
        self.is_cut = False

    def unfinished(self, line: bytes) -> None:
        """Report what can be reported of a line whose LF is yet to come."""
        kind = self.kind(line)
        if self.is_beyond or self.is_cut:
            self.pieces(line)
        elif self.block is not None:
            if self.is_oversized(self.size + len(line)):
                self.cut_block(line)
                self.pieces(line)
        elif kind == "fence":  # what follows may still make it log text
            return
        elif kind != "log":
            if self.is_oversized(len(line)):
                self.cut(line, kind)
                self.pieces(line)
        elif not any(marker.startswith(line) for marker in (RESULT, INTERIM, FENCE)):
            self.pieces(line)

    def is_oversized(self, size: int) -> bool:
        return size > self.limits["max_payload"]

    # --- log text

    def log(self, line: bytes) -> None:
        self.pieces(line, keep=1)
        if len(line) > self.sent or not self.sent:
            self.emit("log", self.number, self.content(line[self.sent :]))

    def pieces(self, line: bytes, keep: int = 0) -> None:
        """Report full pieces of an over-long line; `keep` bytes at least are left."""
        size = self.limits["max_line"]
        while len(line) - self.sent >= size + keep:
            piece = line[self.sent : self.sent + int(size)]
            self.emit("log", self.number, self.content(piece))
            self.sent += len(piece)

    def content(self, raw: bytes) -> dict[str, Any]:
        """The text of a record, or its base64."""
        return self.text(self.without_end(raw)) | self.ending(raw)

    def ending(self, raw: bytes) -> dict[str, Any]:
        return {} if raw.endswith(b"\n") else {"terminated": False}

    def without_end(self, raw: bytes) -> bytes:
        return raw[:-1].removesuffix(b"\r") if raw.endswith(b"\n") else raw

    def text(self, content: bytes) -> dict[str, Any]:
        try:
            return {"text": content.decode()}
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(content).decode()}

    # --- results

    def marked(self, kind: str, line: bytes) -> None:
        payload = self.without_end(line)
        if kind == "result":
            self.final(kind, self.number, line, payload[len(RESULT) :])
        else:
            self.value(kind, self.number, line, self.interim_payload(payload))

    def interim_payload(self, line: bytes) -> bytes:
        return line[len(INTERIM) :].removeprefix(b":")

    def body(self, line: bytes) -> None:
        assert self.block is not None
        if self.is_oversized(self.size + len(line)):
            self.cut_block(line)
            self.log(line)
            self.is_beyond = not self.closes(line)
            return
        self.block.append(line)
        self.size += len(line)
        if self.closes(line):
            raw, payload = b"".join(self.block), b"".join(self.block[1:-1])
            self.block = None
            self.final("multiline_result", self.first, raw, payload)

    def final(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        if self.is_taken:
            self.duplicate(kind, number, raw, payload)
            return
        self.is_taken = True
        self.value(kind, number, raw, payload)

    def duplicate(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        del payload
        self.violation("duplicate-result", kind, number, raw)

    def value(self, kind: str, number: int, raw: bytes, payload: bytes) -> None:
        try:
            self.check(payload)
        except RefusedError as refused:
            self.violation(refused.args[0], kind, number, raw)
            return
        members = self.end_line(number, raw) | self.value_ending(raw)
        self.emit(kind, number, members, self.value_text(payload))

    def value_ending(self, raw: bytes) -> dict[str, Any]:
        return self.ending(raw)

    def value_text(self, payload: bytes) -> bytes:
        return payload.translate(_ONE_LINE).strip(b" ")

    def end_line(self, number: int, raw: bytes) -> dict[str, Any]:
        breaks = raw.count(b"\n", 0, len(raw) - 1)
        return {"end_line": number + breaks} if breaks else {}

    def open_block(self, raw: bytes) -> None:
        self.violation("unterminated-block", "multiline_result", self.first, raw)

    def violation(self, code: str, kind: str, number: int, raw: bytes) -> None:
        record = {"code": code, "marker": kind, "message": "…"}
        self.emit("violation", number, self.end_line(number, raw) | record | self.content(raw))

    # --- limits

    def cut(self, line: bytes, kind: str) -> None:
        marker = "multiline_result" if kind == "fence" else kind
        self.is_taken = self.is_taken or kind != "interim_result"
        self.sent = int(self.limits["max_payload"])
        self.violation("payload-too-large", marker, self.number, line[: self.sent])
        self.is_beyond = kind == "fence"
        self.is_cut = not self.is_beyond

    def cut_block(self, line: bytes) -> None:
        assert self.block is not None
        limit = int(self.limits["max_payload"])
        raw = b"".join(self.block)
        self.is_taken = True
        self.violation("payload-too-large", "multiline_result", self.first, (raw + line)[:limit])
        self.sent = limit - len(raw)
        self.block = None
        self.is_beyond = True

    # --- JSON

    def check(self, payload: bytes) -> None:
        """Raise unless the payload is JSON within the limits."""
        self.check_depth(payload)
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise RefusedError("invalid-json") from None
        longest = 0

        def parse_int(digits: str) -> int:
            nonlocal longest
            longest = max(longest, len(digits.removeprefix("-")))
            return 0

        try:
            json.loads(text, parse_int=parse_int, parse_constant=self.constant)
        except ValueError:
            raise RefusedError("invalid-json") from None
        if longest > self.limits["max_digits"]:
            raise RefusedError("number-too-long")

    def check_depth(self, payload: bytes) -> None:
        depth, in_string = 0, False
        for token in self.depth_tokens(payload):
            in_string ^= token == b'"'
            if not in_string:
                depth = self.next_depth(depth, token)
            if depth > self.limits["max_depth"]:
                raise RefusedError("payload-too-deep")

    def depth_tokens(self, payload: bytes) -> list[bytes]:
        return self.depth_token.findall(payload)

    def next_depth(self, depth: int, token: bytes) -> int:
        return depth + {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token, 0)

    def constant(self, name: str) -> Any:
        raise ValueError(name)

    # --- records

    def emit(self, kind: str, number: int, members: Mapping[str, Any], value: bytes = b"") -> None:
        head = json.dumps({"type": kind, "line": number, **members}).encode()
        self.out.append(head[:-1] + b', "value": ' + value + b"}\n" if value else head + b"\n")
