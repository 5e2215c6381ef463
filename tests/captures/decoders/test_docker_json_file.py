"""Docker's json-file driver."""

from __future__ import annotations

import json

import pytest

from planqk_protocol.captures import Chunk, StdStream, decoder
from planqk_protocol.captures.decoders.docker_json_file import DockerJsonFileDecoder
from planqk_protocol.testing.engine_writers import lines_of
from tests.captures.feeding import data_of, decode, kinds, merged, places, run, stamped

ID = "docker-json-file"


def record(log: str, time: str = "1", stream: str = "stdout") -> bytes:
    return f'{{"log":"{log}","stream":"{stream}","time":"2024-05-01T10:00:0{time}Z"}}\n'.encode()


A, B, C = record(r"a\n"), record(r"b\n", "2"), record(r"c\n", "3")
INDENTED = {"log": "a\n", "stream": "stdout", "attrs": {"tag": "x", "env": "y"}, "time": "t"}
LONG = record("x" * (1024 * 1024 + 1) + r"\n")


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(A + B, [("stdout", b"a\nb\n", False)], id="records"),
        pytest.param(
            A + record(r"e\n", "1", "stderr") + B,
            [("stdout", b"a\n", False), ("stderr", b"e\n", False), ("stdout", b"b\n", False)],
            id="both streams",
        ),
        pytest.param(
            record("pie") + record(r"e\n", "2", "stderr") + record(r"ce\n"),
            [("stdout", b"pie", False), ("stderr", b"e\n", False), ("stdout", b"ce\n", False)],
            id="stderr between two pieces of a line",
        ),
        pytest.param(A + record("tail"), [("stdout", b"a\ntail", False)], id="no final LF"),
        pytest.param(
            record(r"\"\\\/\b\f\n\r\t\u0000\u001b\u003c\ud83d\ude00" + "\x7fä€😀\n".replace("\n", r"\n")),
            [("stdout", b'"\\/\b\f\n\r\t\0\x1b<\xf0\x9f\x98\x80\x7f' + "ä€😀\n".encode(), False)],
            id="escapes",
        ),
        pytest.param(A[:-1] + B[:-1], [("stdout", b"a\nb\n", False)], id="no white space between records"),
        pytest.param(b"\n \t" + A + b"\r\n\n" + B + b" ", [("stdout", b"a\nb\n", False)], id="white space"),
        pytest.param(
            A.replace(b",", b"\n,\n") + B.replace(b":", b"\n:\n", 1),
            [("stdout", b"a\nb\n", False)],
            id="white space inside",
        ),
        pytest.param(
            b'{"Log":"a\\n","STREAM":"stdout","attrs":{"tag":"x"},"new":[1e999],"time":"t"}\n' + A,
            [("stdout", b"a\na\n", False)],
            id="case of keys, attributes, unknown keys",
        ),
        pytest.param(
            b'{"log":"x","log":"a\\n","stream":"stdout"}\n', [("stdout", b"a\n", False)], id="last key counts"
        ),
        pytest.param(
            b'{"log":"x","LOG":"a\\n","Stream":"stderr","stream":"stderr","STREAM":"stdout"}\n',
            [("stdout", b"a\n", False)],
            id="last key counts, in whatever case",
        ),
        pytest.param(
            '{"log":"a\\n","stream":"stderr","\u017fTREAM":"stdout"}\n'.encode(),
            [("stdout", b"a\n", False)],
            id="letters that Unicode folds",
        ),
        pytest.param(
            b'{"Log":"a\\n","LOG":null,"stream":"stdout","STREAM":null}\n',
            [("stdout", b"a\n", False)],
            id="null changes nothing",
        ),
        pytest.param(
            rb'{"log":"x","l\u006fG":"a\n","stream":"stdout"}' + b"\n",
            [("stdout", b"a\n", False)],
            id="escapes in keys",
        ),
        pytest.param(
            b'{"stream":"stdout","time":"t"}\n'
            b'{"stream":"stdout","attrs":{"tag":"x"},"time":"t"}\n'
            b'{"log":"","stream":"stdout","time":"t"}\n' + A,
            [("stdout", b"a\n", False)],
            id="empty records",
        ),
        pytest.param(
            b'{"LOG":"a\\n","stream":"stdout","x":' + b"9" * 5000 + b"}\n",
            [("stdout", b"a\n", False)],
            id="long number",
        ),
        pytest.param(
            b'{"log":"a\\n","stream":"stdout","time":4,"x":{"log":"x"}}\n',
            [("stdout", b"a\n", False)],
            id="record in a record",
        ),
        pytest.param(
            (json.dumps(INDENTED, indent=2) + "\n").encode() * 2,
            [("stdout", b"a\na\n", False)],
            id="indented",
        ),
    ],
)
def test_what_the_container_printed_comes_back(capture: bytes, expected: list[object]) -> None:
    assert decode(ID, capture) == expected


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


@pytest.mark.parametrize("lines", [2, 100, 101])
def test_a_record_can_be_on_many_lines(lines: int) -> None:
    spread = A.replace(b",", b"," + b"\n" * lines, 1)
    assert decode(ID, spread + B + spread) == [("stdout", b"a\nb\na\n", False)]
    assert kinds(decode(ID, spread[:-9], B)) == ["truncated"]
    assert places(decode(ID, spread[:-9] + b"\0" + B))[0] == ("torn", 1, 0, "stdout")


@pytest.mark.parametrize("lines", [1, 101])
def test_a_torn_record_on_many_lines_ends_at_the_line_with_the_fault(lines: int) -> None:
    torn = b'{"log":"a",' + b"\n" * lines
    rest = b'"stream"\n'
    decoded = decode(ID, torn + b'"x":x\n' + rest + b"{}\n" + B * 20)
    assert places(decoded) == [
        ("torn", 1, 0, "unknown"),
        ("corrupt", 2, len(torn) + 6, "unknown"),
        ("corrupt", 3, len(torn) + 6 + len(rest), "unknown"),
    ]
    assert data_of(decoded, "unknown") == b"a"
    assert data_of(decoded, "stdout") == b"b\n" * 20


UNKNOWN_STREAM = b'{"log":"x\\n","time":"t"}\n'
OTHER_STREAM = record(r"x\n", "1", "stdin")
HALF = b'{"log":"half\\n'


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
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
    ],
)
def test_damage_is_reported_where_it_is(
    capture: bytes, data: list[object], notices: list[object] | None
) -> None:
    decoded = decode(ID, capture)
    assert [item for item in decoded if isinstance(item, tuple)] == data
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


def test_times_are_those_of_the_records() -> None:
    output = decoder(ID).feed(A + B + record(r"e\n", "3", "stderr") + record("ä\\n", "4"))
    chunks = [item for item in output if isinstance(item, Chunk)]
    assert [(chunk.data, chunk.time) for chunk in chunks] == [
        (b"a\nb\n", "2024-05-01T10:00:02Z"),
        (b"e\n", "2024-05-01T10:00:03Z"),
        ("ä\n".encode(), "2024-05-01T10:00:04Z"),
    ]
    assert chunks[0].times_at([0, 1, 2, 3]) == ["2024-05-01T10:00:01Z"] * 2 + ["2024-05-01T10:00:02Z"] * 2
    assert chunks[0].time_ns == 1714557602_000_000_000


@pytest.mark.parametrize(
    "time", [b"4", b"null", b"[]", b'"\xff"', b'"\\ud800"', '"ä"'.encode(), b'"t","time":4']
)
def test_a_time_that_is_none_is_left_out(time: bytes) -> None:
    capture = A + b'{"log":"b\\n","stream":"stdout","time":' + time + b"}\n" + C
    for chunks in ([capture], [capture[at : at + 1] for at in range(len(capture))]):
        assert stamped(run(decoder(ID), [chunks])) == [
            *[("stdout", "2024-05-01T10:00:01Z")] * 2,
            *[("stdout", None)] * 2,
            *[("stdout", "2024-05-01T10:00:03Z")] * 2,
        ]


def test_one_stream_of_a_block_of_both() -> None:
    subject = decoder(ID, stream=StdStream.STDOUT)
    (chunk,) = subject.feed(A + record(r"e\n", "2", "stderr") + C)
    assert isinstance(chunk, Chunk)
    assert (chunk.data, chunk.times_at([0, 2])) == (
        b"a\nc\n",
        ["2024-05-01T10:00:01Z", "2024-05-01T10:00:03Z"],
    )


@pytest.mark.parametrize("stream", [StdStream.STDOUT, StdStream.STDERR, None])
@pytest.mark.parametrize("order", [[A, B], [record(r"e\n", "2", "stderr"), A]])
def test_one_record_costs_the_speed_of_its_own_alone(
    order: list[bytes], stream: StdStream | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unfinished line of standard error, U+FFFD: what stands around it is decoded at once."""
    taken: list[bytes] = []
    take = DockerJsonFileDecoder._decode_line  # noqa: SLF001

    def count(self: DockerJsonFileDecoder, line: bytes, end: bytes) -> None:
        taken.append(line + end)
        take(self, line, end)

    monkeypatch.setattr(DockerJsonFileDecoder, "_decode_line", count)
    healthy = b"".join(order) * 100
    prompt, odd = record("Password: ", "1", "stderr"), record(r"\ufffd\n")
    subject = decoder(ID, stream=stream)
    output = subject.feed(healthy + prompt + healthy + odd + healthy) + subject.feed(healthy)
    closed = order[:1] if order[0] != A else []  # the next record of standard error ends its line, or tells
    assert taken == [prompt, *closed, odd]
    told = merged(output)
    assert kinds(told) == ["gap"] * len(closed) + ["replacement-char"]
    lines = lines_of(healthy + prompt + healthy + odd + healthy * 2)
    one_by_one = run(decoder(ID, stream=stream), [lines])
    assert merged(one_by_one) == told
    assert stamped(one_by_one) == stamped(output)


@pytest.mark.parametrize("odd", [record(r"\ufffd\n"), record("half")])
@pytest.mark.parametrize(
    "others",
    [
        B + b"\n" + C,
        b"\n" + B[:-1] + C,
        B.replace(b",", b",\n", 1) + b"\n" + C[:-1] + A,
        B.replace(b'"stream"', b'"attrs":\n{},"stream"') + A[:-1] + C,
        B.replace(b'"stream"', b'"attrs":{}\n,"stream"') + A[:-1] + C,
    ],
)
def test_records_and_lines_that_do_not_match_are_read_one_by_one(odd: bytes, others: bytes) -> None:
    capture = A + others + odd + others
    for stream in (None, StdStream.STDOUT):
        whole, single = (run(decoder(ID, stream=stream), [parts]) for parts in ([capture], lines_of(capture)))
        assert merged(whole) == merged(single)
        assert stamped(whole) == stamped(single)


def test_damage_costs_the_speed_of_few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    take = DockerJsonFileDecoder._decode_line  # noqa: SLF001

    def count(self: DockerJsonFileDecoder, line: bytes, end: bytes) -> None:
        taken.append(line + end)
        take(self, line, end)

    monkeypatch.setattr(DockerJsonFileDecoder, "_decode_line", count)
    capture = A * 500 + b"no record\n" + A * 200
    output = decoder(ID).feed(capture)
    assert data_of(merged(output), "stdout") == b"a\n" * 700
    assert places(merged(output)) == [("corrupt", 501, len(A) * 500, "unknown")]
    assert len(b"".join(taken)) <= 4096


def test_a_record_comes_out_with_its_last_byte() -> None:
    subject = decoder(ID)
    assert subject.feed(A[:-1]) == []
    assert subject.feed(A[-1:]) != []
