"""Causes: the mistakes because of which a payload is not JSON, and what to do about each.

The id of a cause is also the id of a rule of the diagnosis. The advice stands only
here: the messages of violations and the rules take it from this table.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["ADVICE", "TABLE", "Cause", "Fault"]


class Cause(StrEnum):
    """Why a payload is not JSON."""

    NAN = "json-nan"
    PYTHON_REPR = "json-python-repr"
    SINGLE_QUOTES = "json-single-quotes"
    TRAILING_COMMA = "json-trailing-comma"
    COMMENT = "json-comment"
    EMPTY = "json-empty"
    EXTRA_TEXT = "json-extra-text"
    TRUNCATED = "json-truncated"
    SMART_QUOTES = "json-smart-quotes"
    NO_BREAK_SPACE = "json-nbsp"
    ARRAY_PRINT = "json-array-print"
    DATAFRAME = "json-dataframe"
    BYTES_REPR = "json-bytes-repr"
    OBJECT_REPR = "json-object-repr"
    CODE_FENCE = "json-code-fence"
    CONTROL_CHARACTER = "json-control-character"
    ENCODING = "json-encoding"
    UNDEFINED = "json-undefined"
    UNQUOTED_KEY = "json-unquoted-key"
    COLOURED = "json-coloured"
    BYTE_ORDER_MARK = "json-byte-order-mark"
    NUMBER_FORM = "json-number-form"
    BAD_ESCAPE = "json-bad-escape"
    ON_NEXT_LINE = "json-on-next-line"
    OTHER = "invalid-json"


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a payload that is not JSON, and where. All places count characters.

    Attributes:
        cause: The mistake.
        at: The place of the fault by the specification: in most cases, the first
            character with which no JSON text can go on.
        start: Where the wrong text begins. In most cases, it is `at`.
        length: Number of characters that are wrong; 0 if something is missing.
        message: What is wrong, without a full stop.
    """

    cause: Cause
    at: int
    start: int
    length: int
    message: str

    @property
    def advice(self) -> str:
        """What to do, without a full stop."""
        return ADVICE[self.cause]


_SEVERAL_LINES = "a result of several lines between two lines PlanQK:Job:MultilineResult"

ADVICE = {
    Cause.NAN: "print null or a string instead; with allow_nan=False, json.dumps raises an error for it",
    Cause.PYTHON_REPR: (
        "this is how Python writes a value; in its place, print json.dumps(value), with a function "
        "`default` if it holds values that JSON does not have"
    ),
    Cause.SINGLE_QUOTES: (
        "JSON has double quotes only; use a JSON library, such as json.dumps(value) in Python "
        "or JSON.stringify(value) in JavaScript"
    ),
    Cause.TRAILING_COMMA: "remove the comma",
    Cause.COMMENT: "JSON has no comments; print the output of a JSON library, and nothing else",
    Cause.EMPTY: (
        f"print the JSON on the marker's own line, or {_SEVERAL_LINES}; if the job does so, its value was "
        "empty: in a shell, a command in $(...) may have failed"
    ),
    Cause.EXTRA_TEXT: (
        "print nothing after the JSON: put other text on a line of its own, "
        "and a value such as a date in double quotes"
    ),
    Cause.TRUNCATED: (
        f"the JSON is cut short; print all of it on the marker's own line, or {_SEVERAL_LINES}"
    ),
    Cause.SMART_QUOTES: 'write the quotes as ", or use a JSON library',
    Cause.NO_BREAK_SPACE: "remove it, or replace it with an ordinary space",
    Cause.ARRAY_PRINT: "this looks like a NumPy array; in its place, print json.dumps(array.tolist())",
    Cause.DATAFRAME: (
        "this looks like pandas; in place of the data frame or the series, "
        'print table.to_json(orient="records")'
    ),
    Cause.BYTES_REPR: "these are bytes of Python; in their place, print data.decode()",
    Cause.OBJECT_REPR: (
        "convert the object to JSON, for example with json.dumps in Python, JSON.stringify in JavaScript, "
        "json.Marshal in Go, or to_json in Ruby"
    ),
    Cause.CODE_FENCE: "print the JSON alone, without the lines of a Markdown code block",
    Cause.CONTROL_CHARACTER: r"escape control characters in strings, as a JSON library does (\n, \t, \u0000)",
    Cause.ENCODING: (
        "print JSON in UTF-8, or in ASCII alone, as json.dumps does by default; "
        "print binary data as a string in base64"
    ),
    Cause.UNDEFINED: "give JSON.stringify a value that is set, or print null",
    Cause.UNQUOTED_KEY: (
        "keys of JSON objects are strings in double quotes; use a JSON library, "
        "such as json.dumps(value) in Python or JSON.stringify(value) in JavaScript"
    ),
    Cause.COLOURED: "print the JSON without colours",
    Cause.BYTE_ORDER_MARK: (
        "print the JSON without a byte order mark; in Python, use the encoding utf-8 and not utf-8-sig"
    ),
    Cause.NUMBER_FORM: (
        "JSON writes numbers in decimal digits, such as -1, 0.5 and 1e9, "
        "without a plus, a leading zero or a bare point, and a complex number as two: [z.real, z.imag]"
    ),
    Cause.BAD_ESCAPE: (
        r"a backslash in a string is written twice (\\), as a JSON library does; "
        r"\xe9 of Python is \u00e9 in JSON"
    ),
    Cause.ON_NEXT_LINE: f"print the marker and the JSON with one call, on one line; print {_SEVERAL_LINES}",
    Cause.OTHER: (
        "print the marker and the output of a JSON library, such as json.dumps(value) in Python, "
        "with one call, and nothing else"
    ),
}
"""What to do about each cause, in a few words, without a full stop."""

TABLE = "a table stands here, not JSON"
"""What is wrong with a printed data frame, which the next line may show."""
