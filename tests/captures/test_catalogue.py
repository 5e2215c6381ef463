"""The table of formats, and what is common to all of them."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures import (
    CaptureNotice,
    Chunk,
    Decoder,
    NoticeKind,
    Source,
    StdStream,
    decoder,
    detect,
    formats,
)
from planqk_protocol.captures.timestamps import nanoseconds, rfc3339
from planqk_protocol.errors import DecoderClosedError
from planqk_protocol.testing import engine_writers
from planqk_protocol.testing.models import MODELS

WRITE = {format_id: models[-1].write for format_id, models in MODELS.items()}
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
        (b'{"_META":1}\n', "raw"),
        (b'"MESSAGE":"x', "raw"),
        (b',"log":"x', "raw"),
        (b'{"_META":"1', "raw"),
        (b'{"MESSAGE":"hi","LEVEL":"INFO"}\n', "raw"),
        (b'{"MESSAGE":"hi","_BOOT_ID":1}\n', "raw"),
        (b'{"__CURSOR":"a"} and more\n', "raw"),
        (b'{"_BOOT_ID', "raw"),
        (b'{"_PID":"1","MESSAGE":"xxx', "journald-json"),
        (b'{"MESSAGE":"xxx', "journald-json"),
        (b'{"MESSAGE":[1', "journald-json"),
        (b'{"MESSAGE":nul', "journald-json"),
        (b'{"LABEL":"a","MESSAGE":"x\\', "journald-json"),
        (b'{"MESSAGE":"x","_BOOT_ID":"1"}\n', "journald-json"),
        (b"name | value\n", "raw"),
        (b"2024-05-01 10:00:00 starting\n", "raw"),
        (b"2024-05-01T10:00:00Z starting\n", "raw"),
        (b"\0\0\0\0\0\0\0\0\0", "raw"),
        (b'\0\0\n{"log":"a', "docker-json-file"),
        (b'{"log":"a\\', "docker-json-file"),
        (b'{"log":', "raw"),
        (b'{"log', "raw"),
        (b"{}", "raw"),
        (b"{}\n", "raw"),
        (b'{"log":"a","stream":"stdout","time":"t"', "docker-json-file"),
        (b'{"log":"a","stream":"stdout","level":"in', "raw"),
        (b'{"log":"a","stream":"stdout","level":"info"}\n', "raw"),
        (b'{"log":{"a":[{}]},"stream":"stdout"\n', "raw"),
        (b'{"log":"a","stream":"stdin"}\n', "raw"),
        (b'{"log":"a","stream":"stdout"} and more\n', "raw"),
        (b'{"log":"a","stream":"stdout"} {"log":"b', "docker-json-file"),
        (b'{"log":"a","stream":"stdout","time":"t"}\0\0', "docker-json-file"),
        (b'{"stream":"stdout","time":"t"}\n', "docker-json-file"),
        (b'{"stream":"stdout","time":"t"}\r\n', "docker-json-file"),
        (b'{"stream":"stdout","text":"t"}\n', "raw"),
        (b'{"stream":"stdout","text":"t', "raw"),
        (b'{"stream":"stdout"}\n', "raw"),
        (
            b'{ "attrs": {"a":"}","b":"{"}, "log": "a", "stream": "stderr", "time": "t" }\n',
            "docker-json-file",
        ),
        (b"job-1  | a\n", "compose-logs"),
        (b"job-1  | a\nother | b\n\n\x1b[Kjob-1 exited with code 0\n", "compose-logs"),
        (b"Attaching to job-1, db\ndb | a\n", "compose-logs"),
        (b"Attaching to the database\nready\n", "raw"),
        (b"job-1 | a\nPlanQK:Job:Result: 1\n", "raw"),
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


FILLER = st.lists(st.sampled_from([b"\xef\xbb\xbf", b"\0" * 100_000, b"\n", b" \t\r\n"]), max_size=3).map(
    b"".join
)
IN_RECORDS = ["docker-json-file", "cri", "journald-json", "planqk-log"]
IN_LINES = [*IN_RECORDS, "docker-logs-timestamps", "kubectl-logs", "compose-logs"]
WHOLE_LINES = [("stdout", b"starting\n"), ("stdout", b"done\n")]


@pytest.mark.parametrize("format_id", IN_RECORDS)
@given(filler=FILLER)
def test_what_stands_before_the_first_record_is_passed(format_id: str, filler: bytes) -> None:
    assert detect(filler + WRITE[format_id](WHOLE_LINES)) == format_id


@pytest.mark.parametrize("format_id", IN_LINES)
def test_empty_lines_and_a_byte_order_mark_are_passed(format_id: str) -> None:
    capture = WRITE[format_id](WHOLE_LINES)
    assert detect(b"\xef\xbb\xbf\n\n" + capture) == format_id


@pytest.mark.parametrize("format_id", ["docker-mux", "docker-local", "journald-export"])
@pytest.mark.parametrize("filler", [b"\xef\xbb\xbf", b"\0" * 9, b"\n"])
def test_where_nothing_may_stand_in_front_it_is_not_guessed(format_id: str, filler: bytes) -> None:
    assert detect(filler + WRITE[format_id](WHOLE_LINES)) == "raw"


# An entry as journalctl prints it; the order of the fields is that of a hash table.
ENTRY = {
    "__CURSOR": "s=1",
    "__REALTIME_TIMESTAMP": "1714557600000001",
    "__MONOTONIC_TIMESTAMP": "1",
    "_BOOT_ID": "b",
    "_HOSTNAME": "vm",
    "_COMM": "dockerd",
    "PRIORITY": "6",
    "SYSLOG_IDENTIFIER": "c1",
    "IMAGE_NAME": "job",
    "CONTAINER_NAME": "job",
    "CONTAINER_ID_FULL": "c1",
    "CONTAINER_PARTIAL_MESSAGE": "true",
    "LABEL_OF_THE_USER": ["twice", None],
}
TEXTS = st.sampled_from(["a", '"}\\\n{' * 5000, list(b"a\r" * 8000), None, ["a", [1, 2], None]])


@given(text=TEXTS, seed=st.integers(0, 1000))
def test_an_entry_is_recognised_whatever_its_order_and_wherever_the_head_ends(
    text: object, seed: int
) -> None:
    fields = [*ENTRY.items(), ("MESSAGE", text)]
    random.Random(seed).shuffle(fields)  # noqa: S311
    capture = json.dumps(dict(fields), separators=(",", ":")).encode() + b"\n"
    assert {detect(capture[:size]) for size in (200, 4096, 65536)} == {"journald-json"}


NAMES = st.sampled_from(["_META", "_PID", "MESSAGE", "PRIORITY", "LEVEL", "CONTAINER_NAME"])


@given(
    fields=st.dictionaries(NAMES, st.sampled_from(["a", 1, None, [1], {}]), max_size=4),
    tail=st.sampled_from(["", "\n", "\r\n", '\n{"__CURSOR":"a"}\n']),
)
def test_json_that_a_job_logs_is_no_journal(fields: dict[str, object], tail: str) -> None:
    assert detect((json.dumps(fields) + tail).encode()) == "raw"


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no capture format 'syslog'; choose one of raw, cri"):
        decoder("syslog")


@pytest.mark.parametrize("format_id", formats())
def test_a_container_is_named_where_there_can_be_several(format_id: str) -> None:
    if formats()[format_id].containers:
        assert decoder(format_id, container="x").containers == []
    else:
        with pytest.raises(ValueError, match=rf"^container is 'x', but .* {format_id} holds only one$"):
            Source(format_id, container="x")


def test_only_bytes_are_recognised() -> None:
    assert detect(bytearray(b"2024-05-01T10:00:00.1Z stdout F starting")) == "cri"
    with pytest.raises(TypeError, match="not str; open the file in binary mode"):
        detect("text")  # type: ignore[arg-type]


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
    with pytest.raises(DecoderClosedError, match=r"^cut_off\(\) after close"):
        subject.cut_off()
    with pytest.raises(DecoderClosedError, match=r"^end_of_file\(\) after close"):
        subject.end_of_file()


def test_chunks_are_copied() -> None:
    subject = decoder("cri")
    data = bytearray(engine_writers.containerd([("stdout", b"a\n")]))
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


@pytest.mark.parametrize("name", ["job-1", "db-1"])
def test_a_container_that_was_named_is_read_without_notices_of_the_others(name: str) -> None:
    subject = decoder("compose-logs", container=name)
    output = subject.feed(b"job-1 | a\ndb-1  | a\njob-1 | a\n")
    assert {item.stream for item in output if isinstance(item, Chunk)} == {
        StdStream.STDOUT,
        StdStream.UNKNOWN,
    }
    assert not [item for item in output if isinstance(item, CaptureNotice)]
    assert subject.containers == ["job-1", "db-1"]


def test_containers_are_those_of_the_capture() -> None:
    subject = decoder("journald-export", container="c2")
    subject.feed(b"__CURSOR=a\nMESSAGE=a\n\n")
    assert subject.containers == []
    subject.feed(b"__CURSOR=a\nCONTAINER_ID_FULL=c1\nMESSAGE=a\n\n")
    assert subject.containers == ["c1"]
    source = Source("raw")
    source.feed(b"a\n")
    assert source.containers == []


def test_a_repr_shows_the_beginning() -> None:
    assert repr(Chunk(StdStream.STDOUT, b"a")) == "Chunk(stdout, b'a')"
    assert (
        repr(Chunk(StdStream.STDERR, b"x" * 61, suspect=True))
        == f"Chunk(stderr, {b'x' * 60!r}…(+1), suspect)"
    )


def test_a_notice_concerns_its_stream() -> None:
    notice = CaptureNotice(NoticeKind.GAP, 1, 0, "", StdStream.STDERR)
    assert notice.concerns(StdStream.STDERR)
    assert not notice.concerns(StdStream.STDOUT)
    assert CaptureNotice(NoticeKind.GAP, 1, 0, "").concerns(StdStream.STDOUT)
    assert not CaptureNotice(NoticeKind.REPAIRED, 1, 0, "").concerns(StdStream.STDOUT)
    assert not CaptureNotice(NoticeKind.UNKNOWN_STREAM, 1, 0, "", None).concerns(StdStream.STDOUT)


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


@pytest.mark.parametrize("format_id", formats())
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"stream": StdStream.UNKNOWN},
            ValueError,
            "stream is unknown: choose StdStream.STDOUT, StdStream.STDERR, or",
        ),
        (
            {"stream": "bogus"},
            TypeError,
            "stream is 'bogus' (str): choose StdStream.STDOUT, StdStream.STDERR, or",
        ),
        ({"container": b"a"}, TypeError, "container is \"b'a'\" (bytes): give the name of a container, or"),
    ],
)
def test_misuse_names_the_choice(
    format_id: str, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)):
        decoder(format_id, **arguments)


@pytest.mark.parametrize("make", [decoder, Source])
def test_a_format_is_named_by_a_str(make: Any) -> None:
    with pytest.raises(TypeError, match=re.escape("format_id is '5' (int): give the id of a format")):
        make(5)
    with pytest.raises(ValueError, match=r"there is no capture format 'x+'…\(\+4940\); choose one of raw, "):
        make("x" * 5000)
