"""What a stream is taken for: no wrong guess goes unnoticed, and binary files are no text in UTF-16."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures import CaptureNotice, NoticeKind, decoder, detect
from planqk_protocol.captures.decoders import MODULES, after_blanks
from planqk_protocol.captures.sniffing import UTF16_EVIDENCE, first_line_end, is_utf16
from planqk_protocol.testing.models import MODELS
from tests.captures.feeding import decode, places

MARKED = b"PlanQK:Job:Result: 42\n"
STAMP = b"2024-05-01T10:00:00.000000001Z "
CURSOR = b"__CURSOR=s=%032x;i=1f;b=%032x;m=1;t=1;x=1\n" % (1, 2)
TIMES = b"__REALTIME_TIMESTAMP=1\n__MONOTONIC_TIMESTAMP=1\n"

# What a job may print: the syntax of the formats, whole or in part.
FRAGMENTS = st.sampled_from(
    [
        *(b"", b"\n", b"\n\n", b"\r\n", b" ", b"log\n", b"\xff", b"\0", b"\0\0\0\0", b"\xef\xbb\xbf"),
        *(MARKED, b" " + MARKED, b"\n" + MARKED, b"PlanQK:Job:InterimResult: 1\n"),
        *(CURSOR, TIMES, CURSOR + TIMES, b"__CURSOR=abc\n", b"__CURSOR=\n", b"MESSAGE=a\n", b"PRIORITY=6\n"),
        *(b"MESSAGE\n\5\0\0\0\0\0\0\0a\nb\nc\n", b"MESSAGE\n\xff\0\0\0\0\0\0\0", b"name=value\n"),
        *(
            b"\1\0\0\0\0\0\0\2a\n",
            b"\1\0\0\0\0\0\0\x7f",
            b"\2\0\0\0\0\0\0\x20",
            b"\3\0\0\0",
            b"\1\0\0\0log\n",
        ),
        *(b"\0\0\0\x0b\x0a\x06stdout\x1a\1a\0\0\0", b"\x0b", b"\0\0\0\x21\x0a\x06stderr"),
        *(STAMP, STAMP + b"stdout F a\n", STAMP + b"stderr P ", STAMP + b" a\n", b"key=value "),
        *(b'{"log":"a\\n","stream":"stdout","time":"t"}\n', b'{"log":"', b'{"stream":"stdout","log":"a'),
        *(b'{"MESSAGE":"a","_BOOT_ID":"b"}\n', b'{"__CURSOR":"', b'{"level":"info"}\n', b"{\n", b'"}\n'),
        *(b'[{"message":"a","severity":"INFO","timestamp":"', b'2024-05-01T10:00:00Z"}', b",\n", b"]"),
        *(b'{"message":"a\\n","severity":"INFO","timestamp":1714557600000}\n', b"[", b'{"message":"'),
        *(b"[pod/a/b] ", b"[pod/a/b] a\n", b"job-1  | ", b"job-1 | a\n", b"Attaching to job-1\n"),
    ]
)
STREAMS = st.lists(FRAGMENTS, max_size=6).map(b"".join)
UNSOUND = {NoticeKind.CORRUPT, NoticeKind.TORN, NoticeKind.BAD_STREAM_TYPE}


def check_that_the_first_record_is_sound(head: bytes) -> None:
    """What is taken for a format begins with a record of it, as far as the head shows it."""
    format_id = detect(head)
    in_front = b"" if format_id in {"docker-mux", "docker-local"} else b"\xef\xbb\xbf\0 \t\r\n"
    output = decoder(format_id).feed(head.lstrip(in_front))
    said = {item.kind for item in output if isinstance(item, CaptureNotice) and item.record == 1}
    assert not said & UNSOUND


@given(STREAMS)
def test_what_is_detected_begins_with_a_sound_record(stream: bytes) -> None:
    check_that_the_first_record_is_sound(stream)


def check_that_none_is_ruled_out(head: bytes) -> None:
    text = after_blanks(head)
    for module in MODULES.values():
        assert module.may_begin(head, text) or not module.load().sniff(head)


@given(STREAMS)
def test_no_format_is_ruled_out_that_a_stream_looks_like(stream: bytes) -> None:
    check_that_none_is_ruled_out(stream)


@pytest.mark.parametrize("format_id", MODELS)
def test_no_format_is_ruled_out_that_a_capture_looks_like(format_id: str) -> None:
    for model in MODELS[format_id]:
        capture = model.write([("stdout", b"starting\n"), ("stderr", b"careful\n")])
        for size in range(len(capture) + 1):
            check_that_none_is_ruled_out(capture[:size])


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"__CURSOR=abc\n" + MARKED, "raw"),
        (b"__CURSOR=abc", "raw"),
        (CURSOR[:-1], "raw"),
        (CURSOR, "journald-export"),
        (CURSOR + MARKED, "raw"),
        (CURSOR + b"__REALTIME", "journald-export"),
        (CURSOR + TIMES, "journald-export"),
        (CURSOR + b"__REALTIME_TIMESTAMP=1\n" + MARKED, "raw"),
        (CURSOR + TIMES + b"MESSAGE=" + MARKED, "journald-export"),
        (CURSOR + TIMES + MARKED, "raw"),
        (CURSOR + TIMES + b"MESSAGE=a\n\n" + MARKED, "journald-export"),
        (b"\1\0\0\0\0\0\0\2a\n", "docker-mux"),
        (b"\1\0\0\0\0\0\0\2a\n\2\0", "docker-mux"),
        (b"\1\0\0\0\0\0\0\2a\n\2\0\0\0\0\xff", "docker-mux"),
        (b"\1\0\0\0\0\0\0\2a\n\0\0\0\0\0\0\0\0", "docker-mux"),
        (b"\1\0\0\0\0\0\0\2a\n" + MARKED, "raw"),
        (b"\1\0\0\0\0\0\0\2a\n\2\1", "raw"),
        (b"\1\0\0\0log\n" + MARKED, "raw"),
        (b"\0\0\0\0\0\0\0\2a\n", "raw"),
        (b"\0\0\1\0\x0a\x06stdout\x1a\xf0", "docker-local"),
        (b"\0\0\0\x0b\x0a\x06stdout\x1a\1a\0\0", "docker-local"),
        (b"\0\0\0\x0b\x0a\x06stdout\x1a\1a\0\0\0\x0c", "raw"),
        (b"\0\0\0\x0b\x0a\x06stdout\x1a\2a\0\0\0\x0b", "raw"),
        (b'{"log":"a\\n","stream":"stdout","time":"t"}\n', "docker-json-file"),
        (b'{"log":"a\\n","stream":"stdout","time":t}\n', "raw"),
        (b'{"log":"\\q","stream":"stdout","time":"t"}\n', "raw"),
        (b'{"log":"\xff","stream":"stdout","time":"t"}\n', "raw"),
        (b'{"MESSAGE":"\xff","_BOOT_ID":"b"}\n', "journald-json"),
    ],
)
def test_a_first_line_alone_is_no_evidence(head: bytes, expected: str) -> None:
    assert detect(head) == expected


@pytest.mark.parametrize("format_id", ["journald-export", "docker-mux", "docker-local"])
@pytest.mark.parametrize(
    "writes", [[("stdout", b"a\n")] * 3, [("stderr", b"\xff\n"), ("stdout", b"x" * 70_000)]]
)
def test_captures_are_recognised_whole_and_by_their_first_line(
    format_id: str, writes: list[tuple[str, bytes]]
) -> None:
    for model in MODELS[format_id]:
        capture = model.write(writes)
        assert {detect(capture), detect(capture[: capture.index(b"\n", 8) + 1])} == {format_id}


def test_what_is_no_head_is_named() -> None:
    with pytest.raises(TypeError, match=r"^head must be bytes, .* not str; open the file in binary mode$"):
        detect("abc")  # type: ignore[arg-type]


MARKS = st.sampled_from([b"\xff\xfe", b"\xfe\xff"])
ENCODINGS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as files:
        files.writestr("a", b"text" * 100)
    return held.getvalue()


BINARY = [
    b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0\1\0\0\0" + bytes(range(256)),
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\10\6\0\0\0",
    b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(range(200)),
    archive(),
]


@given(
    mark=MARKS,
    rest=st.sampled_from(BINARY) | st.binary(max_size=3) | st.binary(min_size=24, max_size=400),
)
def test_a_byte_order_mark_before_binary_data_is_no_evidence(mark: bytes, rest: bytes) -> None:
    assert not is_utf16(mark + rest)
    assert not is_utf16(rest)


LINES = st.lists(
    st.sampled_from(["PlanQK:Job:Result: 42", "starting", "données ✓ 😀", "开始计算 100", "\x1b[31mred\t"]),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(lines=LINES)
def test_text_in_utf_16_is_told_by_its_first_bytes(encoding: str, lines: list[str]) -> None:
    data = ENCODINGS[encoding] + "".join(line + "\r\n" for line in lines).encode(encoding)
    assert is_utf16(data)
    assert is_utf16(data[:UTF16_EVIDENCE])
    assert is_utf16(data[: data.index(b"\n") + 1])


def test_a_capture_in_utf_16_is_told_once() -> None:
    capture = ("\ufeff" + '{"log":"a"}\r\n' * 100).encode("utf-16-le")
    expected = [("corrupt", 1, 0, "unknown")]
    assert places(decode("docker-json-file", capture)) == expected


def test_half_a_character_at_the_end_of_what_counts_is_passed() -> None:
    text = "x" * (UTF16_EVIDENCE // 2 - 2) + "😀" * 3
    assert is_utf16(b"\xff\xfe" + text.encode("utf-16-le"))
    assert not is_utf16(b"\xff\xfe" + "x\ud800xxxx".encode("utf-16-le", "surrogatepass"))


@pytest.mark.parametrize(
    ("begin", "line"),
    [
        (b"", b"log\n"),
        (b"\n \t\r\n\xef\xbb\xbf", b"log\n"),
        (b"\0" * 100 + b"\n", b"{}\n"),
        (b"\1\0\0\0\0\0\0\n", b"012345678\n"),  # a frame of 10 bytes
        (b"\2\0\0\0\0\0\n\0", b"x\n"),  # a frame of 2560 bytes
        (b"\0\0\0\x21\n\6stdout", b"log\n"),  # a record of docker-local
    ],
)
def test_the_first_line_ends_after_binary_numbers_and_blank_lines(begin: bytes, line: bytes) -> None:
    for end in range(len(begin + line)):
        assert first_line_end((begin + line)[:end]) is None
    assert first_line_end(begin + line + b"more\n") == len(begin + line)
