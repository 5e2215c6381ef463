"""Near misses: which lines are nearly marked, and where they are wrong."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import NearMiss, echo_key, near_miss
from planqk_protocol.diagnosis.rules.markers import RULES

IDS = {rule.id for rule in RULES}
VALUE = '{"sum": 42}'


def judge(text: str | bytes, *, in_block: bool = False) -> NearMiss | None:
    data = text if isinstance(text, bytes) else text.encode()
    return near_miss(Line(data, 7, 1000), in_block=in_block)


def found(text: str | bytes, *, in_block: bool = False) -> tuple[str, int, int] | None:
    miss = judge(text, in_block=in_block)
    if miss is None:
        return None
    place = miss.finding.place
    assert place is not None
    return miss.finding.rule, place.column, place.length


MISSPELT = [
    ("PlanQK:Job:Results: @", "marker-spelling", 18, 1),
    ("PlanQK:Job:Result.: @", "marker-spelling", 18, 1),
    ("PlanQK:Job:Resutl: @", "marker-spelling", 16, 2),
    ("PlanQK:Job:Reslt: @", "marker-spelling", 15, 0),
    ("PlanQK:Jobs:Result: @", "marker-spelling", 11, 1),
    ("PlanQK:JobResult: @", "marker-spelling", 11, 0),
    ("PlanQKJobResult: @", "marker-spelling", 7, 3),
    ("PlanQK:Result: @", "marker-spelling", 8, 0),
    ("PlanQK Job Result: @", "marker-spelling", 7, 5),
    ("PlanQK_Job_Result: @", "marker-spelling", 7, 5),
    ("PlanQK Job Result: 42", "marker-spelling", 7, 5),
    ("PLANQK_JOB_RESULT: @", "marker-spelling", 2, 16),
    ("PlanQK:Job Result: @", "marker-spelling", 11, 1),
    ("PlanQK-Job:Result: @", "marker-spelling", 7, 1),
    ("PlanQK;Job;Result; @", "marker-spelling", 7, 12),
    ("Planqk::Job:Result: @", "marker-spelling", 5, 3),
    ("PlankQK:Job:Result: @", "marker-spelling", 5, 1),
    ("Plan:Job:Result: @", "marker-spelling", 5, 0),
    ("Plan QK:Job:Result: @", "marker-spelling", 5, 1),
    ("PlanQK: Job: Result: @", "marker-spelling", 8, 1),
    ("PlanQK:Task:Result: @", "marker-spelling", 8, 4),
    ("PlanQK:J0b:Result: @", "marker-spelling", 9, 1),
    ("P1anQK:Job:Result: @", "marker-spelling", 2, 1),
    ("PlanQK:Job:MultilineResultEnd", "marker-spelling", 27, 3),
    ("PlanQK:Job:EndMultilineResult:", "marker-spelling", 12, 3),
    ("PlanQK:Job:Result->@", "marker-spelling", 18, 2),
    ("PlanQK:Job:Result >> @", "marker-spelling", 18, 3),
    ("PlanQK:Job:Result=42", "marker-spelling", 18, 1),
    ("PlanQK:Job:Result #1: @", "marker-spelling", 18, 3),
    ("PlanQK:Job:Result (final): @", "marker-spelling", 18, 8),
    ("PlanQK:Job: @", "marker-spelling", 12, 0),
    ("PlanQK:Job:MultiResult", "marker-spelling", 17, 0),
    ("PlanQK Result: @", "marker-spelling", 7, 1),
    ("PlanQK:Job: Result: @", "marker-spelling", 12, 1),
    ("PlanQK:Job::Result: @", "marker-spelling", 12, 1),
    ("PlanQK:Job:Result : @", "marker-spelling", 18, 1),
    ("PlanQK:Job:Result = @", "marker-spelling", 18, 2),
    ("PlanQK:Job:Result; @", "marker-spelling", 18, 1),
    ("PlanQK:Job:IntermediateResult: @", "marker-spelling", 17, 7),
    ("PlanQK:Job:Interim Result: @", "marker-spelling", 19, 1),
    ("PlanQK:Job:Interim: @", "marker-spelling", 19, 0),
    ("PlanQK:Job:FinalResult: @", "marker-spelling", 12, 5),
    ("PlanQK:Job:Result_1: @", "marker-spelling", 18, 2),
    ("PlanQK:Job:Output: @", "marker-spelling", 12, 5),
    ("PlanQK:Job:PartialResult: @", "marker-spelling", 12, 7),
    ("PlanQK:Job:MultiResult: @", "marker-spelling", 17, 0),
    ("PlanQK:Job:MultilineResults", "marker-spelling", 27, 1),
    ("PlanQK:Job:Multiline", "marker-spelling", 21, 0),
    ("PlanQK:Job:Multi-Line-Result", "marker-spelling", 17, 6),
    ("PlanQK Job MultilineResult", "marker-spelling", 7, 5),
    ("PlanQk:Job:Result: @", "marker-case", 6, 1),
    ("PLANQK:JOB:RESULT: @", "marker-case", 2, 16),
    ("planqk:job:result: @", "marker-case", 1, 12),
    ("planqk:job:result: 42", "marker-case", 1, 12),
    ("planqk:job:result:", "marker-case", 1, 12),
    ("planqk:job:interimresult @", "marker-case", 1, 19),
    ("PlanQK:Job:MultiLineResult", "marker-case", 17, 1),
    ("PlanQK:Job:Interimresult: @", "marker-case", 19, 1),
    ("PlanQK:Job:result: done", "marker-case", 12, 1),
    ("PlanQK:Job:Result @", "marker-missing-colon", 18, 0),
    ("PlanQK:Job:Result@", "marker-missing-colon", 18, 0),
    ("PlanQK:Job:Result\t42", "marker-missing-colon", 18, 0),
    ("PlanQK:Job:Result", "marker-missing-colon", 18, 0),
    ("PlanQK:Job:Result true", "marker-missing-colon", 18, 0),
    ("PlanQK:Job:Result array([1, 2])", "marker-missing-colon", 18, 0),
    ("PlanQK\uff1aJob\uff1aResult\uff1a @", "marker-look-alike", 7, 3),
    ("PlanQK:J\u043eb:Result: @", "marker-look-alike", 9, 2),
    ("\u0420lanQK:Job:Result: 4", "marker-look-alike", 1, 2),
    ("PlanQK:\u200bJob:Result: @", "marker-look-alike", 8, 3),
    ("PlanQK:Job:\u00a0Result: @", "marker-look-alike", 12, 2),
    ("PlanQK:Job:Result\uff1a@", "marker-look-alike", 18, 3),
    ("PlanQK:Job:MultilineResult\u00a0", "marker-look-alike", 27, 2),
    ("\u00a0PlanQK:Job:Result: @", "marker-look-alike", 1, 2),
    ("\u200b\u200bPlanQK:Job:Result: @", "marker-look-alike", 1, 6),
    ("PlanQK:Job:MultilineResult:", "fence-with-text", 27, 1),
    ("PlanQK:Job:MultilineResult: @", "fence-with-text", 27, 13),
    ("PlanQK:Job:MultilineResult  end  ", "fence-with-text", 29, 3),
    ("PlanQK:Job:MultilineResult\0", "fence-with-text", 27, 1),
]

DISPLACED = [
    ("    PlanQK:Job:Result: @", "marker-indented", 4),
    ("\tPlanQK:Job:InterimResult @", "marker-indented", 1),
    (" \tPlanQK:Job:Result:", "marker-indented", 2),
    ("  planqk:job:result: @", "marker-indented", 2),
    ("  \u00a0PlanQK:Job:Result: 42", "marker-indented", 4),
    ("  PlanQK:Job:MultilineResult", "fence-indented", 2),
    ("  PlanQK:Job:MultilineResult: @", "fence-indented", 2),
    ("\x1b[32mPlanQK:Job:Result: @\x1b[0m", "marker-coloured", 5),
    ("\x1b[1mplanqk:job:result: @\x1b[0m", "marker-coloured", 4),
    ("\x1b[32mPlanQK:Job:MultilineResult\x1b[0m", "marker-coloured", 5),
    ("\r\x1b[2K\x1b[32mPlanQK:Job:Result: @", "marker-coloured", 10),
    ("100%|\u2588\u2588| 10/10\rPlanQK:Job:Result: @", "marker-after-carriage-return", 19),
    ("\r\x1b[KPlanQK:Job:Result: @", "marker-after-carriage-return", 4),
    ("\rPlanQK:Job:MultilineResult", "marker-after-carriage-return", 1),
    ("\ufeffPlanQK:Job:Result: @", "marker-after-bom", 3),
    ("\ufeff  PlanQK:Job:Result: @", "marker-after-bom", 5),
    ("\u00ef\u00bb\u00bfPlanQK:Job:Result: 42", "marker-after-bom", 6),
    ("Working... done.PlanQK:Job:Result: @", "marker-glued", 16),
    ("donePlanQK:Job:Result: @", "marker-glued", 4),
    ("donePlanQK:Job:Result @", "marker-glued", 4),
    ('donePlanQK:Job:Result: "a text of many words"', "marker-glued", 4),
    ("energy = -1.137 PlanQK:Job:Result: 42", "marker-glued", 16),
    ("100%PlanQK:Job:MultilineResult", "marker-glued", 4),
    ("50% PlanQK:Job:MultilineResult", "marker-glued", 4),
    ("INFO Done PlanQK:Job:Result: @", "marker-glued", 10),
    ("INFO solver finished PlanQK:Job:Result: @", "marker-glued", 21),
    ("The result is: PlanQK:Job:Result: @", "marker-glued", 15),
    ("result=PlanQK:Job:Result: @", "marker-glued", 7),
    ("INFO " + "x:" * 200 + "PlanQK:Job:Result: @", "marker-glued", 405),
    ("[PlanQK:Job:Result:] @", "marker-glued", 1),
    (">>> PlanQK:Job:Result: @", "marker-glued", 4),
    ("# PlanQK:Job:Result: @", "marker-glued", 2),
    ("**PlanQK:Job:Result:** @", "marker-glued", 2),
    ("@ PlanQK:Job:Result:", "marker-glued", 12),
    ("---PlanQK:Job:MultilineResult---", "marker-glued", 3),
    (r"\033[32mPlanQK:Job:Result: @\033[0m", "marker-coloured", 8),
    ("`PlanQK:Job:Result: @`", "marker-quoted", 1),
    (r'[1] "PlanQK:Job:Result: {\"sum\": 42}"', "marker-quoted", 5),
    ("+ job.sh:7: echo 'PlanQK:Job:Result: @'", "marker-quoted", 18),
    ("b'PlanQK:Job:Result: @'", "marker-quoted", 2),
    (r"b'PlanQK:Job:Result: 42\n'", "marker-quoted", 2),
    ("'PlanQK:Job:Result: @'", "marker-quoted", 1),
    (r'"PlanQK:Job:Result: {\"sum\": 42}"', "marker-quoted", 1),
    ("'PlanQK:Job:MultilineResult'", "marker-quoted", 1),
    ("+ echo 'PlanQK:Job:Result: @'", "marker-quoted", 8),
    ("+ echo PlanQK:Job:Result: '@'", "marker-quoted", 7),
    ("++ echo PlanQK:Job:MultilineResult", "marker-quoted", 8),
    ("+ echo 'PlanQK:Job:Result:' '@'", "marker-quoted", 8),
    ("('PlanQK:Job:Result:', '@')", "marker-quoted", 2),
    ("[ 'PlanQK:Job:Result:', '@' ]", "marker-quoted", 3),
    ('{"PlanQK:Job:Result": @}', "marker-quoted", 2),
    ('"PlanQK:Job:Result:" @', "marker-quoted", 1),
    ("INFO:root:'PlanQK:Job:Result: @'", "marker-prefixed", 11),
    ("INFO:root:b'PlanQK:Job:MultilineResult'", "marker-prefixed", 12),
    ("INFO:root:('PlanQK:Job:Result:', 42)", "marker-prefixed", 12),
]

LOGGERS = [
    "INFO ",
    "[INFO] ",
    "INFO:root:",
    "INFO:     ",
    "info: ",
    "<info> ",
    "2026-01-01 10:00:00,123 - job - INFO - ",
    "2026-01-01 10:00:00.123 | INFO     | __main__:main:10 - ",
    "2026-01-01T10:00:00Z ",
    "2026/01/01 10:00:00 ",
    "2026/01/01 10:00:00 main.go:12: ",
    "26/01/01 10:00:00 INFO DAGScheduler: ",
    "2026-01-01 10:00:00.000  INFO 1 --- [           main] c.e.Job   : ",
    "2026-01-01T10:00:00.000Z  INFO 1 --- [demo] [           main] c.e.Job   : ",
    "[10:00:00.000] INFO (123): ",
    "I0102 15:04:05.678901    1 main.go:42] ",
    "[I 2026-01-01 10:00:00,000] ",
    "[2026-01-01 10:00:00,123: INFO/MainProcess] ",
    "2026-01-01 10:00:00 [info     ] ",
    "[2026-01-01T00:00:00Z INFO  foo] ",
    "2026-01-01T00:00:00.000000Z  INFO job: ",
    "2026-01-01T00:00:00.000Z\tINFO\tmain/main.go:12\t",
    "I, [2026-01-01T10:00:00.123456 #123]  INFO -- : ",
    "[2026-01-01T10:00:00.123456+00:00] app.INFO: ",
    "Jan  1 10:00:00 host prog[1]: ",
    "2026-01-01T00:00:00.000Z stdout F ",
    "worker-1  | ",
    "distributed.worker - INFO - ",
    "[job] ",
    "[    1.234567] ",
    "[ Info: ",
    "(main pid=1234) ",
    "[2026-01-01, 10:00:00 UTC] {logging_mixin.py:188} INFO - ",
    "Sat Nov 21 10:00:00 UTC 2026 ",
    "<14>1 2026-01-01T10:00:00.000Z host app - - - ",
    "10:00:00.123 [main] INFO  com.example.Main -- ",
    "INFO     root:job.py:7 ",
    "2026-01-01 10:00:00,123 INFO Solver ",
    "\x1b[32mINFO\x1b[0m: ",
    "\x1b[2m10:00:00\x1b[0m ",
]

RECORDS = [
    ('time="2026-01-01T10:00:00Z" level=info msg="', '"'),
    ('{"level":"info","msg":"', '"}'),
    ('{"message": "', '", "level": "info"}'),
    ('{"log":"', '\\n","stream":"stdout"}'),
]


@pytest.mark.parametrize(("text", "rule", "column", "length"), MISSPELT)
def test_a_misspelt_marker_is_found_at_its_first_wrong_character(
    text: str, rule: str, column: int, length: int
) -> None:
    assert found(text.replace("@", VALUE)) == (rule, column, length)


@pytest.mark.parametrize(("text", "rule", "length"), DISPLACED)
def test_text_before_a_marker_is_found_from_the_beginning_of_the_line(
    text: str, rule: str, length: int
) -> None:
    assert found(text.replace("@", VALUE)) == (rule, 1, length)


@pytest.mark.parametrize("prefix", LOGGERS)
@pytest.mark.parametrize(
    "marked", [f"PlanQK:Job:Result: {VALUE}", "PlanQK:Job:InterimResult 1", "PlanQK:Job:MultilineResult"]
)
def test_a_loggers_prefix_is_found_and_named(prefix: str, marked: str) -> None:
    assert found(prefix + marked) == ("marker-prefixed", 1, len(prefix))


@pytest.mark.parametrize(("before", "after"), RECORDS)
@pytest.mark.parametrize("marked", ['PlanQK:Job:Result: {\\"sum\\": 42}', "PlanQK:Job:MultilineResult"])
def test_a_loggers_record_is_found_and_is_an_echo(before: str, after: str, marked: str) -> None:
    miss = judge(before + marked + after)
    assert miss is not None
    assert (miss.finding.rule, miss.finding.column, miss.finding.length) == (
        "marker-prefixed",
        1,
        len(before),
    )
    if "{" in marked:
        assert miss.echo == echo_key(marked.replace("\\", "").encode())


def test_a_code_within_a_marker_is_a_colour() -> None:
    assert found(f"PlanQK:Job:\x1b[1mResult\x1b[0m: {VALUE}") == ("marker-coloured", 12, 4)
    assert found("PlanQK:Job:MultilineResult\x1b[0m") == ("marker-coloured", 27, 4)


IN_BLOCK = [
    ("PlanQK:Job:Result: 42", ("marker-in-block", 1, 18)),
    ("PlanQK:Job:InterimResult: 42", ("marker-in-block", 1, 25)),
    ("PlanQK:Job:InterimResult 42", ("marker-in-block", 1, 24)),
    ("  PlanQK:Job:MultilineResult", ("fence-indented", 1, 2)),
    ('  PlanQK:Job:Result: {"a":1}', ("marker-indented", 1, 2)),
    ("PlanQK:Job:MultilineResult:", ("fence-with-text", 27, 1)),
    ("PlanQK:Job:MultilineResult is the end of it", ("fence-with-text", 28, 16)),
    ("}PlanQK:Job:MultilineResult", ("marker-glued", 1, 1)),
    ('"a": 1}PlanQK:Job:MultilineResult', ("marker-glued", 1, 7)),
    ("the end PlanQK:Job:MultilineResult", ("marker-glued", 1, 8)),
    ("INFO: PlanQK:Job:MultilineResult", ("marker-prefixed", 1, 6)),
    ("b'PlanQK:Job:MultilineResult'", ("marker-quoted", 1, 2)),
    ("planqk:job:multilineresult", ("marker-case", 1, 21)),
    ('  "PlanQK:Job:Result: 42",', None),
    ('"note": "PlanQK:Job:Result: {}"', None),
    ('"PlanQK:Job:MultilineResult"', None),
    ('"message": "PlanQK:Job:Result: {\\"a\\": 1}"', None),
    ('"a": "x \\" PlanQK:Job:MultilineResult"', None),
]


@pytest.mark.parametrize(("text", "expected"), IN_BLOCK)
def test_in_a_block(text: str, expected: tuple[str, int, int] | None) -> None:
    assert found(text, in_block=True) == expected


CLEAN = [
    "PlanqkJob result: {'00': 512, '11': 512}",
    "Planqk Result: {'00': 512, '11': 512}",
    "planqk_job_result: {}",
    "PlanQK: results: 5 jobs",
    "PlanQK: Job result: ok",
    "PlanQK job 1234: {}",
    "plan: job: results: [1] Q",
    "INFO planqk:job:result:1234",
    "  planqk:job:result:1234",
    "PlanQK:Job:multi in ter im re sult",
    'INFO: "PlanQK:Job:Result:" is missing',
    "data = b'starting\\nPlanQK:Job:Result: 42\\n'",
    'parse("starting\\nPlanQK:Job:Result: 42")',
    'Take the chunk `b"...\\nPlanQK:Job:Result: 42"`.',
    '  "records": [{"type": "log", "text": "PlanQK:Job:Result: 1"}],',
    'Print such a line as PlanQK:Job:Result: {"sum": 42}',
    'Jobs print PlanQK:Job:Result: {"sum": 42} when they are done',
    "PlanQK:Job:{Result,InterimResult}: the markers of lines",
    "PlanQK Result: 42",
    "PlanQK result: {'status': 'SUCCEEDED'}",
    'print("PlanQK:Job:Result:", json.dumps(x))',
    '    print("PlanQK:Job:Result:", json.dumps(x))',
    '    print(f"PlanQK:Job:Result: {json.dumps(x)}")',
    '    ("PlanQK:Job:Result:", value)',
    'System.out.println("PlanQK:Job:Result: " + json);',
    'RESULT_MARKER = "PlanQK:Job:Result:"',
    '  "PlanQK:Job:Result:",',
    '"marker": "PlanQK:Job:Result:"',
    '{"marker": "PlanQK:Job:Result:"}',
    '{"level": "info", "msg": "waiting for PlanQK:Job:Result:"}',
    "result_marker: PlanQK:Job:Result:",
    "see the PlanQK:Job:Result: marker in the docs",
    '`PlanQK:Job:Result: {"sum": 42}` is the result',
    "https://docs.planqk.de/PlanQK:Job:Result",
    "Collecting planqk-commons",
    "PlanQK",
    "Job Result: 42",
    "Batch:Job:Result: 42",
    "  PlanQK:Job:Result: the result of the job",
    "  PlanQK:Job:Result: <json>",
    "  PlanQK:Job:MultilineResult opens a block",
    "PlanQK:Job:Result markers must be first",
    'PlanQK:Job:Result: {"valid": "so never passed outside a block"}',
    "PlanQK:Job:MultilineResult",
    "PlanQK:Job:MultilineResult is the fence of a block",
    "PlanQK:Job:Started",
    "PlanQK:Job:Started: soon",
    "PlanQK job results will be stored",
    "PlanQK Job Result 42",
    "INFO planqk.job.result: stored",
    "INFO waiting for PlanQK:Job:Result:",
    "did not find PlanQK:Job:Result:",
    "waiting for PlanQK:Job:MultilineResult",
    "fence = PlanQK:Job:MultilineResult",
    "planqk.service.main INFO hello",
    "planqk:job:result saved +3ms",
    "planqk:job:result:1234",
    "planqk job result: 42",
    'planqk_job_result_total{status="ok"} 42',
    "PLANQK_JOB_RESULT=1",
    "SET planqk:job:result:1234 OK",
    "import planqk.job.result",
    "Queue depth: 5 for SQL",
    "planqk:",
    "plank QK",
    "+ printf 'PlanQK:Job:Result: %s\\n' '{\"sum\":42}'",
    "+ python -c 'print(\"PlanQK:Job:Result:\", 42)'",
    "$ echo PlanQK:Job:Result: 42",
    'AssertionError: expected PlanQK:Job:Result: {"sum": 42}',
    ":Job:Result: 42",
]


@pytest.mark.parametrize("text", CLEAN)
def test_a_line_that_only_speaks_of_markers_is_clean(text: str) -> None:
    assert found(text) is None


MESSAGES = [
    ("    PlanQK:Job:Result: @", "the marker begins at column 5, after 4 spaces"),
    ("\tPlanQK:Job:Result: @", "the marker begins at column 2, after a tab"),
    (" \tPlanQK:Job:Result: @", "the marker begins at column 3, after white space"),
    (
        "  planqk:job:result: @",
        "the marker begins at column 3, after 2 spaces; it is not spelt PlanQK:Job:Result:, either",
    ),
    ("INFO PlanQK:Job:Result: @", "the marker begins at column 6, after a logger's prefix, 'INFO '"),
    (
        'event="PlanQK:Job:Result: 42"',
        "the marker begins at column 8, after a logger's record, 'event=\"'",
    ),
    ("+ echo PlanQK:Job:Result: @", "the marker begins at column 8, after a shell's trace, '+ echo '"),
    ("'PlanQK:Job:Result: 42'", 'the marker begins at column 2, after an opening quote, "\'"'),
    ("\ufeffPlanQK:Job:Result: @", "the marker begins at column 2, after a byte order mark (U+FEFF)"),
    (
        "50%\rPlanQK:Job:Result: @",
        "the marker begins at column 5, after text that ends with a carriage return",
    ),
    (
        "done.PlanQK:Job:Result: @",
        "the marker begins at column 6, after text that ends with 'done.' and no newline",
    ),
    (
        "\u200bPlanQK:Job:Result: @",
        "the marker begins at column 2, after the character U+200B (zero width space)",
    ),
    (
        "PlanQK:\u200bJob:Result: @",
        "the character U+200B (zero width space) stands in the marker, at column 8",
    ),
    ("PlanQK:Job:Result @", "no colon stands after PlanQK:Job:Result"),
    ("PlanQK:Job:Results: @", "'PlanQK:Job:Results:' is no marker; the nearest one is PlanQK:Job:Result:"),
    (
        "PlanQk:Job:Result: @",
        "'PlanQk:Job:Result:' differs from PlanQK:Job:Result: in upper and lower case",
    ),
    (
        "PlanQK:Job:MultilineResult: 1",
        "': 1' follows PlanQK:Job:MultilineResult, which must stand alone on its line",
    ),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_the_message_says_what_is_wrong(text: str, message: str) -> None:
    miss = judge(text.replace("@", VALUE))
    assert miss is not None
    assert miss.finding.message == message


@pytest.mark.parametrize("before", ["  ", "INFO ", "\x1b[1m", "\u200b"])
@pytest.mark.parametrize(
    ("marked", "call"),
    [
        ("PlanQK:Job:Result: 1", "print('PlanQK:Job:Result:', json.dumps(value), flush=True)"),
        ("PlanQK:Job:InterimResult: 1", "print('PlanQK:Job:InterimResult:', json.dumps(value), flush=True)"),
    ],
)
def test_the_advice_shows_how_to_print_this_marker(before: str, marked: str, call: str) -> None:
    miss = judge(before + marked)
    assert miss is not None
    assert call in miss.finding.advice


def test_the_advice_shows_how_to_print_a_block() -> None:
    miss = judge("PlanQK:Job:MultiLineResult")
    assert miss is not None
    fence = "'PlanQK:Job:MultilineResult'"
    call = f"print({fence}, json.dumps(value, indent=2), {fence}, sep='\\n', flush=True)"
    assert call in miss.finding.advice


FIXES = [
    ("    PlanQK:Job:Result: @", "PlanQK:Job:Result: @"),
    ("  planqk:job:result: @", "PlanQK:Job:Result: @"),
    ("\ufeffPlanQK:Job:Result: @", "PlanQK:Job:Result: @"),
    ("\x1b[32mPlanQK:Job:Result: @\x1b[0m", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:MultilineResult\x1b[0m", "PlanQK:Job:MultilineResult"),
    ("PlanQK:Job:MultilineResult\u00a0", "PlanQK:Job:MultilineResult"),
    ("PlanQK\uff1aJob\uff1aResult\uff1a @", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:\x1b[1mResult\x1b[0m: @", "PlanQK:Job:Result: @"),
    ("PLANQK:JOB:RESULT: @", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:interimresult @", "PlanQK:Job:InterimResult @"),
    ("PlanQK:Job:Results: @", None),
    ("planqk:job:result @", None),
    ("PlanQK:Job:Result @", None),
    ("INFO PlanQK:Job:Result: @", None),
    ("50%\rPlanQK:Job:Result: @", None),
    ("done.PlanQK:Job:Result: @", None),
    ("  PlanQK:Job:MultilineResult: @", None),
]


@pytest.mark.parametrize(("text", "mended"), FIXES)
def test_a_fix_is_given_where_it_is_certain(text: str, mended: str | None) -> None:
    data = text.replace("@", VALUE).encode()
    miss = judge(data)
    assert miss is not None
    fix = miss.finding.fix
    if fix is None:
        assert mended is None
    else:
        start = fix.place.offset - 1000
        fixed = data[:start] + fix.replacement.encode() + data[start + fix.place.length :]
        assert mended is not None
        assert fixed.decode() == mended.replace("@", VALUE)


ECHOES = [
    "+ echo 'PlanQK:Job:Result: {\"sum\": 42}'",
    "+ echo 'PlanQK:Job:Result:' '{\"sum\": 42}'",
    'INFO:root:PlanQK:Job:Result: {"sum": 42}',
    '[10:00:00] INFO PlanQK:Job:Result: {"sum": 42}     main.py:12',
    r'{"level":"info","msg":"PlanQK:Job:Result: {\"sum\": 42}","caller":"job.go:7"}',
    r"b'PlanQK:Job:Result: {\"sum\": 42}\n'",
    '\x1b[1mPlanQK:Job:Result:\x1b[0m {"sum":42}\x1b[0m',
    '    PlanQK:Job:Result: {"sum": 42}',
    'read: PlanQK:Job:Result: {"sum": 42}',
]


@pytest.mark.parametrize("text", ECHOES)
def test_a_copy_of_a_marked_line_has_its_key(text: str) -> None:
    miss = judge(text)
    assert miss is not None
    assert miss.echo == echo_key(b'PlanQK:Job:Result: {"sum": 42}')
    assert miss.echo != echo_key(b'PlanQK:Job:Result: {"sum": 43}')
    assert miss.echo != echo_key(b'PlanQK:Job:InterimResult: {"sum": 42}')


@pytest.mark.parametrize(
    "text",
    [
        '50%\rPlanQK:Job:Result: {"sum": 42}',
        'planqk:job:result: {"sum": 42}',
        "  PlanQK:Job:MultilineResult",
        "INFO PlanQK:Job:MultilineResult",
    ],
)
def test_a_line_that_is_no_copy_has_no_key(text: str) -> None:
    miss = judge(text)
    assert miss is not None
    assert not miss.echo


def test_a_trace_of_a_fence_is_a_copy() -> None:
    miss = judge("+ echo PlanQK:Job:MultilineResult")
    assert miss is not None
    assert miss.echo == echo_key(b"PlanQK:Job:MultilineResult")


def test_the_key_of_a_long_line_is_bounded() -> None:
    value = b'PlanQK:Job:Result: {"values": [' + b'"a", ' * 100_000
    assert len(echo_key(value)) < 4096
    miss = judge(b"INFO " + value[:8000])
    assert miss is not None
    assert miss.echo == echo_key(value)


def test_the_beginning_of_a_long_line_may_be_missing() -> None:
    line = Line(f"x PlanQK:Job:Result: {VALUE}".encode(), 3, 9000, column=9001)
    miss = near_miss(line, in_block=False)
    assert miss is not None
    assert miss.finding.rule == "marker-glued"
    assert (miss.finding.column, miss.finding.offset) == (9001, 9000)
    for text, rule in (
        (b"PlanQK:Job:Result: {}", "marker-glued"),
        (b"PlanQK:Job:MultilineResult", "marker-glued"),
        (b"100%\rPlanQK:Job:Result: {}", "marker-after-carriage-return"),
    ):
        miss = near_miss(Line(text, 3, 9000, column=9001), in_block=True)
        assert miss is not None
        assert miss.finding.rule == rule


def test_no_fix_where_the_end_of_a_line_is_not_held() -> None:
    miss = near_miss(Line(b"  PlanQK:Job:Result: {", 1, 0, is_end=False), in_block=False)
    assert miss is not None
    assert miss.finding.fix is None


HARD = [
    *(
        "Q",
        "planq ",
        "PlanQK:Job:",
        ":Job:",
        "plan qk:job:",
        "pl",
        "p",
        ": ",
        ":\tjob",
        "a1 ",
        "[x",
        "a.b:",
        "a(",
        "1.",
    ),
    *(
        " ",
        "\u200b",
        "\r",
        "\r\x1b[K",
        "\x1b[1",
        "\x1b]0;",
        "+ ",
        "2026-01-01 ",
        '"msg":"',
        "msg=",
        "the ",
        '\\"',
        "INFO ",
    ),
]


@pytest.mark.parametrize("piece", HARD)
def test_the_time_grows_with_the_length_of_a_line(piece: str) -> None:
    def seconds(size: int) -> float:
        line = Line((piece * (size // len(piece)) + f"PlanQK:Job:Result: {piece * 9}").encode(), 1, 0)
        return min(timeit.repeat(lambda: near_miss(line, in_block=False), number=1, repeat=3))

    # 16 times as long; quadratic, it would take 256 times as much.
    assert seconds(1 << 16) < 100 * seconds(1 << 12)


STAMPS = st.datetimes().flatmap(
    lambda time: st.sampled_from(
        [
            time.isoformat(timespec="milliseconds"),
            time.isoformat(timespec="seconds") + "Z",
            time.strftime("%H:%M:%S"),
            f"{time:%m/%d/%y %H:%M:%S}",
            f"{time.year:04}-{time:%m-%d %H:%M:%S},{time.microsecond // 1000:03}",
            f"{time.year:04}/{time:%m/%d %H:%M:%S}",
            f"{time:%b} {time.day:2} {time:%H:%M:%S}",
        ]
    )
)
LEVELS = st.sampled_from(["INFO", "DEBUG", "WARNING", "ERROR", "info", "WARN ", "Info"])
NAMES = st.from_regex(
    r"(job|main|worker)[a-z_]{0,8}(\.[A-Z]?[a-z]{1,8}){0,2}(:[1-9][0-9]{0,3})?", fullmatch=True
)


@st.composite
def prefixes(draw: st.DrawFn) -> str:
    """A logger's prefix: a level or a time stamp, or both, and often a name."""
    marks = draw(st.sampled_from([[STAMPS], [LEVELS], [STAMPS, LEVELS], [LEVELS, STAMPS]]))
    parts = [draw(mark) for mark in marks]
    if draw(st.booleans()):
        parts = [f"[{part}]" for part in parts]
    if draw(st.booleans()):
        parts.append(draw(NAMES))
    separator = draw(st.sampled_from([" - ", " | ", " ", "\t", ": "]))
    return separator.join(parts) + draw(st.sampled_from([separator, ": ", "> ", " - "]))


@given(prefixes())
def test_the_prefix_of_any_logger_is_found(prefix: str) -> None:
    assert found(f"{prefix}PlanQK:Job:Result: 42") == ("marker-prefixed", 1, len(prefix))
    assert found(f"{prefix}printing PlanQK:Job:Result: now") is None


PIECES = st.sampled_from(
    [
        *(
            "PlanQK",
            "Job",
            "Result",
            "InterimResult",
            "MultilineResult",
            ":",
            "PlanQK:Job:",
            "planqk",
            "results",
        ),
        *(
            " ",
            "\t",
            "\r",
            "\x1b[31m",
            "\ufeff",
            "\u200b",
            "\uff1a",
            "\u0430",
            '"',
            "'",
            "b'",
            "{",
            "}",
            "[1]",
            "\\",
        ),
        *(
            "INFO ",
            "2026-01-01 10:00:00 ",
            '{"msg":"',
            "+ echo ",
            "42",
            "=",
            ".",
            "done",
            "\x1b",
            "msg=",
            "PlanQK:Job:Result:",
        ),
    ]
)
LINES = st.one_of(
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()),
    st.tuples(st.lists(PIECES, max_size=6), st.binary(max_size=8), st.lists(PIECES, max_size=6)).map(
        lambda parts: "".join(parts[0]).encode() + parts[1] + "".join(parts[2]).encode()
    ),
).map(lambda data: data.replace(b"\n", b""))


@given(LINES, st.booleans(), st.sampled_from([1, 9001]), st.booleans())
@example(b"\xffPlanQK:Job:Result: 42", False, 1, True)
@example(b"  PlanQK:Job:Result: \xff\x1b[0m", False, 1, True)
def test_any_line_is_judged_and_its_place_is_in_the_line(
    data: bytes, in_block: bool, column: int, is_end: bool
) -> None:
    miss = near_miss(Line(data, 7, 1000, column, is_end), in_block=in_block)
    if miss is None:
        return
    place, fix = miss.finding.place, miss.finding.fix
    assert place is not None
    assert miss.finding.rule in IDS
    assert place.line == 7
    assert 1000 <= place.offset <= place.offset + place.length <= 1000 + len(data)
    assert column <= place.column <= column + len(data)
    assert len(miss.finding.message) < 1000
    assert miss.finding.message.isprintable()
    if fix is not None:
        assert 1000 <= fix.place.offset <= fix.place.offset + fix.place.length <= 1000 + len(data)
        start = fix.place.offset - 1000
        fixed = data[:start] + fix.replacement.encode() + data[start + fix.place.length :]
        assert fixed.startswith(b"PlanQK:Job:")
        assert near_miss(Line(fixed, 7, 1000), in_block=False) is None


@given(st.sampled_from(["Result: ", "InterimResult: ", "InterimResult", "MultilineResult "]), LINES)
def test_a_marked_line_is_none_of_them(kind: str, rest: bytes) -> None:
    data = b"PlanQK:Job:" + kind.encode() + (b"" if kind.startswith("Multi") else rest)
    assert near_miss(Line(data, 1, 0), in_block=False) is None
