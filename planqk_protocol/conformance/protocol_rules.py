"""The rules of the protocol for people: what each says, and an output that a careless reader gets wrong.

The specification has the exact words of the rules, and the vectors show all their cases. This is what the
command ``explain`` and the pages of the documentation show of a rule.
"""

from __future__ import annotations

import msgspec

from planqk_protocol.limits import Limits

__all__ = ["PROTOCOL_RULES", "ProtocolRule"]


class ProtocolRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the specification, with an example.

    Attributes:
        id: The name of the rule.
        summary: What it says: a sentence without a capital letter and a full stop.
        why: Why it is so, or what goes wrong without it.
        output: What a job prints, in lines; in the chunks of the stream, where these matter.
        limits: The bounds within which the output is read.
        right: What a right reader does with it.
        mistake: What a careless reader does with it.
        wrong: The event records that the careless reader gives.
        findings: The ids of the findings about output that meets the rule, or what the ids begin with.
    """

    id: str
    summary: str
    why: str
    output: tuple[bytes, ...]
    limits: Limits = Limits()
    right: str = "These are the events."
    mistake: str
    wrong: tuple[str, ...]
    findings: tuple[str, ...] = ()

    def is_about(self, finding: str) -> bool:
        """Whether `finding` is the id of a finding about the rule."""
        return any(
            finding == item or (item.endswith("-") and finding.startswith(item)) for item in self.findings
        )


_FENCE = b"PlanQK:Job:MultilineResult\n"

_LINES = (
    ProtocolRule(
        id="line-lf",
        summary="a line ends with LF, and with nothing else",
        why="Progress bars print CR, and log text may hold any character. If these ended lines, a text in"
        " the middle of a line could become a result, and two readers would count lines differently.",
        output=(b"50%\rPlanQK:Job:Result: 1\n",),
        right="The CR is content, so the marker is not at the beginning of its line.",
        mistake="The reader ends lines at CR, too, as the text mode of many languages does.",
        wrong=('{"type":"log","line":1,"text":"50%"}', '{"type":"result","line":2,"value":1}'),
        findings=("marker-after-carriage-return",),
    ),
    ProtocolRule(
        id="line-crlf",
        summary="one CR directly before the LF belongs to the end of the line, not to its content",
        why="Jobs on Windows and jobs with a terminal end their lines with CRLF. They keep the protocol, "
        "too.",
        output=(b"done\r\n", b"PlanQK:Job:Result: 1\r\n"),
        right="The CRs are in no text.",
        mistake="The reader leaves the CR in the text of a log line.",
        wrong=(r'{"type":"log","line":1,"text":"done\r"}', '{"type":"result","line":2,"value":1}'),
    ),
    ProtocolRule(
        id="marker-column",
        summary="a marker begins at the first byte of its line, and is spelled exactly",
        why="A job prints text of others: of libraries, of its input, of a language model. If a marker "
        "counted anywhere in a line, such text could become the result.",
        output=(b"  PlanQK:Job:Result: 1\n",),
        right="The line is log text.",
        mistake="The reader strips the line before it looks for the marker.",
        wrong=('{"type":"result","line":1,"value":1}',),
        findings=(
            *("marker-indented", "marker-glued", "marker-prefixed", "marker-quoted", "marker-coloured"),
            *("marker-after-bom", "marker-case", "marker-spelling", "marker-look-alike"),
        ),
    ),
)

_KINDS = (
    ProtocolRule(
        id="result-line",
        summary="the payload of a result is the rest of its line, from the colon on",
        why="The colon is part of the marker, and a space after it is not: white space around JSON means "
        "nothing.",
        output=(b"PlanQK:Job:Result:42\n",),
        mistake="The reader wants a space after the colon.",
        wrong=('{"type":"log","line":1,"text":"PlanQK:Job:Result:42"}',),
        findings=("marker-missing-colon", "json-on-next-line"),
    ),
    ProtocolRule(
        id="interim-line",
        summary="the payload of an interim result is the rest of its line; the colon may be missing",
        why="The platform's documents have the marker in both forms, so both count.",
        output=(b"PlanQK:Job:InterimResult 0.5\n",),
        mistake="The reader wants the colon.",
        wrong=('{"type":"log","line":1,"text":"PlanQK:Job:InterimResult 0.5"}',),
        findings=("interim-without-colon",),
    ),
    ProtocolRule(
        id="fence-line",
        summary="a fence is its marker, alone on its line; only spaces, tabs and CRs may follow",
        why="A block takes everything up to the next fence. So a line of text that only begins like a "
        "fence must not open one.",
        output=(b"PlanQK:Job:MultilineResult:\n", b"42\n", b"PlanQK:Job:MultilineResult:\n"),
        right="A colon is more than a fence may have, so all lines are log text.",
        mistake="The reader compares the beginning of the line only.",
        wrong=('{"type":"multiline_result","line":1,"end_line":3,"value":42}',),
        findings=("fence-",),
    ),
    ProtocolRule(
        id="block",
        summary="the payload of a block is everything between its two fences, whatever it looks like",
        why="In a block, only a fence means something. If other markers counted there, a text inside the "
        "JSON could become a result.",
        output=(_FENCE, b"PlanQK:Job:InterimResult: 1\n", b"42\n", _FENCE),
        right="The marked line belongs to the payload, which therefore is no JSON.",
        mistake="The reader looks for markers in the block.",
        wrong=(
            '{"type":"interim_result","line":2,"value":1}',
            '{"type":"multiline_result","line":1,"end_line":4,"value":42}',
        ),
        findings=("marker-in-block",),
    ),
    ProtocolRule(
        id="log",
        summary="every other line is log text",
        why="Only a marker makes a result. A reader that guesses takes a line of debug output for one "
        "some day.",
        output=(b'{"sum": 42}\n',),
        mistake="The reader takes the last line for the result, as it is JSON.",
        wrong=('{"type":"result","line":1,"value":{"sum": 42}}',),
        findings=("no-result",),
    ),
)

_PAYLOADS = (
    ProtocolRule(
        id="json",
        summary="a payload is one JSON text as RFC 8259 defines it, in UTF-8",
        why="The result is handed on to programs in other languages. What only one decoder takes fails "
        "later, far from the job.",
        output=(b"PlanQK:Job:Result: {'sum': 42}\n",),
        right="Single quotes are not JSON: the result is a violation.",
        mistake="The reader reads Python literals, too.",
        wrong=('{"type":"result","line":1,"value":{"sum":42}}',),
        findings=("invalid-json", "json-"),
    ),
    ProtocolRule(
        id="json-values",
        summary="integers are exact, of equal keys the last one counts, and lone surrogates are allowed",
        why="Ids and counters may be longer than the 53 bits of a double. A reader that rounds them gives"
        " another result.",
        output=(b"PlanQK:Job:Result: [12345678901234567890, 1e999]\n",),
        right="The record has the text of the numbers, as the job printed them.",
        mistake="The reader decodes all numbers as doubles, and writes what has become of them.",
        wrong=('{"type":"result","line":1,"value":[12345678901234567000,null]}',),
        findings=("big-integer", "number-overflow", "duplicate-key", "lone-surrogate"),
    ),
    ProtocolRule(
        id="json-limits",
        summary="the depth of a payload and the digits of an integer are bounded",
        why="A payload of brackets alone can overflow the stack of a decoder, and an integer of a million"
        " digits takes seconds. One job must not stop the reader of all.",
        output=(b"PlanQK:Job:Result: [[[1]]]\n",),
        limits=Limits(max_depth=2),
        mistake="The reader decodes whatever comes.",
        wrong=('{"type":"result","line":1,"value":[[[1]]]}',),
        findings=("payload-too-deep", "number-too-long"),
    ),
)

_SLOT = (
    ProtocolRule(
        id="first-wins",
        summary="the first final result counts, even if it is refused; every later one is a violation",
        why="A result that has been handed on must not change. And text that a job prints after its "
        "result cannot replace it.",
        output=(b"PlanQK:Job:Result: 1\n", b"PlanQK:Job:Result: 2\n"),
        right="The first is the result. The second is a violation.",
        mistake="The reader keeps the last one.",
        wrong=('{"type":"result","line":2,"value":2}',),
        findings=("duplicate-result",),
    ),
    ProtocolRule(
        id="interim-anywhere",
        summary="interim results count before the final result and after it",
        why="They are what the job told on its way. No one of them replaces another.",
        output=(b"PlanQK:Job:Result: 1\n", b"PlanQK:Job:InterimResult: 0.5\n"),
        mistake="The reader stops at the result.",
        wrong=('{"type":"result","line":1,"value":1}',),
        findings=("interim-after-result",),
    ),
    ProtocolRule(
        id="eof-line",
        summary="the end of the stream completes a last line without LF",
        why="Many programs print their last line without LF. The event says that it was not terminated, "
        "because the line may also be cut short.",
        output=(b"PlanQK:Job:Result: 42",),
        mistake="The reader drops what has no LF.",
        wrong=(),
        findings=("unterminated-result",),
    ),
    ProtocolRule(
        id="eof-block",
        summary="a block that is open at the end of the stream is a violation",
        why="The closing fence says that the payload is complete. Without it, the job may have been "
        "killed while it printed, even if the part that came is JSON.",
        output=(_FENCE, b"42\n"),
        mistake="The reader closes the block at the end.",
        wrong=('{"type":"multiline_result","line":1,"end_line":2,"value":42}',),
        findings=("unterminated-block",),
    ),
)

_TIME = (
    ProtocolRule(
        id="chunking",
        summary="the events do not depend on how the stream is cut into chunks",
        why="Pipes and networks cut a stream anywhere: in a marker, in a character, between CR and LF.",
        output=(b"PlanQK:Job:Res", b"ult: 42\n"),
        right="The two chunks are one line.",
        mistake="The reader takes each chunk for lines.",
        wrong=('{"type":"log","line":1,"text":"PlanQK:Job:Res"}', '{"type":"log","line":2,"text":"ult: 42"}'),
    ),
    ProtocolRule(
        id="latency",
        summary="an event comes out of the call that brings its last byte",
        why="Whoever shows interim results wants them now, and a job may be silent for hours after one.",
        output=(b"PlanQK:Job:InterimResult: 0.5\n",),
        right="The event is there as soon as the LF is, although the stream goes on.",
        mistake="The reader waits for the next line or for a full buffer, or writes the event into a buffer"
        " that it does not flush. Until then, there is no event.",
        wrong=(),
    ),
    ProtocolRule(
        id="lossless",
        summary="every byte belongs to exactly one event",
        why="Log text is for people, and its white space may be a table. Whoever keeps the events has "
        "kept the log.",
        output=(b"  a \n", b"\n"),
        mistake="The reader strips the lines, and drops empty ones.",
        wrong=('{"type":"log","line":1,"text":"a"}',),
    ),
    ProtocolRule(
        id="total",
        summary="no sequence of bytes makes a parser fail",
        why="The output of a job is data. A byte that is not UTF-8 in some log line must not cost the "
        "result.",
        output=(b"\xff\n", b"PlanQK:Job:Result: 42\n"),
        right="The first record has its bytes in base64.",
        mistake="The reader decodes the stream as UTF-8, and stops at the first line. There are no events.",
        wrong=(),
    ),
)

_LIMITS = (
    ProtocolRule(
        id="limit-line",
        summary="a log line of more than max_line bytes comes in pieces",
        why="A job may print gigabytes without an LF. The pieces bound the memory of the reader, and no "
        "byte is lost.",
        output=(b"0123456789\n",),
        limits=Limits(max_line=8),
        right="Each piece has the number of the line, and all but the last are not terminated.",
        mistake="The reader drops what is too long.",
        wrong=('{"type":"log","line":1,"text":"01234567"}',),
    ),
    ProtocolRule(
        id="limit-payload",
        summary="a marked line or a block of more than max_payload bytes is a violation, and its rest is log "
        "text",
        why="A payload has to be held as a whole before it can be decoded. The limit bounds the memory of"
        " the reader.",
        output=(b'PlanQK:Job:Result: "0123456789"\n',),
        limits=Limits(max_payload=24),
        mistake="The reader holds whatever comes.",
        wrong=('{"type":"result","line":1,"value":"0123456789"}',),
        findings=("payload-too-large",),
    ),
)

PROTOCOL_RULES = {
    rule.id: rule for group in (_LINES, _KINDS, _PAYLOADS, _SLOT, _TIME, _LIMITS) for rule in group
}
"""Each rule of the protocol by its id, in the order of `vectors.RULES`."""
