"""Streams that are no text in UTF-8: another encoding, or an archive."""

from __future__ import annotations

import codecs
import re

from planqk_protocol.captures.sniffing import UTF16_EVIDENCE, UTF16_FAULT, UTF32_FAULT, is_text_in
from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.finding import Finding, Place
from planqk_protocol.diagnosis.line import Line, finding

__all__ = ["ENOUGH", "archive_finding", "encoding_finding"]

ENOUGH = 512
"""Number of bytes at the beginning of a stream that tell an archive."""

# The first bytes of files that are taken for logs by mistake. Sources: RFC 1952 (gzip), RFC 8878 (Zstandard),
# "The .xz File Format" 2.1.1.1, bzip2's `compress.c` (the digits of pi, or of its root if the file is empty),
# PKWARE's APPNOTE 4.3 (zip), POSIX.1-2017 `pax` (ustar), POSIX's and GNU's `ar.h`, the System V ABI (ELF),
# Microsoft's "PE Format", Apple's `mach-o/loader.h`, ISO 32000-1 7.5.2 (PDF), 7-Zip's `7zFormat.txt`,
# RARLAB's "RAR 5.0 archive format", "LZ4 Frame Format", RFC 2083 (PNG), ISO/IEC 10918-1 B.1.1 (JPEG),
# SQLite's "Database File Format" 1.3.1, the HDF5 File Format Specification II.A, NumPy's NEP 1.
_ARCHIVES = (
    ("a gzip file", rb"\x1f\x8b\x08"),
    ("a Zstandard file", rb"\x28\xb5\x2f\xfd"),
    ("an xz file", rb"\xfd7zXZ\0"),
    ("a bzip2 file", rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)"),
    ("a zip archive", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"),
    ("a 7z archive", rb"7z\xbc\xaf\x27\x1c"),
    ("a RAR archive", rb"Rar!\x1a\x07"),
    ("an LZ4 file", rb"\x04\x22\x4d\x18"),
    ("a tar archive", rb".{257}ustar(?:\x0000|  \0)"),
    ("a package or a library (ar)", rb"!<arch>\n"),
    ("a program for Linux (ELF)", rb"\x7fELF"),
    ("a program for Windows (PE)", rb"MZ.\0.{56,440}?PE\0\0"),
    ("a program for macOS (Mach-O)", rb"[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf]"),
    ("a PDF document", rb"%PDF-[0-9]\.[0-9]"),
    ("a PNG image", rb"\x89PNG\r\n\x1a\n"),
    ("a JPEG image", rb"\xff\xd8\xff"),
    ("an SQLite database", rb"SQLite format 3\0"),
    ("an HDF5 file", rb"\x89HDF\r\n\x1a\n"),
    ("a NumPy file", rb"\x93NUMPY"),
)
# One pattern with a group for each of them is compiled faster than one for each.
_ANY_ARCHIVE = re.compile(b"|".join(b"(%b)" % beginning for _, beginning in _ARCHIVES), re.DOTALL)

_MARKS = {  # those of UTF-32 first, as one of them begins like one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_WIDTHS = {encoding: len("x".encode(encoding)) for encoding in _MARKS.values()}
_FAULTS = {2: UTF16_FAULT, 4: UTF32_FAULT}  # by the width of an ASCII character
_LEAST_ASCII = 0.75  # of a text without a mark: names that are separated by NULs have less


def archive_finding(head: bytes) -> Finding | None:
    r"""Judge the first bytes of a stream: the finding if they are an archive or a program.

    Args:
        head: The first bytes; no more than `ENOUGH` count.

    >>> archive_finding(b"PK\x03\x04").message
    'this is a zip archive, not a log'
    """
    match = _ANY_ARCHIVE.match(head)
    if not (match and match.lastindex):
        return None
    name, _ = _ARCHIVES[match.lastindex - 1]
    rule = rules.RULES["archive-not-log"]
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=f"this is {name}, not a log",
        advice=rule.advice,
        place=Place(1, 1, 0, match.end()),
    )


def encoding_finding(line: Line) -> Finding | None:
    """Judge a line: the finding if it is text in UTF-16 or UTF-32.

    The finding stands at the byte order mark, if there is one, else at the line.
    Only the first such line of a stream is worth a finding.

    Args:
        line: The line. Only in the first line of a stream a byte order mark counts.
    """
    head = line.data[:UTF16_EVIDENCE]
    if b"\0" not in head:  # ASCII has NULs in these encodings, and some of the characters must be ASCII
        return None
    encoding, length = _by_mark(head) if line.offset == 0 else (None, 0)
    if encoding is None:
        encoding, length = _without_mark(head), len(line.data)
    if encoding is None:
        return None
    width, rule = _WIDTHS[encoding], rules.RULES["wrong-encoding"]
    advice = rule.advice.replace("UTF-16", f"UTF-{8 * width}")  # the rule shows the more common one
    return finding(rule, line, line.place(0, length), f"the text {_FAULTS[width]}", advice=advice)


def _by_mark(head: bytes) -> tuple[str | None, int]:
    """The encoding of a text that begins with a byte order mark, and the size of the mark."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark) and is_text_in(encoding, head[len(mark) :], least=2):
            return encoding, len(mark)
    return None, 0


def _without_mark(head: bytes) -> str | None:
    """The encoding of a line without a byte order mark.

    A line is bounded by bytes that are LF. In these encodings, NULs of an LF stand
    before that byte or after it. So the line may begin with the rest of an LF, and
    end within one.
    """
    for encoding, width in _WIDTHS.items():
        for rest in range(width):
            if is_text_in(encoding, head[rest:], least_ascii=_LEAST_ASCII):
                return encoding
    return None
