"""Streams that are no text in UTF-8: which files are told, and which text is in another encoding."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.diagnosis.encodings import ENOUGH, archive_finding, encoding_finding
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.rules.encodings import RULES

LOG = b'reading the input\nPlanQK:Job:Result: {"sum": 42}\n'


def a_zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("job.log", LOG)
    return archive.getvalue()


def a_tar(format_: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=format_) as content:
        member = tarfile.TarInfo("job.log")
        member.size = len(LOG)
        content.addfile(member, io.BytesIO(LOG))
    return archive.getvalue()


FILES = {
    "gzip": gzip.compress(LOG),
    "xz": lzma.compress(LOG),
    "bzip2": bz2.compress(LOG),
    "bzip2 ": bz2.compress(b""),
    "zip": a_zip(),
    "tar": a_tar(tarfile.GNU_FORMAT),
    "tar ": a_tar(tarfile.USTAR_FORMAT),
    "tar  ": a_tar(tarfile.PAX_FORMAT),
    "ELF": Path(sys.executable).resolve().read_bytes()[:1000],
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "Zstandard": bytes.fromhex("28b52ffd2004210000") + b"logs",
    "7z": b"7z\xbc\xaf\x27\x1c\0\x04",
    "ar": b"!<arch>\ndebian-binary   ",
    "PE": b"MZ\x90\0" + bytes(124) + b"PE\0\0",
    "Mach-O": b"\xcf\xfa\xed\xfe\x07\0\0\x01",
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_log_is_named(kind: str) -> None:
    data = FILES[kind]
    found = archive_finding(data[:ENOUGH])
    assert found
    assert found.rule == "archive-not-log"
    assert kind.strip() in found.message
    assert (found.line, found.column, found.offset) == (1, 1, 0)
    assert found.length
    # So many bytes are enough, and fewer tell nothing wrong.
    assert archive_finding(data[: found.length]) == found
    assert archive_finding(data[: found.length - 1]) is None


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\n", LOG, b"PK\n", b"PK1234", b"BZh9 was an archive\n", b"MZ\n", b"PDF-1.7\n", b"%PDF-a\n"),
        *(
            b"%!PS\n",
            b"7z a job.7z\n",
            b"ELF\n",
            b"Rar!\n",
            b"ustar\n" * 90,
            b"\xef\xbb\xbflog\n",
            b"\x1b[0m",
        ),
        *(
            bytes([1, 0, 0, 0, 0, 0, 0, 4]) + b"log\n",
            b"\0\0\0\x09\n\x06stdout",
            b"x" * 257 + b"ustar is tar\n",
        ),
    ],
)
def test_a_log_is_no_archive(head: bytes) -> None:
    assert archive_finding(head) is None


@given(st.text())
def test_no_text_is_an_archive(text: str) -> None:
    found = archive_finding(text.encode(errors="replace")[:ENOUGH])
    assert found is None or text.startswith(
        ("%PDF-", "PK\x03", "PK\x05", "PK\x07", "\x7fELF", "SQLite format 3\0", "!<arch>", "MZ")
    )


def lines(stream: bytes) -> list[Line]:
    """The lines of a stream, as a diagnosis sees them."""
    found, offset = [], 0
    for number, raw in enumerate(stream.split(b"\n"), 1):
        found.append(Line(raw.removesuffix(b"\r"), number, offset))
        offset += len(raw) + 1
    return found


TEXT = "reading the input\r\nfor the Größe α = 2\nPlanQK:Job:Result: {}\r\nend\n"
ENCODINGS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_with_a_byte_order_mark_is_found_at_the_mark(encoding: str) -> None:
    mark = "\ufeff".encode(encoding)
    found = encoding_finding(lines(mark + TEXT.encode(encoding))[0])
    assert found
    assert (found.rule, found.line, found.column) == ("wrong-encoding", 1, 1)
    assert (found.offset, found.length) == (0, len(mark))
    assert f"is in {encoding[:6].upper()}" in found.message
    assert f"iconv -f {encoding[:6].upper()} -t UTF-8" in found.advice


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_line_of_text_without_a_mark_is_found(encoding: str) -> None:
    for line in lines(b"in ASCII\n" + TEXT.encode(encoding))[1:4]:
        found = encoding_finding(line)
        assert found
        assert found.place == line.place(0, len(line.data))
        assert f"is in {encoding[:6].upper()}" in found.message


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"",
            b"\0",
            b"\0\0\0\0\0\0\0\0",
            b"log",
            b"./a\0./b\0./c\0",
            b"\0" * 300,
            b"a\0b",
            b"abc\0def\0ghi",
        ),
        *(
            "größer".encode("latin-1"),
            "größer".encode(),
            "日本語のログ".encode(),
            b"\xff\xfe",
            b"\xff\xfex\0",
        ),
        *(b"HOME=/\0PATH=/bin\0", bytes(range(256)), b"\xfe\xff\x80\0", b"\x01\x00\x02\x00\x03\x00\x04\x00"),
    ],
)
@pytest.mark.parametrize("offset", [0, 10])
def test_other_lines_are_not(line: bytes, offset: int) -> None:
    assert encoding_finding(Line(line, 1 if offset == 0 else 2, offset)) is None


def test_a_byte_order_mark_within_a_stream_is_none() -> None:
    data = "\ufeffPlanQK:Job".encode("utf-16-le")
    found = encoding_finding(Line(data, 2, 10))
    assert found
    assert found.length == len(data)  # it is text in UTF-16 all the same


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_text_in_utf_8_is_not(text: str) -> None:
    assert encoding_finding(Line(text.encode(), 1, 0)) is None


@given(st.binary(max_size=600), st.integers(0, 3))
def test_any_line_is_judged(data: bytes, offset: int) -> None:
    found = encoding_finding(Line(data, 1, offset))
    assert found is None or found.rule == "wrong-encoding"


def test_the_examples_are_judged_as_they_say() -> None:
    for rule in RULES:
        for example in rule.wrong:
            archive = archive_finding(example.stdout)
            found = [archive] if archive else [encoding_finding(line) for line in lines(example.stdout)]
            assert rule.id in {finding.rule for finding in found if finding}
        for example in rule.right:
            assert archive_finding(example.stdout) is None
            assert not any(encoding_finding(line) for line in lines(example.stdout))
