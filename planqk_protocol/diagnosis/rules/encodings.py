"""Rules about streams that are no text in UTF-8."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = ["RULES"]

_TEXT = 'reading the input\r\nPlanQK:Job:Result: {"sum": 42}\r\n'

_ARCHIVE_NOT_LOG = Rule(
    id="archive-not-log",
    severity=Severity.ERROR,
    summary="this is an archive, or another file that is no text",
    why="The first bytes are those of a compressed file, an archive or a program, and not of a log. Files in "
    "gzip and Zstandard are unpacked on the way; the others are not.",
    advice="If it is an archive, unpack it, and read the log file in it. Otherwise, give the file that holds "
    "the standard output of the job.",
    wrong=(
        Example(b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01"),
        Example(b"PK\x03\x04\x14\0\0\0\x08\0job.log"),
    ),
    right=(
        Example(b'reading the input\nPlanQK:Job:Result: {"sum": 42}\n'),
        Example(b"PK is not the beginning of an archive\nPlanQK:Job:Result: 42\n"),
        Example(b"BZh9 is not, either\nPlanQK:Job:Result: 42\n"),
    ),
)

_WRONG_ENCODING = Rule(
    id="wrong-encoding",
    severity=Severity.ERROR,
    summary="the text is in UTF-16 or UTF-32",
    why="Markers are found by their bytes, and these are different in UTF-16 and UTF-32, so no line is "
    "marked. Often, the log was saved by `>` of Windows PowerShell, which writes UTF-16, or by an editor.",
    advice="Print in UTF-8: in Python, set PYTHONIOENCODING=utf-8. If only the saved log is in UTF-16, "
    "convert it: `iconv -f UTF-16 -t UTF-8 job.log`.",
    wrong=(
        Example(_TEXT.encode("utf-16-le")),
        Example(("\ufeff" + _TEXT).encode("utf-16-le")),
        Example(("\ufeff" + _TEXT).encode("utf-32-be")),
        Example(b"starting\n" + _TEXT.encode("utf-16-be")),
    ),
    right=(
        Example(_TEXT.encode()),
        Example("größer\nPlanQK:Job:Result: 42\n".encode("latin-1")),
    ),
)

RULES: tuple[Rule, ...] = (_ARCHIVE_NOT_LOG, _WRONG_ENCODING)
