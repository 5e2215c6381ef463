"""Docker's json-file driver: blocks of records, records on many lines, and time stamps."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, StdStream, decoder
from planqk_protocol.captures.decoders.docker_json_file import DockerJsonFileDecoder
from planqk_protocol.testing.engine_writers import lines_of
from tests.captures.decoders.test_docker_json_file import ID, A, B, C, record
from tests.captures.feeding import data_of, decode, kinds, merged, places, run, stamped


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


def test_a_record_comes_out_with_its_last_byte() -> None:
    subject = decoder(ID)
    assert subject.feed(A[:-1]) == []
    assert subject.feed(A[-1:]) != []
