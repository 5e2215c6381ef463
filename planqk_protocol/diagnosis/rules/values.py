"""Rules about valid payloads that are unwise."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = ["RULES"]

_PIECE = 16384  # bytes of a line that engines store in one record
_RESULT = b"PlanQK:Job:Result: "
_CUT_AT = b'{"note": "' + b"x" * (_PIECE - 1 - len(_RESULT + b'{"note": "'))


def _record(text: bytes, tag: bytes) -> bytes:
    return b"2024-05-01T10:00:00Z stdout " + tag + b" " + text + b"\n"


def _long_line_in_cri(size: int) -> bytes:
    """A result line of so many bytes, as containerd stores it."""
    line = _RESULT + b'"' + b"x" * (size - len(_RESULT) - 2) + b'"'
    pieces = [line[at : at + _PIECE] for at in range(0, size, _PIECE)]
    return b"".join(_record(piece, b"P") for piece in pieces[:-1]) + _record(pieces[-1], b"F")


_DUPLICATE_KEY = Rule(
    id="duplicate-key",
    severity=Severity.WARNING,
    summary="a JSON object has the same key twice",
    why="The JSON is valid, but only the last value of the key counts, and some readers take the first one. "
    "It comes about where JSON is put together by hand, or where two parts are merged as text.",
    advice="Give each key once: build a dictionary, and print it with `json.dumps(value)`.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"sum": 41, "sum": 42}\n'),
        Example(
            b'PlanQK:Job:MultilineResult\n{\n  "a": {"x": 1},\n  "a": 2\n}\nPlanQK:Job:MultilineResult\n'
        ),
        Example(b'PlanQK:Job:Result: [{"ab": 1, "a\\u0062": 2}]\n'),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n'),
        Example(b'PlanQK:Job:Result: [{"sum": 41}, {"sum": 42}, "\\"sum\\": 1, \\"sum\\": 2"]\n'),
    ),
)

_NUMBER_OVERFLOW = Rule(
    id="number-overflow",
    severity=Severity.WARNING,
    summary="a number is too large for a float",
    why="JSON allows numbers of any size, but programs read them as 64-bit floats, whose largest value is "
    "about 1.8e308. A larger number becomes an infinity, and JSON cannot even write an infinity.",
    advice="Check why the number is so large. If it is meant, print it as a string.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"energy": 1e400}\n'),
        Example(b"PlanQK:Job:InterimResult: [-2.5E+999]\n"),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"energy": "1e400"}\n'),
        Example(b'PlanQK:Job:Result: [1e308, 1e-400, "1e400 "]\n'),
    ),
)

_BIG_INTEGER = Rule(
    id="big-integer",
    severity=Severity.INFO,
    summary="an integer is beyond 2^53",
    why="Python keeps such an integer exactly. JavaScript, and so every browser, reads all numbers as "
    "floats, and these are exact only up to 2^53 = 9007199254740992. Beyond that, the last digits change.",
    advice="Print large integers, such as ids and seeds, as strings: `json.dumps(str(number))`.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"seed": 12345678901234567890}\n'),
        Example(b"PlanQK:Job:Result: -9007199254740993\n"),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"seed": "12345678901234567890"}\n'),
        Example(b"PlanQK:Job:Result: [9007199254740992, 0.12345678901234567890, 1e20]\n"),
    ),
)

_LONE_SURROGATE = Rule(
    id="lone-surrogate",
    severity=Severity.WARNING,
    summary="a string holds one half of a character",
    why="JSON can write a character such as 😀 as two escapes, `\\ud83d\\ude00`. One of them alone is no "
    "character, and the string cannot be written in UTF-8 again: many readers refuse or change it. It comes "
    "about where a text is cut in the middle, or where bytes were decoded with `errors='surrogateescape'`.",
    advice="Cut texts between characters, and decode bytes with `errors='replace'`.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"text": "cut here: \\ud83d"}\n'),
        Example(b'PlanQK:Job:InterimResult: ["\\ude00\\ud83d", "\\\\\\udcff"]\n'),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"text": "cut here: \\ud83d\\ude00"}\n'),
        Example(b'PlanQK:Job:Result: ["\\\\ud83d"]\n'),
    ),
)

_DOUBLE_ENCODED = Rule(
    id="double-encoded",
    severity=Severity.WARNING,
    summary="the value is a string that is itself JSON",
    why="The value was encoded twice, as by `json.dumps(json.dumps(value))`. Whoever reads the result gets a "
    "string, and not the object or the array in it.",
    advice="Encode the value once: give `json.dumps` the object or the array itself, not its JSON.",
    wrong=(
        Example(b'PlanQK:Job:Result: "{\\"sum\\": 42}"\n'),
        Example(b'PlanQK:Job:MultilineResult\n"[1, 2]"\nPlanQK:Job:MultilineResult\n'),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n'),
        Example(b'PlanQK:Job:Result: ["[1, 2]", "{}"]\n'),
        Example(b'PlanQK:Job:Result: "[done] 42"\n'),
    ),
)

_NON_ASCII_LONG_LINE = Rule(
    id="non-ascii-long-line",
    severity=Severity.WARNING,
    summary="a character lies where Docker cuts a long line",
    why="Docker stores a line of more than 16 KiB in pieces of 16,384 bytes. Its default log driver, "
    "json-file, writes U+FFFD in place of a character that the cut divides. The JSON stays valid, but the "
    "text in it is not what the job printed.",
    advice="Print ASCII only, as `json.dumps(value)` does unless you say `ensure_ascii=False`, or print the "
    "result as a block: `json.dumps(value, indent=2)` between two lines `PlanQK:Job:MultilineResult`.",
    wrong=(
        Example(_RESULT + _CUT_AT + 'é"}\n'.encode()),
        Example(b"PlanQK:Job:InterimResult: " + b'"' + "äöü€".encode() * 4000 + b'"\n'),
    ),
    right=(
        Example(_RESULT + _CUT_AT + b'\\u00e9"}\n'),
        Example(
            b"PlanQK:Job:MultilineResult\n[" + '"é",\n'.encode() * 9000 + b"0]\nPlanQK:Job:MultilineResult\n"
        ),
    ),
)

_LINE_OVER_16K = Rule(
    id="line-over-16k",
    severity=Severity.INFO,
    summary="a marked line is longer than the 16 KiB that an engine stores in one piece",
    why="Engines store a longer line in pieces of 16,384 bytes. This library joins them again, but other "
    "tools show several lines, or put time stamps and lines of standard error between the pieces. If one "
    "piece is lost, so is the result. The rule is for the logs of engines and for "
    "`planqk-protocol run`, not for plain output, which no engine has cut.",
    advice="Print a long result as a block: `json.dumps(value, indent=2)` between two lines "
    "`PlanQK:Job:MultilineResult`.",
    wrong=(
        Example(_long_line_in_cri(_PIECE + 1), capture="cri"),
        Example(_long_line_in_cri(5 * _PIECE), capture="cri"),
    ),
    right=(
        Example(
            b"".join(
                _record(line, b"F")
                for line in (b"PlanQK:Job:MultilineResult", b'{"sum": 42}', b"PlanQK:Job:MultilineResult")
            ),
            capture="cri",
        ),
        Example(_long_line_in_cri(_PIECE), capture="cri"),
    ),
)

_INTERIM_WITHOUT_COLON = Rule(
    id="interim-without-colon",
    severity=Severity.INFO,
    summary="the marker of an interim result has no colon",
    why="The marker is taken with a colon and without one. But the other marker of a line needs its colon, "
    "and other readers of the output may know the form with the colon only.",
    advice="Write the colon: `print('PlanQK:Job:InterimResult:', json.dumps(value), flush=True)`.",
    wrong=(
        Example(b'PlanQK:Job:InterimResult {"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n'),
        Example(b'PlanQK:Job:InterimResult{"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n'),
    ),
    right=(Example(b'PlanQK:Job:InterimResult: {"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n'),),
)

RULES: tuple[Rule, ...] = (
    _DUPLICATE_KEY,
    _NUMBER_OVERFLOW,
    _BIG_INTEGER,
    _LONE_SURROGATE,
    _DOUBLE_ENCODED,
    _INTERIM_WITHOUT_COLON,
    _NON_ASCII_LONG_LINE,
    _LINE_OVER_16K,
)
