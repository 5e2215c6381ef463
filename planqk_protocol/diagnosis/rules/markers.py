"""Rules about lines that are nearly marked."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = [
    "AFTER_BOM",
    "AFTER_CARRIAGE_RETURN",
    "CASE",
    "COLOURED",
    "FENCE_INDENTED",
    "FENCE_WITH_TEXT",
    "GLUED",
    "INDENTED",
    "IN_BLOCK",
    "LOOK_ALIKE",
    "MISSING_COLON",
    "PREFIXED",
    "QUOTED",
    "RULES",
    "SPELLING",
]

_RESULT = Example(b'PlanQK:Job:Result: {"sum": 42}\n')
_BLOCK = Example(b'PlanQK:Job:MultilineResult\n{\n  "sum": 42\n}\nPlanQK:Job:MultilineResult\n')
_PRINT = "In Python, write print('PlanQK:Job:Result:', json.dumps(value), flush=True)."


def _examples(*lines: bytes) -> tuple[Example, ...]:
    return tuple(Example(line) for line in lines)


INDENTED = Rule(
    id="marker-indented",
    severity=Severity.WARNING,
    summary="spaces or tabs stand before a marker",
    why=(
        "A marker counts only if it is the very first thing on its line. An indented one is log text, "
        "and its result is lost. Indentation often comes from a text in triple quotes, or from a logger "
        "that indents its messages."
    ),
    advice=f"Print the marker without anything before it. {_PRINT}",
    wrong=_examples(
        b'    PlanQK:Job:Result: {"sum": 42}\n',
        b'\tPlanQK:Job:InterimResult: {"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n',
        b'info: Job[0]\n      PlanQK:Job:Result: {"sum": 42}\n',
    ),
    right=(_RESULT, *_examples(b"Options:\n    PlanQK:Job:Result: the result of the job, as JSON\n")),
)

PREFIXED = Rule(
    id="marker-prefixed",
    severity=Severity.WARNING,
    summary="a logger put a level, a time stamp or a record around a marker",
    why=(
        "A marker counts only if it is the very first thing on its line. A logger writes a level, a time "
        "or a name first, or makes the whole line a JSON record, so the line is log text "
        "and its result is lost. If all lines begin with a time stamp, the program that stored or showed the "
        "log may have added it: get the log without time stamps then."
    ),
    advice=f"Print the marker to standard output yourself, not with the logger. {_PRINT}",
    wrong=_examples(
        b'INFO:root:PlanQK:Job:Result: {"sum": 42}\n',
        b'2026-11-21 10:00:00,123 - job - INFO - PlanQK:Job:Result: {"sum": 42}\n',
        b'{"level":"info","msg":"PlanQK:Job:Result: {\\"sum\\":42}"}\n',
    ),
    right=(
        _RESULT,
        *_examples(b"INFO:root:wrote PlanQK:Job:Result: to standard output\n"),
    ),
)

COLOURED = Rule(
    id="marker-coloured",
    severity=Severity.WARNING,
    summary="a colour code, or another code for a terminal, stands before a marker or within it",
    why=(
        "At a terminal the line looks right, but the bytes of the colour come first: the first byte of the "
        "line is ESC, not the P of the marker. So the line is log text, and its result is lost. Libraries "
        "such as rich, colorama and chalk print such codes, some of them even if no terminal is there."
    ),
    advice=f"Print the marker without colours. {_PRINT}",
    wrong=_examples(
        b'\x1b[32mPlanQK:Job:Result: {"sum": 42}\x1b[0m\n',
        b'\x1b[1;34mPlanQK:Job:Result: {"sum": 42}\n',
    ),
    right=(_RESULT, *_examples(b"\x1b[32mdone\x1b[0m, the result is printed\n")),
)

AFTER_CARRIAGE_RETURN = Rule(
    id="marker-after-carriage-return",
    severity=Severity.WARNING,
    summary="a marker follows a carriage return, as a progress bar or a spinner prints it",
    why=(
        "A carriage return moves the cursor to the left margin, but it does not end the line. So a marker "
        "after it stands on the line of the bar, where it is log text. Some bars print the carriage return "
        "after their text, and are found by this rule; tqdm prints it before, and is found by `marker-glued`."
    ),
    advice=(
        "Print a newline before the marker, or send the progress bar to standard error, as tqdm does by "
        "default. In Python, call close() on the bar before you print the result."
    ),
    wrong=_examples(
        b'50%\r100%\rPlanQK:Job:Result: {"sum": 42}\n',
        b'\r\x1b[KPlanQK:Job:Result: {"sum": 42}\n',
    ),
    right=(Example(b'50%\r100%\r\nPlanQK:Job:Result: {"sum": 42}\n'),),
)

GLUED = Rule(
    id="marker-glued",
    severity=Severity.WARNING,
    summary="a marker follows other text on the same line",
    why=(
        "A marker counts only if it is the very first thing on its line. If the text before it was printed "
        "without a newline, as with print(..., end=''), sys.stdout.write or a progress bar, the marker "
        "continues that line, and its result is lost."
    ),
    advice=(
        "Print the marker at the beginning of a line: end the text before it with a newline, or leave that "
        "text out. In Python, call print() once before the marker, and close() on a progress bar."
    ),
    wrong=_examples(
        b'Working... done.PlanQK:Job:Result: {"sum": 42}\n',
        b'energy = -1.137 PlanQK:Job:Result: {"sum": 42}\n',
        b'100%PlanQK:Job:MultilineResult\n{"sum": 42}\n',
    ),
    right=_examples(
        b'Working... done.\nPlanQK:Job:Result: {"sum": 42}\n',
        b"see the PlanQK:Job:Result: marker in the documentation\n",
    ),
)

AFTER_BOM = Rule(
    id="marker-after-bom",
    severity=Severity.WARNING,
    summary="a byte order mark stands before a marker",
    why=(
        "A byte order mark (U+FEFF) is invisible, but it is a character, so the marker is not the first "
        "thing on its line. PowerShell and .NET write one, and Python's encoding utf-8-sig."
    ),
    advice="Write UTF-8 without a byte order mark; in Python, use the encoding utf-8 and not utf-8-sig.",
    wrong=_examples(
        b'\xef\xbb\xbfPlanQK:Job:Result: {"sum": 42}\n',
        b'starting\n\xef\xbb\xbfPlanQK:Job:Result: {"sum": 42}\n',
    ),
    right=(_RESULT,),
)

CASE = Rule(
    id="marker-case",
    severity=Severity.WARNING,
    summary="upper and lower case of a marker are wrong",
    why="A marker counts only if it is spelt exactly, with its capitals. Any other line is log text.",
    advice=f"Write the marker with exactly these capitals. {_PRINT}",
    wrong=_examples(
        b'PlanQk:Job:Result: {"sum": 42}\n',
        b'PLANQK:JOB:RESULT: {"sum": 42}\n',
        b'PlanQK:Job:MultiLineResult\n{"sum": 42}\nPlanQK:Job:MultiLineResult\n',
    ),
    right=(_RESULT,),
)

MISSING_COLON = Rule(
    id="marker-missing-colon",
    severity=Severity.WARNING,
    summary="the colon after PlanQK:Job:Result is missing",
    why=(
        "The marker of a result ends with a colon, and the JSON follows it. Without the colon the line is "
        "log text, and the result is lost. Only the marker of an interim result may stand without its colon."
    ),
    advice=f"Put a colon after the marker. {_PRINT}",
    wrong=_examples(
        b'PlanQK:Job:Result {"sum": 42}\n',
        b'PlanQK:Job:Result{"sum": 42}\n',
        b"PlanQK:Job:Result 42\n",
    ),
    right=(_RESULT, *_examples(b"PlanQK:Job:Result lines are read by the platform\n")),
)

SPELLING = Rule(
    id="marker-spelling",
    severity=Severity.WARNING,
    summary="a marker is misspelt",
    why=(
        "There are three markers: PlanQK:Job:Result:, PlanQK:Job:InterimResult: and "
        "PlanQK:Job:MultilineResult. A line that begins with anything else is log text, "
        "and its result is lost."
    ),
    advice=f"Spell the marker exactly. {_PRINT}",
    wrong=_examples(
        b'PlanQK:Job:Results: {"sum": 42}\n',
        b'PlanQK:Job:IntermediateResult: {"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n',
        b'PlanQK:Result: {"sum": 42}\n',
        b'PlanQK Job Result: {"sum": 42}\n',
        b'PlankQK:Job:Result: {"sum": 42}\n',
    ),
    right=(_RESULT, *_examples(b"PlanQK job results are kept for a week\n", b"planqk-commons 2.1.0\n")),
)

LOOK_ALIKE = Rule(
    id="marker-look-alike",
    severity=Severity.WARNING,
    summary="a marker has a character that only looks right, or that nobody can see",
    why=(
        "A full-width colon, a Cyrillic letter, a no-break space or a space of no width looks like the right "
        "character, or like nothing, but its bytes differ, so the line is log text. Such characters come "
        "from text that was copied from a web page, a chat or a word processor."
    ),
    advice=f"Type the marker anew on the keyboard instead of pasting it. {_PRINT}",
    wrong=_examples(
        'PlanQK\uff1aJob\uff1aResult\uff1a {"sum": 42}\n'.encode(),
        'PlanQK:J\u043eb:Result: {"sum": 42}\n'.encode(),
        'PlanQK:\u200bJob:Result: {"sum": 42}\n'.encode(),
        '\u00a0PlanQK:Job:Result: {"sum": 42}\n'.encode(),
    ),
    right=(_RESULT,),
)

QUOTED = Rule(
    id="marker-quoted",
    severity=Severity.WARNING,
    summary="quotes or a shell's trace stand around a marked line",
    why=(
        "The line shows a text as source code, as Python's repr() and print(b'...') do, or a command, as a "
        "shell does with set -x. It begins with a quote, b' or +, not with the marker, so it is log text."
    ),
    advice=(
        "Print the text itself: decode bytes with decode(), and leave out repr(), !r, json.dumps and a tuple "
        "around the whole line. In R, use cat() and not print(). In a shell script, make sure that the "
        "command prints to standard output."
    ),
    wrong=_examples(
        b"b'PlanQK:Job:Result: {\"sum\": 42}'\n",
        b"'PlanQK:Job:Result: {\"sum\": 42}'\n",
        b"+ echo 'PlanQK:Job:Result: {\"sum\": 42}'\n",
    ),
    right=(
        _RESULT,
        *_examples(
            b'+ echo \'PlanQK:Job:Result: {"sum": 42}\'\nPlanQK:Job:Result: {"sum": 42}\n',
            b'  File "job.py", line 7, in <module>\n    print("PlanQK:Job:Result:", json.dumps(value))\n',
        ),
    ),
)

FENCE_WITH_TEXT = Rule(
    id="fence-with-text",
    severity=Severity.WARNING,
    summary="other text follows the marker of a block",
    why=(
        "The marker of a block stands alone on its line, before the JSON and once more after it. With a "
        "colon or any other text after it, the line opens no block and closes none."
    ),
    advice=(
        "Print PlanQK:Job:MultilineResult on a line of its own, without a colon, then the JSON, "
        "then the same line again."
    ),
    wrong=_examples(
        b'PlanQK:Job:MultilineResult:\n{"sum": 42}\nPlanQK:Job:MultilineResult:\n',
        b'PlanQK:Job:MultilineResult {"sum": 42}\n',
    ),
    right=(
        Example(b'PlanQK:Job:MultilineResult\n{"sum": 42}\nPlanQK:Job:MultilineResult\n'),
        Example(b"PlanQK:Job:MultilineResult is the line before and after the JSON\n"),
    ),
)

FENCE_INDENTED = Rule(
    id="fence-indented",
    severity=Severity.WARNING,
    summary="spaces or tabs stand before the marker of a block",
    why=(
        "The marker of a block counts only if it is the very first thing on its line. An indented one opens "
        "no block and closes none: a block that is open then runs on to the end of the output."
    ),
    advice="Print PlanQK:Job:MultilineResult without anything before it, on both lines.",
    wrong=_examples(
        b'  PlanQK:Job:MultilineResult\n{"sum": 42}\n  PlanQK:Job:MultilineResult\n',
        b'\tPlanQK:Job:MultilineResult\n{"sum": 42}\n\tPlanQK:Job:MultilineResult\n',
    ),
    right=(Example(b'PlanQK:Job:MultilineResult\n{"sum": 42}\nPlanQK:Job:MultilineResult\n'),),
)

IN_BLOCK = Rule(
    id="marker-in-block",
    severity=Severity.ERROR,
    summary="a result or an interim result is printed inside a block",
    why=(
        "Inside a block only its closing line is recognised; every other line is part of the JSON. A marked "
        "line there is neither a result nor an interim result, and it makes the JSON of the block invalid."
    ),
    advice=(
        "Print the line before the block or after it. If several threads print, let only one of them print "
        "results, and print the whole block with one call."
    ),
    wrong=_examples(
        b'PlanQK:Job:MultilineResult\nPlanQK:Job:InterimResult: {"sum": 25.2}\n'
        b'{"sum": 42}\nPlanQK:Job:MultilineResult\n',
        b'PlanQK:Job:MultilineResult\n{"sum": 42}\nPlanQK:Job:Result: {"sum": 42}\n',
    ),
    right=(
        Example(
            b'PlanQK:Job:InterimResult: {"sum": 25.2}\n'
            b'PlanQK:Job:MultilineResult\n{"sum": 42}\nPlanQK:Job:MultilineResult\n'
        ),
        _BLOCK,
    ),
)

RULES: tuple[Rule, ...] = (
    INDENTED,
    PREFIXED,
    COLOURED,
    AFTER_CARRIAGE_RETURN,
    GLUED,
    AFTER_BOM,
    CASE,
    MISSING_COLON,
    SPELLING,
    LOOK_ALIKE,
    QUOTED,
    FENCE_WITH_TEXT,
    FENCE_INDENTED,
    IN_BLOCK,
)
"""The rules about markers, in the order of the documentation."""
