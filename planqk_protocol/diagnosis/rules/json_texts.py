"""Rules about payloads that are not JSON. Their ids are the causes of `payload.causes`."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity
from planqk_protocol.payload.causes import ADVICE, Cause

__all__ = ["RULES"]

_WHOLE = '{"sum": 42}'


def _line(payload: str | bytes, after: bytes = b"") -> Example:
    """A result line, and what follows it."""
    payload = payload.encode() if isinstance(payload, str) else payload
    return Example(b"PlanQK:Job:Result: " + payload + b"\n" + after)


def _block(payload: str) -> Example:
    """A result as a block."""
    fence = "PlanQK:Job:MultilineResult\n"
    return Example(f"{fence}{payload}\n{fence}".encode())


def _rule(
    cause: Cause, summary: str, why: str, wrong: tuple[Example, ...], right: tuple[Example, ...]
) -> Rule:
    advice = ADVICE[cause]
    return Rule(
        id=str(cause),
        severity=Severity.ERROR,
        summary=summary,
        why=why,
        advice=f"{advice[0].upper()}{advice[1:]}.",
        wrong=wrong,
        right=right,
    )


_OF_PYTHON = (
    _rule(
        Cause.PYTHON_REPR,
        "a value as Python writes it, not JSON",
        "print(value) writes True, False, None, tuples and calls such as array([1, 2]), which JSON does not "
        "have. json.dumps(value) writes the same value as JSON. For values of NumPy, complex numbers, sets, "
        "dates and dataclasses, it needs a function `default`. The advice of a finding shows the one for its "
        "value.",
        (
            _line("{'sum': 42, 'exact': True}"),
            _line('{"sum": None}'),
            _line("(1, 2)"),
            _line('{"sum": np.float64(42.0)}'),
        ),
        (_line('{"sum": 42, "exact": true}'), _line('{"text": "True, None, (1, 2)"}')),
    ),
    _rule(
        Cause.SINGLE_QUOTES,
        "strings or keys in single quotes",
        "JSON has double quotes only. print(value) in Python and console.log(value) in Node write single "
        "quotes; json.dumps(value) and JSON.stringify(value) write double ones.",
        (_line("{'sum': 42}"), _line("['a', 'b']"), _line("{\"state\": 'done'}")),
        (_line(_WHOLE), _line("""{"text": "it's 'quoted'"}""")),
    ),
    _rule(
        Cause.NAN,
        "a number that JSON does not have, such as NaN or Infinity",
        "json.dumps of Python writes NaN and Infinity unless it is told not to, though JSON has neither. "
        "They come from divisions by zero and from missing data. `print` writes `nan` and `inf`. An "
        "emitter of this library refuses them, and names the place: `value['energy'] is nan`.",
        (_line('{"energy": NaN}'), _line("[1.0, -Infinity]"), _line("nan")),
        (_line('{"energy": null}'), _line('{"energy": "NaN"}')),
    ),
    _rule(
        Cause.BYTES_REPR,
        "a bytes object as Python writes it",
        "print(data) writes bytes as b'…'. Libraries such as orjson and msgspec give JSON as bytes.",
        (_line("""b'{"sum": 42}'"""), _line("""b"[1, 2]\"""")),
        (_line(_WHOLE),),
    ),
    _rule(
        Cause.ARRAY_PRINT,
        "an array as NumPy prints it, without commas",
        "print(array) writes the items with spaces between them. JSON has commas between them.",
        (_line("[1 2 3]"), _line("[0.5 1.  1.5]"), _line('{"counts": [12 88]}')),
        (_line("[1, 2, 3]"),),
    ),
    _rule(
        Cause.DATAFRAME,
        "a data frame or a series as pandas prints it",
        "print(table) writes a table for people. The first line of it becomes the payload, and the others "
        "become log text.",
        (
            _line("   sum  product", b"0   42      441\n1   50      600\n"),
            _line("0    42", b"1    50\ndtype: int64\n"),
            _block("   sum  product\n0   42      441"),
        ),
        (_line('[{"sum": 42, "product": 441}, {"sum": 50, "product": 600}]'),),
    ),
    _rule(
        Cause.OBJECT_REPR,
        "an object as text",
        "Without a conversion to JSON, languages write an object as a short text for people: "
        "<Result object at 0x7f…>, [object Object], map[sum:42] or Result@1b6d3586.",
        (
            _line("<__main__.Result object at 0x7f2d4c0b5d90>"),
            _line("[object Object]"),
            _line("map[sum:42]"),
            _line("com.example.Result@1b6d3586"),
        ),
        (_line(_WHOLE), _line('"<b>bold</b>"')),
    ),
)

_OF_TEXTS = (
    _rule(
        Cause.TRAILING_COMMA,
        "a comma before a closing bracket",
        "Many languages allow a comma after the last item; JSON does not. It comes from JSON that is put "
        "together by hand.",
        (_line('{"sum": 42,}'), _line("[1, 2,]"), _block('{\n  "sum": 42,\n}')),
        (_line(_WHOLE),),
    ),
    _rule(
        Cause.COMMENT,
        "a comment",
        "JSON has no comments, neither // nor /* */ nor #. Configuration files often have them.",
        (
            _line('{"sum": /* total */ 42}'),
            _line('{"sum": 42} // total'),
            _block('{\n  # total\n  "sum": 42\n}'),
        ),
        (_line('{"sum": 42}'), _line('{"url": "https://example.com/#top"}')),
    ),
    _rule(
        Cause.EXTRA_TEXT,
        "text that is no part of the JSON",
        "A payload is one JSON text and nothing else. Text after it on the same line makes it invalid, and "
        "so does a line of log text in a block: if the block is printed with several calls, a logger or "
        "another thread may print in between.",
        (
            _line('{"sum": 42} (took 3s)'),
            _line('{"sum": 42} {"sum": 43}'),
            _line('{"sum": 42}}'),
            _block('INFO saving\n{"sum": 42}'),
        ),
        (_line(_WHOLE, b"(took 3s)\n"), Example(b"INFO saving\n" + _block(_WHOLE).stdout)),
    ),
    _rule(
        Cause.EMPTY,
        "a marker without JSON",
        "The JSON has to stand on the marker's own line, or between the two lines of a block. A "
        "variable may have been empty, or its conversion failed.",
        (_line(""), Example(b"PlanQK:Job:InterimResult:\n"), _block("")),
        (_line(_WHOLE), _line('""')),
    ),
    _rule(
        Cause.ON_NEXT_LINE,
        "the JSON on the line after its marker",
        "A result line ends at the end of its line. What stands on the next line is log text. Two calls of "
        "print, or JSON that is printed on several lines, cause this.",
        (
            Example(b'PlanQK:Job:Result:\n{"sum": 42}\n'),
            Example(b'PlanQK:Job:InterimResult:\n{\n  "sum": 42\n}\n'),
        ),
        (_line(_WHOLE), _block('{\n  "sum": 42\n}')),
    ),
    _rule(
        Cause.TRUNCATED,
        "JSON that is cut short",
        "The JSON ends before its last bracket or quote. It may be printed on several lines after a marker "
        "for a single line, the job may have been killed, or its output was not flushed.",
        (_line("{", b'  "sum": 42\n}\n'), _line('{"sum": 42'), _line('{"state": "do')),
        (_block('{\n  "sum": 42\n}'), _line('{"sum": 42}')),
    ),
    _rule(
        Cause.CODE_FENCE,
        "a code block of Markdown around the JSON",
        "Language models and chat programs put JSON between lines of three backticks. These are not JSON.",
        (_line('```json {"sum": 42} ```'), _block('```json\n{"sum": 42}\n```')),
        (_line(_WHOLE), _block('{"sum": 42}')),
    ),
    _rule(
        Cause.OTHER,
        "a text that is not JSON",
        "The payload has to be one JSON text: an object, an array, a string, a number, true, false or null.",
        (_line("done"), _line('{"sum": 42 "product": 441}'), _line('{"text": "a "quoted" word"}')),
        (_line('"done"'), _line("null")),
    ),
)

_OF_TOKENS = (
    _rule(
        Cause.UNDEFINED,
        "the value `undefined` of JavaScript, which JSON does not have",
        "JSON has `null` instead. JSON.stringify(undefined) gives no text at all, which is printed as "
        "`undefined`.",
        (_line("undefined"), _line("[1, undefined]")),
        (_line("null"), _line('"undefined"')),
    ),
    _rule(
        Cause.UNQUOTED_KEY,
        "a key that is not in double quotes",
        "Keys of JSON objects are strings. JavaScript and YAML take them without quotes, and console.log "
        "prints them so.",
        (_line("{ sum: 42 }"), _line('{"sum": 42, product: 441}'), _line('{1: "a"}')),
        (_line('{ "sum": 42 }'),),
    ),
    _rule(
        Cause.NUMBER_FORM,
        "a number in a form that JSON does not have",
        "JSON has decimal numbers only, without a plus, without leading zeros, and with digits on both sides "
        "of the decimal point. It has no complex numbers, such as 1.+2.j of NumPy.",
        (
            _line('{"sum": 042}'),
            _line("+1"),
            _line("[.5]"),
            _line("0x2A"),
            _line("1_000"),
            _line("[1.+2.j 0.+0.j]"),
        ),
        (_line('{"sum": 42}'), _line("[-1, 0.5, 1e9]"), _line("[[1.0, 2.0], [0.0, 0.0]]")),
    ),
    _rule(
        Cause.BAD_ESCAPE,
        "a backslash that begins no escape of JSON",
        r"In a JSON string, a backslash begins an escape: \n, \t, \u00e9, \" or \\. Paths of Windows and "
        "regular expressions hold other ones, so their backslashes are doubled.",
        (_line(r'{"path": "C:\data"}'), _line(r'"\x41"'), _line(r'"C:\users"')),
        (_line(r'{"path": "C:\\data"}'),),
    ),
    _rule(
        Cause.CONTROL_CHARACTER,
        "a control character, such as a tab or a line break within a string",
        r"JSON strings have escapes for control characters: \t, \n, \u0000. A JSON library writes them.",
        (_block('{"text": "first\nsecond"}'), _line('{"text": "a\tb"}'), _line("42\0")),
        (_block(r'{"text": "first\nsecond"}'),),
    ),
)

_OF_CHARACTERS = (
    _rule(
        Cause.SMART_QUOTES,
        "typographic quotes",
        "JSON has the straight double quote (U+0022) only. Word processors and chat programs replace it with "
        "curly ones.",
        (_line("{“sum”: 42}"), _line('{"state": “done”}'), _line('{"sum”: 42}')),
        (_line('{"sum": 42}'), _line('{"text": "a “quoted” word"}')),
    ),
    _rule(
        Cause.NO_BREAK_SPACE,
        "a no-break space, or a character that nobody sees, outside strings",
        "It looks like a space or like nothing, but JSON takes only spaces, tabs and line breaks for white "
        "space. It comes from text that was copied from a web page or a document.",
        (_line('{"sum":\u00a042}'), _line("\u200b42"), _line('{\u202f"sum": 42}')),
        (_line('{"sum": 42}'), _line('{"text": "1\u00a0000"}')),
    ),
    _rule(
        Cause.ENCODING,
        "text that is not UTF-8",
        "JSON is read as UTF-8. A program that prints in Latin-1 or in a code page of Windows writes other "
        "bytes for letters such as ü.",
        (_line('{"city": "Köln"}'.encode("latin-1")), _line(b'"\xff"')),
        (_line('{"city": "Köln"}'), _line('{"city": "K\\u00f6ln"}')),
    ),
    _rule(
        Cause.COLOURED,
        "JSON with terminal colour codes",
        "A pretty printer, such as rich or jq with -C, colours its output for a terminal. The colour codes "
        "become part of the payload.",
        (_line('\x1b[32m{"sum": 42}\x1b[0m'), _line('{"sum": \x1b[36m42\x1b[0m}'), _line("42\x1b[0m")),
        (_line('{"sum": 42}'), _line(r'"\u001b[32m"')),
    ),
    _rule(
        Cause.BYTE_ORDER_MARK,
        "a byte order mark before the JSON",
        "Some programs write U+FEFF at the beginning of a text, such as Python with utf-8-sig. For "
        "JSON, it is no white space.",
        (_line('\ufeff{"sum": 42}'), _block('\ufeff{"sum": 42}')),
        (_line('{"sum": 42}'), _line('"\ufeff"')),
    ),
)

RULES: tuple[Rule, ...] = (*_OF_PYTHON, *_OF_TEXTS, *_OF_TOKENS, *_OF_CHARACTERS)
