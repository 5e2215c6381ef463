"""Docker's json-file driver."""

from __future__ import annotations

import json

import pytest

from tests.captures.feeding import chunks_in, data_of, decode, kinds, places

ID = "docker-json-file"


def record(log: str, time: str = "1", stream: str = "stdout") -> bytes:
    return f'{{"log":"{log}","stream":"{stream}","time":"2024-05-01T10:00:0{time}Z"}}\n'.encode()


A, B, C = record(r"a\n"), record(r"b\n", "2"), record(r"c\n", "3")
INDENTED = {"log": "a\n", "stream": "stdout", "attrs": {"tag": "x", "env": "y"}, "time": "t"}
LONG = record("x" * (1024 * 1024 + 1) + r"\n")


@pytest.mark.parametrize(
    "no_record",
    [
        b"{}",
        b'{"a":1}',
        b'{"lof":"x\\n","stream":"stdout","time":"t"}',
        b'{"stream":"stdout"}',
        b'{"stream":"stdout","time":4}',
        b'{"time":"t","log":4,"stream":"stdout"}',
        b'{"log":null,"stream":"stdout","time":"t"}',
        b'{"log":["x"],"stream":"stdout","time":"t"}',
        b'{"log":{"log":1},"stream":"stdout","time":"t"}',
    ],
)
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_an_object_that_is_no_record_is_reported(no_record: bytes, end: bytes) -> None:
    decoded = decode(ID, A + no_record + end + B)
    assert data_of(decoded, "stdout") == b"a\nb\n"
    assert places(decoded) == [("corrupt", 2, len(A), "unknown")]


@pytest.mark.parametrize("stream", ["[]", "{}", "4", "null", '""'])
def test_a_stream_that_is_no_text_is_unknown(stream: str) -> None:
    decoded = decode(ID, b'{"log":"x\\n","stream":' + stream.encode() + b"}\n" + A)
    assert places(decoded) == [("unknown-stream", 1, 0, "unknown")]
    assert data_of(decoded, "unknown") == b"x\n"


UNKNOWN_STREAM = b'{"log":"x\\n","time":"t"}\n'
OTHER_STREAM = record(r"x\n", "1", "stdin")
HALF = b'{"log":"half\\n'


CASES = [
    pytest.param(b"", [], [], id="empty"),
    pytest.param(A + B, [("stdout", b"a\nb\n", False)], [], id="records"),
    pytest.param(
        A + record(r"e\n", "1", "stderr") + B,
        [("stdout", b"a\n", False), ("stderr", b"e\n", False), ("stdout", b"b\n", False)],
        [],
        id="both streams",
    ),
    pytest.param(
        record("pie") + record(r"e\n", "2", "stderr") + record(r"ce\n"),
        [("stdout", b"pie", False), ("stderr", b"e\n", False), ("stdout", b"ce\n", False)],
        [],
        id="stderr between two pieces of a line",
    ),
    pytest.param(A + record("tail"), [("stdout", b"a\ntail", False)], [], id="no final LF"),
    pytest.param(
        record(r"\"\\\/\b\f\n\r\t\u0000\u001b\u003c\ud83d\ude00" + "\x7fä€😀\n".replace("\n", r"\n")),
        [("stdout", b'"\\/\b\f\n\r\t\0\x1b<\xf0\x9f\x98\x80\x7f' + "ä€😀\n".encode(), False)],
        [],
        id="escapes",
    ),
    pytest.param(A[:-1] + B[:-1], [("stdout", b"a\nb\n", False)], [], id="no white space between records"),
    pytest.param(b"\n \t" + A + b"\r\n\n" + B + b" ", [("stdout", b"a\nb\n", False)], [], id="white space"),
    pytest.param(
        A.replace(b",", b"\n,\n") + B.replace(b":", b"\n:\n", 1),
        [("stdout", b"a\nb\n", False)],
        [],
        id="white space inside",
    ),
    pytest.param(
        b'{"Log":"a\\n","STREAM":"stdout","attrs":{"tag":"x"},"new":[1e999],"time":"t"}\n' + A,
        [("stdout", b"a\na\n", False)],
        [],
        id="case of keys, attributes, unknown keys",
    ),
    pytest.param(
        b'{"log":"x","log":"a\\n","stream":"stdout"}\n', [("stdout", b"a\n", False)], [], id="last key counts"
    ),
    pytest.param(
        b'{"log":"x","LOG":"a\\n","Stream":"stderr","stream":"stderr","STREAM":"stdout"}\n',
        [("stdout", b"a\n", False)],
        [],
        id="last key counts, in whatever case",
    ),
    pytest.param(
        '{"log":"a\\n","stream":"stderr","\u017fTREAM":"stdout"}\n'.encode(),
        [("stdout", b"a\n", False)],
        [],
        id="letters that Unicode folds",
    ),
    pytest.param(
        b'{"Log":"a\\n","LOG":null,"stream":"stdout","STREAM":null}\n',
        [("stdout", b"a\n", False)],
        [],
        id="null changes nothing",
    ),
    pytest.param(
        rb'{"log":"x","l\u006fG":"a\n","stream":"stdout"}' + b"\n",
        [("stdout", b"a\n", False)],
        [],
        id="escapes in keys",
    ),
    pytest.param(
        b'{"stream":"stdout","time":"t"}\n'
        b'{"stream":"stdout","attrs":{"tag":"x"},"time":"t"}\n'
        b'{"log":"","stream":"stdout","time":"t"}\n' + A,
        [("stdout", b"a\n", False)],
        [],
        id="empty records",
    ),
    pytest.param(
        b'{"LOG":"a\\n","stream":"stdout","x":' + b"9" * 5000 + b"}\n",
        [("stdout", b"a\n", False)],
        [],
        id="long number",
    ),
    pytest.param(
        b'{"log":"a\\n","stream":"stdout","time":4,"x":{"log":"x"}}\n',
        [("stdout", b"a\n", False)],
        [],
        id="record in a record",
    ),
    pytest.param(
        (json.dumps(INDENTED, indent=2) + "\n").encode() * 2,
        [("stdout", b"a\na\n", False)],
        [],
        id="indented",
    ),
    pytest.param(
        A + UNKNOWN_STREAM + B,
        [("stdout", b"a\n", False), ("unknown", b"x\n", False), ("stdout", b"b\n", False)],
        [("unknown-stream", 2, len(A), "unknown")],
        id="no stream",
    ),
    pytest.param(
        OTHER_STREAM,
        [("unknown", b"x\n", False)],
        [("unknown-stream", 1, 0, "unknown")],
        id="other stream",
    ),
    pytest.param(
        A + b"\0" * 5 + B,
        [("stdout", b"a\n", False), ("stdout", b"b\n", False)],
        [("nul-run", 2, len(A), "unknown")],
        id="NULs before a record",
    ),
    pytest.param(
        b"\0\n" + A + b"\0",
        [("stdout", b"a\n", False)],
        [("nul-run", 1, 0, "unknown"), ("nul-run", 2, 2 + len(A), "unknown")],
        id="NULs at both ends",
    ),
    pytest.param(
        A + HALF + b"\0\0" + B,
        [("stdout", b"a\n", False), ("unknown", b"half\n", True), ("stdout", b"b\n", False)],
        [("torn", 2, len(A), "unknown"), ("nul-run", 3, len(A + HALF), "unknown")],
        id="NULs in a record",
    ),
    pytest.param(
        A + HALF + B,
        [("stdout", b"a\n", False), ("unknown", b"half\n", True), ("stdout", b"b\n", True)],
        [("torn", 2, len(A), "unknown")],
        id="torn record, the next one glued to it",
    ),
    pytest.param(
        A + HALF + b"\n" + B,
        [("stdout", b"a\n", False), ("unknown", b"half\n", True), ("stdout", b"b\n", False)],
        [("torn", 2, len(A), "unknown")],
        id="torn record in a line of its own",
    ),
    pytest.param(
        b'{"log":"a",\n' + B,
        [("unknown", b"a", True), ("stdout", b"b\n", False)],
        [("torn", 1, 0, "unknown")],
        id="torn between two keys",
    ),
    pytest.param(
        b'{"lo' + B, [("stdout", b"b\n", True)], [("torn", 1, 0, "unknown")], id="torn before its text"
    ),
    pytest.param(
        A[:-9] + B,
        [("stdout", b"a\n", True), ("stdout", b"b\n", True)],
        [("torn", 1, 0, "stdout")],
        id="torn after its stream",
    ),
    pytest.param(
        A + B[:-9],
        [("stdout", b"a\n", False), ("stdout", b"b\n", True)],
        [("truncated", 2, len(A), "stdout")],
        id="truncated after its stream",
    ),
    pytest.param(
        A + rb'{"log":"b\ud83d\u12',
        [("stdout", b"a\n", False), ("unknown", "b\N{REPLACEMENT CHARACTER}".encode(), True)],
        [("truncated", 2, len(A), "unknown")],
        id="truncated in an escape",
    ),
    pytest.param(
        A + b'{"log":"b",\n',
        [("stdout", b"a\n", False), ("unknown", b"b", True)],
        [("truncated", 2, len(A), "unknown")],
        id="truncated between two keys",
    ),
    pytest.param(
        A + b"{",
        [("stdout", b"a\n", False)],
        [("truncated", 2, len(A), "unknown")],
        id="truncated at once",
    ),
    pytest.param(
        b'lo\\n","stream":"stdout"}\n' + A,
        [("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown")],
        id="head lost",
    ),
    pytest.param(
        A + b'garbage "\xff' + B,
        [("stdout", b"a\n", False), ("stdout", b"b\n", True)],
        [("corrupt", 2, len(A), "unknown")],
        id="garbage before a record",
    ),
    pytest.param(
        b'[]\n42\n"x"\n' + A,
        [("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown"), ("corrupt", 2, 3, "unknown"), ("corrupt", 3, 6, "unknown")],
        id="no objects",
    ),
    pytest.param(
        b'{"log":4,"stream":"stdout"}\n' + A,
        [("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown")],
        id="text is a number",
    ),
    pytest.param(
        b"[" * 100_000 + b"\n" + A,
        [("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown")],
        id="nested lists",
    ),
    pytest.param(
        b'{"a":' * 100_000 + b"\n" + A,
        [("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown")],
        id="nested objects",
    ),
    pytest.param(
        A + b'{"log":"x","a":' * 130 + b"x\n" + A,
        [("stdout", b"a\n", False), *[("unknown", b"x", True)] * 130, ("stdout", b"a\n", False)],
        None,
        id="nested records",
    ),
    pytest.param(
        b'{"log":"x","a":' + b"[" * 200 + b"\n" + A,
        [("unknown", b"x", True), ("stdout", b"a\n", False)],
        [("corrupt", 1, 0, "unknown")],
        id="nested lists in a record",
    ),
    pytest.param(
        b'{"log":"x' + b"[" * 200 + rb"\n" + b'","new":' + b'"' + b"{" * 200 + b'","stream":"stdout"}\n',
        [("stdout", b"x" + b"[" * 200 + b"\n", False)],
        [],
        id="brackets in strings",
    ),
    pytest.param(
        record(r"\ufffd\n"),
        [("stdout", "\N{REPLACEMENT CHARACTER}\n".encode(), True)],
        [("replacement-char", 1, 0, "stdout")],
        id="replacement character, escaped",
    ),
    pytest.param(
        A + record("ä\N{REPLACEMENT CHARACTER}\\n") + A,
        [
            ("stdout", b"a\n", False),
            ("stdout", "ä\N{REPLACEMENT CHARACTER}\n".encode(), True),
            ("stdout", b"a\n", False),
        ],
        [("replacement-char", 2, len(A), "stdout")],
        id="replacement character",
    ),
    pytest.param(
        record(r"\ud800\n"),
        [("stdout", "\N{REPLACEMENT CHARACTER}\n".encode(), True)],
        [("replacement-char", 1, 0, "stdout")],
        id="lone surrogate",
    ),
    pytest.param(
        b'{"log":"\xff\\ud800\\n","stream":"stdout"}\n',
        [("stdout", b"\xff\xef\xbf\xbd\n", True)],
        [("corrupt", 1, 0, "unknown"), ("replacement-char", 1, 0, "stdout")],
        id="invalid UTF-8",
    ),
    pytest.param(
        record("pie") + record(r"ce\n", "2"),
        [("stdout", b"pie", False), ("stdout", b"ce\n", False)],
        [("gap", 2, len(record("pie")), "stdout")],
        id="another time within a line",
    ),
    pytest.param(
        HALF[:-2] + '{"log":"ä'.encode() + b"\xff" + b"x" + HALF + B,
        [
            ("unknown", b"half", True),
            ("unknown", b"\xc3\xa4\xffx", True),
            ("unknown", b"half\n", True),
            ("stdout", b"b\n", True),
        ],
        [("torn", 1, 0, "unknown"), ("torn", 2, 12, "unknown"), ("torn", 3, 24, "unknown")],
        id="offsets count bytes",
    ),
    pytest.param(
        HALF + record("ä\\n")[:-1] + b"} x\n" + B,
        [("unknown", b"half\n", True), ("stdout", "ä\n".encode(), True), ("stdout", b"b\n", False)],
        [("torn", 1, 0, "unknown"), ("corrupt", 3, len(HALF + record("ä\\n")) - 1, "unknown")],
        id="torn record, one glued to it, and garbage",
    ),
    pytest.param(
        A + b'{"log":"x"' + b"\n" * 110 + (b" " * 99_999 + b"\n") * 11 + B,
        [("stdout", b"a\n", False), ("stdout", b"b\n", False)],
        [("oversize", 2, len(A), "unknown")],
        id="oversize, on many lines",
    ),
    pytest.param(LONG + A, [("stdout", b"a\n", False)], [("oversize", 1, 0, "unknown")], id="oversize"),
    pytest.param(
        A + LONG[:-1],
        [("stdout", b"a\n", False)],
        [("oversize", 2, len(A), "unknown")],
        id="oversize at the end",
    ),
    pytest.param(
        b"\xef\xbb\xbf" + A,
        [("stdout", b"a\n", False)],
        [("repaired", 1, 0, "unknown")],
        id="byte order mark",
    ),
    pytest.param('\ufeff{"log"'.encode("utf-16-le"), [], [("corrupt", 1, 0, "unknown")], id="UTF-16"),
    pytest.param(b"\xff\xfe", [], [("corrupt", 1, 0, "unknown")], id="a byte order mark alone"),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object] | None
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert notices is None or places(decoded) == notices


def test_notices_stand_where_bytes_are_lost() -> None:
    decoded = decode(ID, A + HALF + B)
    assert [item if isinstance(item, tuple) else item.kind.value for item in decoded] == [
        ("stdout", b"a\n", False),
        ("unknown", b"half\n", True),
        "torn",
        ("stdout", b"b\n", True),
    ]


def test_a_line_goes_on_in_the_next_file() -> None:
    assert decode(ID, A + record("pie"), record("ce\\n") + B) == [("stdout", b"a\npiece\nb\n", False)]


def test_a_torn_tail_does_not_reach_into_the_next_file() -> None:
    decoded = decode(ID, A + HALF, B + b"x\n", b"")
    assert kinds(decoded) == ["truncated", "corrupt"]
    assert [(item.file, item.record) for item in decoded if not isinstance(item, tuple)] == [(0, 2), (1, 2)]
