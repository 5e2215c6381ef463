"""Findings about lines that engines cut into pieces."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import formats
from planqk_protocol.diagnosis.values import PIECE, SPLITTING
from tests.diagnosis.findings_of_values import FENCE, MOST, RESULT, findings, texts


def line_of(size: int, character: bytes, at: int) -> bytes:
    """A result line of so many bytes without its LF, and with a character at an offset."""
    line = RESULT + b'"' + b"x" * (at - len(RESULT) - 1) + character
    return line + b"x" * (size - len(line) - 1) + b'"'


@pytest.mark.parametrize("character", ["é", "€", "😀"])
@pytest.mark.parametrize("cut", [PIECE, 3 * PIECE])
def test_a_character_at_a_cut_of_docker_is_found(character: str, cut: int) -> None:
    data = character.encode()
    for before in range(len(data) + 1):
        line = line_of(4 * PIECE, data, cut - before)
        for stream in (line, b"first\n" + line + b"\n", b"ends in CRLF\r\n" + line + b"\r\n"):
            found = findings(stream)
            if 0 < before < len(data):
                (only,) = found
                assert only.rule == "non-ascii-long-line"
                assert texts(found, only.rule, stream) == [data]
                assert only.column == cut - before + 1
            else:
                assert found == []


def test_a_line_has_one_such_finding_and_an_event_ten() -> None:
    text = "€".encode() * 20_000
    assert len(findings(RESULT + b'"' + text + b'"')) == 1
    stream = FENCE + b"[" + b",\n".join([b'"' + text + b'"'] * 12) + b"]\n" + FENCE
    found = findings(stream)
    assert [finding.line for finding in found] == list(range(2, 2 + MOST))


def test_lines_are_measured_by_themselves() -> None:
    lines = b",\n".join([b'"' + "é".encode() * 8000 + b'"'] * 20)
    assert findings(FENCE + b"[\n" + lines + b"]\n" + FENCE) == []


def in_cri(output: bytes) -> bytes:
    records = []
    for line in output.splitlines(keepends=True):
        for at in range(0, len(line), PIECE):
            piece = line[at : at + PIECE]
            tag = b"F" if piece.endswith(b"\n") else b"P"
            records.append(b"2024-05-01T10:00:00Z stdout " + tag + b" " + piece.rstrip(b"\n") + b"\n")
    return b"".join(records)


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 5 * PIECE])
def test_a_line_over_16_kib_is_found_in_captures_only(size: int) -> None:
    line = line_of(size, b"", 40) + b"\n"
    assert findings(line) == []
    found = findings(in_cri(b"log\n" + line), "cri")
    if size <= PIECE:
        assert found == []
    else:
        (only,) = found
        assert (only.rule, only.line, only.column) == ("line-over-16k", 2, PIECE + 1)
        assert (only.offset, only.length) == (4 + PIECE, size - PIECE)


def test_log_lines_over_16_kib_have_no_finding() -> None:
    assert findings(in_cri(b"x" * 3 * PIECE + b"\n" + RESULT + b"1\n"), "cri") == []


def test_a_line_over_16_kib_begins_to_be_too_long_with_a_whole_character() -> None:
    line = line_of(2 * PIECE, "€".encode(), PIECE - 1)
    found = findings(in_cri(line + b"\n"), "cri")
    assert [finding.rule for finding in found] == ["non-ascii-long-line", "line-over-16k"]
    assert [finding.offset for finding in found] == [PIECE - 1] * 2


def test_the_formats_that_split_lines_are_formats() -> None:
    assert set(formats()) - SPLITTING == {"raw", "docker-mux", "planqk-log"}
    assert set(formats()) >= SPLITTING
