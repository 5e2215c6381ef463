r"""Finds the mistake of a service because of which a payload is not JSON.

Everything before the place where a decoder stops is the beginning of a JSON text.
So the first mistake is at this place, and the text there shows which mistake it
is: a quote of the wrong sort, ``NaN``, a colour code. There are five kinds of places,
by what the decoder expected:

*   a value: ``[1, undefined]``,
*   the key of an object: ``{sum: 42}``,
*   a comma, a colon or a closing bracket: ``[1 2]``,
*   the end of the text: ``{} (took 3s)``,
*   more of a string: ``"C:\data"``.

For each kind of place there is a table of patterns. The first one that matches at
the place gives the cause. Each pattern is tried at this place alone and reads the
text at most once, so the time is linear, whatever the text is.

Two causes need more than the place. The text after a single quote shows whether it
is Python's (`_python_words`). The second line of a payload shows whether the payload is
a printed table (`is_table`). It may be the line after the payload.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from planqk_protocol.excerpts import excerpt
from planqk_protocol.payload.causes import TABLE, Cause, Fault
from planqk_protocol.payload.faults import opening_quote

__all__ = ["classify", "is_table", "may_begin_table"]

_SPACE = " \t\r\n"
_GAP = r"[ \t\r\n]*"
_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2039\u203a\u00ab\u00bb"
_BLANKS = "\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000"


class _Row(NamedTuple):
    """A cause, the text that shows it, and what to say; ``{found}`` is the text."""

    pattern: re.Pattern[str]
    cause: Cause
    message: str


def _table(*rows: tuple[str, Cause, str]) -> tuple[_Row, ...]:
    return tuple(_Row(re.compile(pattern), cause, message) for pattern, cause, message in rows)


# No JSON text has these outside strings. They are evidence wherever a decoder stops.
_COLOURS = _table((r"\x1b\[[0-9;:?]*[@-~]", Cause.COLOURED, "a terminal colour code stands here"))
_ANYWHERE = _COLOURS + _table(
    (r"\ufeff", Cause.BYTE_ORDER_MARK, "a byte order mark (U+FEFF) stands here"),
    (f"[{_BLANKS}]", Cause.NO_BREAK_SPACE, "{code} stands here, but JSON does not count it as white space"),
    (r"`+\w*|~~~\w*", Cause.CODE_FENCE, "a code fence of Markdown stands here: {found}"),
    (r"[\x00-\x1f\x7f-\x9f]", Cause.CONTROL_CHARACTER, "the control character {code} stands here"),
)
_COMMENT = (
    r"//[^\n]*|/\*[^*]*(?:\*+[^*/][^*]*){0,99}(?:\*+/)?|#(?![<])[^\n]*",
    Cause.COMMENT,
    "a comment stands here: {found}",
)
_COMPLEX = (Cause.NUMBER_FORM, "a complex number stands here, which JSON does not have: {found}")
# After a number, as a decoder stops right after the longest part that is one.
_IN_A_NUMBER = _table(
    (r"(?<=[0-9])[-+.0-9eE ]*(?:nan|inf)?j(?!\w)", *_COMPLEX),
    (r"(?<=[0-9])\.[0-9.]*", Cause.NUMBER_FORM, "digits have to stand before and after a decimal point"),
    (r"(?<=0)[0-9]+", Cause.NUMBER_FORM, "the number has a leading zero"),
    (
        r"(?<=0)[xXbBoO][0-9a-fA-F]+|(?<=[0-9])(?:_[0-9_]+|[eE][-+]?(?!\w)|[LlnfFdD](?!\w))",
        Cause.NUMBER_FORM,
        "{found} cannot follow the digits of a number in JSON",
    ),
)
_AFTER_AN_ITEM = (*_ANYWHERE, *_IN_A_NUMBER, *_table(_COMMENT))
_AFTER_A_KEY = (
    *_ANYWHERE,
    *_table(_COMMENT, ("=>?", Cause.OBJECT_REPR, "{found} stands where a key of JSON has a colon")),
)
_AFTER_THE_END = (
    *_ANYWHERE,
    *_IN_A_NUMBER,
    *_table((r"//[^\n]*|/\*.*|# [^\n]*", Cause.COMMENT, "a comment stands after the JSON: {found}")),
)
_AFTER_A_BRACKET = r"(?<=\[)"  # which is part of the text that is wrong
# Written instead of a value or a key.
_FOR_A_VALUE = _ANYWHERE + _table(
    _COMMENT,
    (r"[-+]?(?i:nan|inf|infinity)\b|NaT\b|<NA>", Cause.NAN, "{word} is no JSON value"),
    (r"undefined\b", Cause.UNDEFINED, "undefined is no JSON value"),
    *(
        (pattern, Cause.OBJECT_REPR, "this is an object as text, not JSON: {found}")
        for pattern in (
            r"#?<[^>\n]{0,200}>?",  # Python, Ruby
            _AFTER_A_BRACKET + r"object [A-Z]\w{0,99}\]?",  # JavaScript
            r"object [A-Z]\w{0,99}|Symbol\(",
            _AFTER_A_BRACKET
            + r"(?:(?:Async|Generator){0,2}Function|class|Circular|Object|Array|[GS]etter)\b[^\]\n]{0,99}\]?",
            r"Dict\(",  # Julia
            r"[A-Za-z]\w{0,99}\([0-9]+\) ?[{\[]",  # sets and maps of Node, var_dump of PHP
            r"[&%@]\{",  # Go, Elixir, PowerShell
            r"(?:stdClass Object|Array)(?=\s*(?:[(\n]|\Z))",  # PHP
            r"[A-Za-z_][\w.$\\]{0,99} ?\{(?!\s*\")",  # Rust, Node, Java
            r"[A-Za-z_][\w.$]{0,99}\[",  # maps of Go, records of Java
            r"[A-Za-z_][\w.$;]{0,99}@[0-9a-f]+\b",  # Java
            r"\.\.\.[^\]\n]{0,99}",  # a value that is shortened
        )
    ),
    (r"\((?:[-+]?(?:nan|inf))?[-+.0-9eE]*(?:nan|inf)?j\)", *_COMPLEX),
    (
        r"(?:True|False|None|Ellipsis)\b|\(|[A-Za-z_][\w.]{0,199}\(|[bBuUrRfF]{1,2}['\"]",
        Cause.PYTHON_REPR,
        "{found} is not JSON",
    ),
    (
        r"\+[0-9.][\w.]*|-?\.[0-9][\w.]*|[-+]{2,}[0-9.]+|\u2212[0-9.]*|(?![0-9])[-+]?\d+|[-+](?=\s*(?:[,\]}]|\Z))",
        Cause.NUMBER_FORM,
        "{found} is not a number in JSON",
    ),
    (f"[{_QUOTES}]", Cause.SMART_QUOTES, "a typographic quote ({code}) stands where JSON has a double quote"),
)
_FOR_A_KEY = _ANYWHERE + _table(
    _COMMENT,
    (
        r"(?:True|False|None)\b|\(|[A-Za-z_][\w.]{0,199}\(|[bBuUrRfF]{1,2}['\"]",
        Cause.PYTHON_REPR,
        "{found} stands where a key in double quotes has to begin",
    ),
    (
        rf":?[\w$][\w$.-]*{_GAP}=>|:[A-Za-z_]\w*",
        Cause.OBJECT_REPR,
        "{found} stands where a key in double quotes has to begin",
    ),
    (rf"[\w$-][\w$.-]*(?={_GAP}[:=])", Cause.UNQUOTED_KEY, "the key {found} is not in double quotes"),
    (
        r"(?<=\{)-?[0-9][\w.]*(?=[ \n]*[,}])",
        Cause.PYTHON_REPR,
        "a set of Python stands here, not a JSON object",
    ),
    (
        r"(?<=\{)[-\w.<&{\[]+(?= )",
        Cause.OBJECT_REPR,
        "{found} stands where a key in double quotes has to begin",
    ),
    (f"[{_QUOTES}]", Cause.SMART_QUOTES, "a typographic quote ({code}) stands where JSON has a double quote"),
)
_QUOTED = r"'[^'\\]*(?:\\.[^'\\]*)*'?"
_DOUBLE_QUOTED = _QUOTED.replace("'", '"')
_PYTHON = re.compile(
    rf"{_QUOTED}|{_DOUBLE_QUOTED}|\w+\([0-9]+\) (?=[{{\[])|\[\w*Function \("
    r"|(?P<python>(?:True|False|None|nan|inf)\b|[bBuUrRfF]{1,2}(?=['\"])|\()|\w+",
    re.DOTALL,
)
_WINDOW = 64 * 1024  # characters after the fault in which Python's words are looked for

_TRAILING_COMMA = re.compile(rf",{_GAP}[]}}]")
_CLOSING_SMART_QUOTE = re.compile(rf"[\u201c\u201d\u201e]{_GAP}(?:[:,\]}}]|\Z)")
_DECIMAL_COMMA = re.compile(rf"{_GAP}-?[0-9]+,[0-9]+{_GAP}")
_ITEM = re.compile(r"\.\.\.|-?(?:[0-9][\w.+-]*|\.[0-9]\w*|nan\b|inf\b)|\[|True\b|False\b")
_POINT = re.compile(r"\.[ \n]+-?[0-9.]")
_WORDS = ("true", "false", "null")
_LONGEST_WORD = max(map(len, _WORDS))
_CUT_NUMBER = re.compile(r"(?<=[0-9])(?:\.|[eE][-+]?)")
_TOKEN = re.compile(r"[\w.+-]+|[^\w]", re.DOTALL)

_END_EXPECTED = "Extra data"
_KEY_EXPECTED = "Expecting property name"
_COMMA_EXPECTED = "Expecting ','"
_COLON_EXPECTED = "Expecting ':'"

_HEADER = re.compile(r" {2,}[^\s{\[\"']+(?: +[^\s{\[\"']+)*[ \r]*")
_ONE_COLUMN = re.compile(r"\S+ {2,}\S+|[0-9]+ +\S+")
_INDEXED = re.compile(r" ?\S+ {3,}\S[^\n]*")
_OTHER_TABLES = re.compile(r" *(?:Empty DataFrame|shape: \([0-9]|DataFrame\[|\+-{2,}\+|[\u250c\u2554\u256d])")
_MOST_OF_A_LINE = 4096  # characters in which a table is recognised


def classify(text: str, at: int, complaint: str) -> Fault:
    """Tell why a text is not JSON, and where.

    Args:
        text: The payload.
        at: Where the decoder of the standard library stopped, in characters.
        complaint: Its message, or a constant that it takes and JSON does not.

    >>> fault = classify("{'a': 1}", 1, "Expecting property name enclosed in double quotes")
    >>> fault.cause, fault.start
    (<Cause.SINGLE_QUOTES: 'json-single-quotes'>, 1)
    """
    if not text.strip(_SPACE):
        return Fault(Cause.EMPTY, at, at, 0, "there is no JSON here")
    # Some versions of Python stop at a trailing comma, and some at the bracket after it.
    before = text[:at].rstrip(_SPACE)
    comma = len(before) - 1 if before.endswith(",") else at
    if trailing := _TRAILING_COMMA.match(text, comma):
        message = f"a comma stands before the closing {trailing[0][-1]}"
        return Fault(Cause.TRAILING_COMMA, comma, comma, 1, message)
    if complaint.startswith(("Invalid ", "Unterminated")):
        return _fault_in_string(text, at, complaint)
    end = len(text.rstrip(_SPACE))
    if complaint.startswith(_END_EXPECTED):
        return _fault_after_end(text, at, end)
    if at >= end or _is_cut_token(text, at, end, complaint):
        return Fault(Cause.TRUNCATED, at, end, 0, "the JSON ends too early")
    return _fault_outside_strings(text, at, complaint)


def is_table(text: str) -> bool:
    r"""Whether a text is the beginning of a table, as data frames and series of pandas are printed.

    Args:
        text: The first lines of it, the second one at least if there are two.

    >>> is_table("   sum  product\n0   42      441")
    True
    """
    first, _, rest = text[: 2 * _MOST_OF_A_LINE].partition("\n")
    if not may_begin_table(first) or _OTHER_TABLES.match(first):
        return may_begin_table(first)
    second = rest.partition("\n")[0].rstrip()
    if _INDEXED.fullmatch(first):
        return _INDEXED.fullmatch(second) is not None and len(first.split()) == len(second.split())
    if second[:1] in {"", " ", "\t"} or not any(character.isdigit() for character in second):
        return False
    columns = {len(first.split()), len(re.split(r"  +", first.strip()))}  # names may hold single spaces
    return len(second.split()) - 1 in columns and (
        columns != {1} or _ONE_COLUMN.fullmatch(second) is not None
    )


def may_begin_table(line: str) -> bool:
    """Whether a line may be the first one of a table. In most cases, the next line tells."""
    if len(line) > _MOST_OF_A_LINE:
        return False
    return any(pattern.fullmatch(line) for pattern in (_HEADER, _INDEXED)) or bool(_OTHER_TABLES.match(line))


def _fault_in_string(text: str, at: int, complaint: str) -> Fault:
    if complaint.startswith("Unterminated"):
        # A text that is cut short may hold such quotes within its strings, but does not end with a bracket.
        is_whole = text.rstrip(_SPACE)[-1] in "}]\u201c\u201d\u201e"
        if is_whole and (smart := _CLOSING_SMART_QUOTE.search(text, at)):
            message = (
                f"a typographic quote ({_code(text[smart.start()])}) stands where JSON has a double quote"
            )
            return Fault(Cause.SMART_QUOTES, at, smart.start(), 1, message)
        return Fault(Cause.TRUNCATED, at, at, 1, "the string that begins here does not end")
    if complaint.startswith("Invalid \\"):
        start = at - 1 if text[at] == "u" else at
        return Fault(Cause.BAD_ESCAPE, at, start, 2, _escape_message(text[start + 1]))
    if not text[at:].strip(_SPACE):  # nothing but the end of the line in a block
        message = "the string does not end on its line"  # true at both places: the quote and the line's end
        return Fault(Cause.TRUNCATED, at, opening_quote(text, at), 1, message)
    if fault := _first_match(_COLOURS, text, at):
        return fault
    message = f"the control character {_code(text[at])} stands in a string"
    return Fault(Cause.CONTROL_CHARACTER, at, at, 1, message)


def _escape_message(letter: str) -> str:
    if letter == "u":
        return r"four hexadecimal digits have to follow \u"
    shown = letter if letter.isprintable() and letter != " " else f" followed by {_code(letter)}"
    return f"JSON has no escape \\{shown}"


def _is_cut_token(text: str, at: int, end: int, complaint: str) -> bool:
    """Whether the rest of a text is the beginning of a word, or of the next part of a number."""
    if end - at >= _LONGEST_WORD:
        return False
    rest = text[at:end]
    if complaint.startswith("Expecting value"):
        is_beginning = rest == "-" or any(word.startswith(rest) for word in _WORDS)
        return is_beginning and rest != text.strip(_SPACE)
    return text.lstrip(_SPACE)[0] in "[{" and _CUT_NUMBER.fullmatch(text, at, end) is not None


def _fault_after_end(text: str, at: int, end: int) -> Fault:
    if is_table(text):
        return _table_fault(text, at)
    if _DECIMAL_COMMA.fullmatch(text):
        return Fault(Cause.NUMBER_FORM, at, at, 1, "JSON writes a decimal point, not a comma")
    if text[at:end] == ",":
        return Fault(Cause.TRAILING_COMMA, at, at, 1, "a comma stands after the JSON")
    if fault := _first_match(_AFTER_THE_END, text, at):
        return fault
    message = f"the JSON ends before {excerpt(text[at:end])}"
    return Fault(Cause.EXTRA_TEXT, at, at, end - at, message)


def _fault_outside_strings(text: str, at: int, complaint: str) -> Fault:
    if complaint.startswith(_COLON_EXPECTED):
        return _first_match(_AFTER_A_KEY, text, at) or _missing_fault("a colon", text, at)
    if complaint.startswith(_COMMA_EXPECTED):
        return _fault_after_item(text, at)
    if complaint.startswith(_KEY_EXPECTED):
        return _fault_of_key(text, at)
    return _fault_of_value(text, at)


def _fault_after_item(text: str, at: int) -> Fault:
    if _is_in_printed_array(text, at):
        message = "a comma is missing between two items of an array"
        return Fault(Cause.ARRAY_PRINT, at, at, _length(text, at), message)
    return _first_match(_AFTER_AN_ITEM, text, at) or _missing_fault("a comma or a closing bracket", text, at)


def _fault_of_key(text: str, at: int) -> Fault:
    if text[at] == "'":
        return _single_quote_fault(text, at)
    fault = _first_match(_FOR_A_KEY, text, at) or _other_fault(
        text, at, "a key in double quotes has to begin"
    )
    is_number = fault.cause is Cause.UNQUOTED_KEY and re.match(r"-?[0-9]", text[at : at + 2])
    if is_number and _python_words(text, at):
        return msgspec.structs.replace(fault, cause=Cause.PYTHON_REPR)
    return fault


def _fault_of_value(text: str, at: int) -> Fault:
    if not text[:at].strip(_SPACE):  # all of the payload may be something else
        if is_table(text):
            return _table_fault(text, at)
        if re.match(r"[bB][rR]?['\"]", text[at : at + 3]):
            return Fault(Cause.BYTES_REPR, at, at, 2, "this is a bytes object of Python as text")
    if text[at] == "'":
        return _single_quote_fault(text, at)
    return _first_match(_FOR_A_VALUE, text, at) or _other_fault(text, at, "a JSON value has to begin")


def _first_match(rows: tuple[_Row, ...], text: str, at: int) -> Fault | None:
    """The fault of the first row that matches at a place; ``None`` if none does."""
    for row in rows:
        if found := row.pattern.match(text, at):
            if found[0] == "\0" and 3 * text.count("\0") > len(text):
                return Fault(
                    Cause.ENCODING, at, at, 1, "NUL bytes stand between the characters, as in UTF-16"
                )
            start = at - 1 if row.pattern.pattern.startswith(_AFTER_A_BRACKET) else at
            shown = text[start : found.end()]
            message = row.message.format(found=excerpt(shown), word=shown, code=_code(found[0][0]))
            return Fault(row.cause, at, start, len(shown), message)
    return None


def _single_quote_fault(text: str, at: int) -> Fault:
    if words := _python_words(text, at):
        nan = "; it holds nan or inf, which JSON does not have" if words & {"nan", "inf"} else ""
        message = f"a value of Python stands here, as print writes it, not JSON{nan}"
        return Fault(Cause.PYTHON_REPR, at, at, 1, message)
    return Fault(Cause.SINGLE_QUOTES, at, at, 1, "a single quote stands where JSON has a double quote")


def _python_words(text: str, at: int) -> set[str]:
    """The words, brackets of tuples and prefixes of strings that only Python writes, from a place on."""
    window = text[at : at + _WINDOW]
    return {token["python"] for token in _PYTHON.finditer(window) if token["python"]}


def _is_in_printed_array(text: str, at: int) -> bool:
    """Whether a comma is missing between two items of a list, as in ``[1 2 3]`` and ``[1. 2.]``."""
    opening = text.rfind("[", 0, at)
    if opening <= text.rfind("{", 0, at) or "," in text[opening:at]:
        return False
    if text[at] == "." and text[at - 1] not in _SPACE:
        return _POINT.match(text, at) is not None
    return text[at - 1] in _SPACE and _ITEM.match(text, at) is not None


def _table_fault(text: str, at: int) -> Fault:
    return Fault(Cause.DATAFRAME, at, at, _length(text, at), TABLE)


def _missing_fault(missing: str, text: str, at: int) -> Fault:
    note = (
        " (is a double quote in a string not escaped?)" if text[at - 1] == '"' and text[at].isalnum() else ""
    )
    length = _length(text, at)
    message = f"{missing} is missing before {excerpt(text[at : at + length])}{note}"
    return Fault(Cause.OTHER, at, at, length, message)


def _other_fault(text: str, at: int, expected: str) -> Fault:
    length = _length(text, at)
    return Fault(Cause.OTHER, at, at, length, f"{excerpt(text[at : at + length])} stands where {expected}")


def _length(text: str, at: int) -> int:
    """Number of characters of the word at a place."""
    token = _TOKEN.match(text, at)
    return len(token[0]) if token else 0


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
