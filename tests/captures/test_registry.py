"""The table of formats, and what is common to all of them."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import (
    CaptureNotice,
    Chunk,
    Decoder,
    NoticeKind,
    Stream,
    decoder,
    detect,
    formats,
)
from planqk_protocol.captures.stamps import nanoseconds, rfc3339
from planqk_protocol.errors import DecoderClosedError
from planqk_protocol.testing import writers
from planqk_protocol.testing.capture import MODELS

PRINTED = [("stdout", b"starting\n"), ("stderr", b"careful\n"), ("stdout", b"x" * 20_000)]


@pytest.mark.parametrize("format_id", formats())
def test_a_format_says_what_it_is(format_id: str) -> None:
    item = formats()[format_id]
    assert item.id == format_id
    assert item.title
    assert item.source
    assert item.loses


def test_raw_comes_first() -> None:
    assert next(iter(formats())) == "raw"


@pytest.mark.parametrize(
    "format_id", sorted(set(MODELS) - {"kubectl-logs", "docker-logs-timestamps", "docker-logs-details"})
)
def test_captures_are_recognised(format_id: str) -> None:
    capture = MODELS[format_id][0].write(PRINTED)
    assert detect(capture[:4096]) == format_id
    assert detect(capture) == format_id


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "raw"),
        (b"starting\n", "raw"),
        (b'{"log": "of the job"}\n', "raw"),
        (b'{"log":"of the job"}\n', "raw"),
        (b'{"level":"info","MESSAGE":"x"}\n', "raw"),
        (b'{"_PID":"1","MESSAGE":"xxx', "journald-json"),
        (b'{"MESSAGE":"x","_BOOT_ID":"1"}\n', "journald-json"),
        (b"name | value\n", "raw"),
        (b"2024-05-01 10:00:00 starting\n", "raw"),
        (b"2024-05-01T10:00:00Z starting\n", "raw"),
        (b"\0\0\0\0\0\0\0\0\0", "raw"),
        (b'\0\0\n{"log":"a', "docker-json-file"),
        (b'{"log":"a\\', "docker-json-file"),
        (b'{"stream":"stdout","time":"t"}\n', "docker-json-file"),
        (b"job-1  | a\n", "compose-logs"),
        (b"[pod/a/b] x\n", "kubectl-logs"),
        (b"2024-05-01T10:00:00.000000001+02:00 x\n", "kubectl-logs"),
        (b"2024-05-01T10:00:00.000000001Z x\n", "docker-logs-timestamps"),
        (b"2024-05-01T10:00:00.000000001Z  x\n", "docker-logs-details"),
        (b"2024-05-01T10:00:00.000000001Z level=info msg=x\n", "docker-logs-timestamps"),
        (b"2024-05-01T10:00:00.000000001Z printed by the job\nPlanQK:Job:Result: 1\n", "raw"),
        (
            b"2024-05-01T10:00:00.000000001Z x\n2024-05-01T10:00:00.000000001Z y\n2024",
            "docker-logs-timestamps",
        ),
        (b"[pod/a/b] x\nother\n", "raw"),
        (b'data: {"__CURSOR":"s"', "journald-json"),
    ],
)
def test_what_looks_like_a_capture_and_what_does_not(head: bytes, expected: str) -> None:
    assert detect(head) == expected


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no capture format 'syslog'; choose one of raw, compose-logs"):
        decoder("syslog")


@pytest.mark.parametrize("format_id", formats())
def test_misuse_raises(format_id: str) -> None:
    subject = decoder(format_id)
    with pytest.raises(TypeError, match="not str; open the file in binary mode"):
        subject.feed("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not NoneType$"):
        subject.feed(None)  # type: ignore[arg-type]
    assert subject.feed(b"") == []
    assert subject.close() == []
    assert subject.close() == []
    with pytest.raises(DecoderClosedError, match=r"^feed\(\) after close"):
        subject.feed(b"")
    with pytest.raises(DecoderClosedError, match=r"^end_of_file\(\) after close"):
        subject.end_of_file()


def test_chunks_are_copied() -> None:
    subject = decoder("cri")
    data = bytearray(writers.containerd([("stdout", b"a\n")]))
    half = len(data) - 3
    subject.feed(memoryview(data)[:half])
    rest = bytes(data[half:])
    data[:] = b"x" * len(data)
    (chunk,) = subject.feed(rest)
    assert isinstance(chunk, Chunk)
    assert chunk.data == b"a\n"


@pytest.mark.parametrize("format_id", formats())
def test_a_format_has_a_decoder(format_id: str) -> None:
    assert isinstance(decoder(format_id), Decoder)


def test_a_repr_shows_the_beginning() -> None:
    assert repr(Chunk(Stream.STDOUT, b"a")) == "Chunk(stdout, b'a')"
    assert (
        repr(Chunk(Stream.STDERR, b"x" * 61, suspect=True)) == f"Chunk(stderr, {b'x' * 60!r}…(+1), suspect)"
    )


def test_a_notice_concerns_its_stream() -> None:
    notice = CaptureNotice(NoticeKind.GAP, 1, 0, "", Stream.STDERR)
    assert notice.concerns(Stream.STDERR)
    assert not notice.concerns(Stream.STDOUT)
    assert CaptureNotice(NoticeKind.GAP, 1, 0, "").concerns(Stream.STDOUT)
    assert not CaptureNotice(NoticeKind.REPAIRED, 1, 0, "").concerns(Stream.STDOUT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.1Z", 100_000_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T00:00:00.1234567899Z", 123_456_789),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T22:30:00.5-01:30", 500_000_000),
        ("1969-12-31T23:59:59.9Z", -100_000_000),
        ("12", 12_000),
        ("", None),
        ("1970-01-01", None),
        ("1970-13-01T00:00:00Z", None),
        ("１970-01-01T00:00:00Z", None),
    ],
)
def test_nanoseconds(text: str, expected: int | None) -> None:
    assert nanoseconds(text) == expected


def test_a_time_beyond_all_calendars_has_no_text() -> None:
    assert rfc3339(10**30) is None
    assert rfc3339(0) == "1970-01-01T00:00:00.000000000Z"
