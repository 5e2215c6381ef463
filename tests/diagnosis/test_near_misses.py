"""Near misses: which lines are nearly marked, and where they are wrong."""

from __future__ import annotations

import pytest

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import echo_key, near_miss
from planqk_protocol.emit import log_line
from tests.diagnosis.judging import VALUE, found, judge

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


@pytest.mark.parametrize("end", ["x: ", "\r"])
def test_of_a_long_text_before_a_marker_the_end_is_shown(end: str) -> None:
    text = "50%|###  | " * 20 + end
    rule = "marker-after-carriage-return" if end == "\r" else "marker-glued"
    assert found(f"{text}PlanQK:Job:Result: {VALUE}") == (rule, len(text) - 19, 20)


def test_the_place_in_the_source_code_that_a_logger_writes_after_the_value_is_no_sentence() -> None:
    line = "[10:00:00] INFO     PlanQK:Job:Result: 42              service.py:5"
    assert found(line) == ("marker-prefixed", 1, 20)


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


@pytest.mark.parametrize(
    "text", ["Result: 42", "Result:", "InterimResult: {}", "InterimResult {}", "MultilineResult"]
)
def test_log_text_of_an_emitter_is_no_near_miss(text: str) -> None:
    [protected] = log_line(f"PlanQK:Job:{text}").decode().splitlines()
    assert found(protected) is None
    assert found(protected, in_block=True) is None
    later = Line(protected.encode(), 1, 9000, column=9001)
    assert (near_miss(later, in_block=False) is None) == (found(f"x{protected}") is None)


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


@pytest.mark.parametrize(
    ("before", "said", "advice"),
    [
        ("\0" * 9, "after NUL bytes", "Let the job append to the file"),
        ("\1\0\0\0\0\0\0#", "text that ends with", "name the format docker-mux"),
        ("x\0\0\0\0", "text that ends with", "Print the marker at the beginning of a line"),
    ],
)
def test_the_job_is_not_blamed_for_what_it_did_not_print(before: str, said: str, advice: str) -> None:
    miss = near_miss(Line(f"{before}PlanQK:Job:Result: 42".encode(), 1, 0), in_block=False)
    assert miss
    assert said in miss.finding.message
    assert advice in miss.finding.advice


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
