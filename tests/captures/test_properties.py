"""What a container prints comes back from what the engines make of it, or notices say what was lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import writers
from feeding import cut, data_of, decode, kinds, merged, places, run, stamped
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures import CaptureNotice, Chunk, Decoder, Output, Stream, decoder, formats

LINES = st.sampled_from(
    [
        b"",
        b"\n",
        b"\r\n",
        b"starting\n",
        b"no line end",
        b'PlanQK:Job:Result: {"sum": 42}\n',
        "größer ✓ 😀\n".encode(),
        b"\xff\xfe\x80\n",
        b"a\0b\x1b[0m\t\x7f\n",
        b'\\"<>&\xe2\x80\xa8\n',
        b" stdout F x\n",
        b"x" * 16383 + b"\n",
        b"x" * 16384 + b"\n",
        b"x" * 16383 + "ä\n".encode(),
        b"y" * 40_000 + b"\n",
        "ä".encode() * 20_000,
    ]
) | st.binary(max_size=20)
WRITES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), LINES), max_size=12)


def of(writes: list[writers.Write], stream: str) -> bytes:
    return b"".join(data for name, data in writes if name == stream)


def in_random_pieces(subject: Decoder, capture: bytes, seed: int) -> Output:
    source = random.Random(seed)  # noqa: S311
    return run(subject, [cut(capture, [source.randint(0, len(capture)) for _ in range(4)])])


def check(format_id: str, capture: bytes, expected: dict[str, bytes], seed: int) -> None:
    whole = merged(run(decoder(format_id), [[capture]]))
    assert merged(in_random_pieces(decoder(format_id), capture, seed)) == whole
    assert not [item for item in whole if isinstance(item, CaptureNotice)]
    assert {stream: data_of(whole, stream) for stream in expected} == expected


LOSSLESS: dict[str, tuple[str, Callable[[Any], bytes]]] = {
    "conmon": ("cri", writers.conmon),
    "mux": ("docker-mux", writers.docker_mux),
    "local": ("docker-local", writers.docker_local),
    "docker journal, JSON": (
        "journald-json",
        lambda writes: writers.journald_json(writers.docker_journal(writes)),
    ),
    "docker journal, export": (
        "journald-export",
        lambda writes: writers.journald_export(writers.docker_journal(writes)),
    ),
    "conmon journal, JSON": (
        "journald-json",
        lambda writes: writers.journald_json(writers.conmon_journal(writes)),
    ),
    "conmon journal, export": (
        "journald-export",
        lambda writes: writers.journald_export(writers.conmon_journal(writes)),
    ),
}


@pytest.mark.parametrize(("format_id", "writer"), LOSSLESS.values(), ids=LOSSLESS)
@given(writes=WRITES, seed=st.integers(0, 1000))
def test_lossless_formats_give_back_both_streams(
    format_id: str, writer: Callable[[Any], bytes], writes: list[writers.Write], seed: int
) -> None:
    expected = {stream: of(writes, stream) for stream in ("stdout", "stderr")}
    check(format_id, writer(writes), expected, seed)


@given(writes=WRITES, seed=st.integers(0, 1000))
def test_containerd_drops_one_cr_before_lf(writes: list[writers.Write], seed: int) -> None:
    expected = {
        name: of([(s, d.replace(b"\r\n", b"\n")) for s, d in writes], name) for name in ("stdout", "stderr")
    }
    check("cri", writers.containerd(writes), expected, seed)


@given(
    writes=WRITES,
    attrs=st.sampled_from(["", '"attrs":{"tag":"a","env":"}{\\"log\\":\\""},']),
    seed=st.integers(0, 1000),
)
def test_json_file_gives_back_what_is_utf8_and_tells_the_rest(
    writes: list[writers.Write], attrs: str, seed: int
) -> None:
    capture = writers.docker_json_file(writes, attrs)
    decoded = merged(run(decoder("docker-json-file"), [[capture]]))
    assert merged(in_random_pieces(decoder("docker-json-file"), capture, seed)) == decoded
    assert set(kinds(decoded)) <= {"replacement-char"}
    for stream in ("stdout", "stderr"):
        printed, got = of(writes, stream), data_of(decoded, stream)
        notices = [item for item in decoded if isinstance(item, CaptureNotice) and item.stream == stream]
        if got != printed:
            assert notices
            assert got.count(b"\n") == printed.count(b"\n")
        if not notices:
            assert got == printed


TEXTS = st.lists(LINES, max_size=6).map(b"".join)
PREFIXED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "stamps": ("docker-logs-timestamps", lambda data: writers.docker_logs([("stdout", data)])),
    "details": (
        "docker-logs-details",
        lambda data: writers.docker_logs([("stdout", data)], "a=b,c=d ", has_stamps=False),
    ),
    "no details": (
        "docker-logs-details",
        lambda data: writers.docker_logs([("stdout", data)], " ", has_stamps=False),
    ),
    "stamps, details": ("docker-logs-details", lambda data: writers.docker_logs([("stdout", data)], "a=b ")),
    "stamps, no details": ("docker-logs-details", lambda data: writers.docker_logs([("stdout", data)], " ")),
    "kubectl, stamps": ("kubectl-logs", lambda data: writers.kubectl_logs(data, "", has_stamps=True)),
    "kubectl, prefix": (
        "kubectl-logs",
        lambda data: writers.kubectl_logs(data, "[pod/a/b] ", has_stamps=False),
    ),
    "kubectl, both": ("kubectl-logs", lambda data: writers.kubectl_logs(data, "[pod/a/b] ", has_stamps=True)),
    "compose": ("compose-logs", writers.compose_logs),
    "compose, colour": ("compose-logs", lambda data: writers.compose_logs(data, 5, "\x1b[36m")),
}


@pytest.mark.parametrize(("format_id", "writer"), PREFIXED.values(), ids=PREFIXED)
@given(data=TEXTS, seed=st.integers(0, 1000))
def test_prefixed_text_gives_back_the_text(
    format_id: str, writer: Callable[[bytes], bytes], data: bytes, seed: int
) -> None:
    capture = writer(data)
    decoded = merged(run(decoder(format_id), [[capture]]))
    assert merged(in_random_pieces(decoder(format_id), capture, seed)) == decoded
    assert data_of(decoded, "stdout") == data
    assert set(kinds(decoded)) <= {"repaired"}


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "raw": lambda writes: of(writes, "stdout"),
    "docker-json-file": writers.docker_json_file,
    "cri": writers.containerd,
    "docker-mux": writers.docker_mux,
    "docker-local": writers.docker_local,
    "journald-json": lambda writes: writers.journald_json(writers.docker_journal(writes)),
    "journald-export": lambda writes: writers.journald_export(writers.docker_journal(writes)),
    "docker-logs-timestamps": writers.docker_logs,
    "docker-logs-details": lambda writes: writers.docker_logs(writes, "a=b "),
    "kubectl-logs": lambda writes: writers.kubectl_logs(of(writes, "stdout"), "[pod/a/b] ", has_stamps=True),
    "compose-logs": lambda writes: writers.compose_logs(of(writes, "stdout")),
}


def test_every_format_has_a_writer() -> None:
    assert set(WRITERS) == set(formats())


SHORT = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from([b"a\n", b"b", b"\xc3\xa4\n", b"\xff\0\n", b'"}\n']),
    ),
    max_size=5,
)


@pytest.mark.parametrize("format_id", WRITERS)
@given(writes=SHORT, stream=st.sampled_from([Stream.STDOUT, Stream.STDERR]))
def test_one_stream_is_read_as_among_both(
    format_id: str, writes: list[writers.Write], stream: Stream
) -> None:
    capture = WRITERS[format_id](writes)
    both, one = run(decoder(format_id), [[capture]]), run(decoder(format_id, stream=stream), [[capture]])
    assert data_of(merged(one), stream) == data_of(merged(both), stream)
    assert places(merged(one)) == places(merged(both))
    assert {item.stream for item in one if isinstance(item, Chunk)} <= {stream}
    assert stamped(one) == [item for item in stamped(both) if item[0] == stream]


DAMAGE = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 30),
        st.sampled_from(
            [b"", b"\n", b"\0\0", b"{", b'"', b"\xff", b" ", b"}\n{", b'{"log":"', b"\n\n", b"\1\0\0\0"]
        ),
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("format_id", WRITERS)
@given(writes=SHORT, damage=DAMAGE)
def test_damage_never_raises_and_reads_the_same_in_any_pieces(
    format_id: str, writes: list[writers.Write], damage: list[tuple[float, int, bytes]]
) -> None:
    capture = WRITERS[format_id](writes)
    for place, size, replacement in damage:
        at = int(place * len(capture))
        capture = capture[:at] + replacement + capture[at + size :]
    read_the_same_in_any_pieces(format_id, capture)


def read_the_same_in_any_pieces(format_id: str, capture: bytes) -> None:
    whole = run(decoder(format_id), [[capture]])
    for pieces in ([capture[at : at + 1] for at in range(len(capture))], cut(capture, [len(capture) // 2])):
        output = run(decoder(format_id), [pieces])
        assert merged(output) == merged(whole)
        assert stamped(output) == stamped(whole)


@pytest.mark.parametrize("format_id", WRITERS)
@given(data=st.binary(max_size=200))
def test_any_bytes_read_the_same_in_any_pieces(format_id: str, data: bytes) -> None:
    decode(format_id, data, data[:20])


WHITE = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\n\n"])
KEYS = st.sampled_from(["log", "log", "stream", "time", "Log", "STREAM", "Time", "attrs", "x"])
VALUES = st.sampled_from(
    [
        r'"a\n"',
        '"b"',
        '""',
        '"stdout"',
        '"stdout"',
        '"stderr"',
        '"t"',
        '"2024-05-01T10:00:00Z"',
        "4",
        "null",
        "NaN",
        "9" * 30,
        "[]",
        "{}",
        r'{"log":"x\n"}',
        r'"\q"',
        r'"\ud800"',
        '"\1"',
        '"\udcff"',
        r'"ä\n"',
        r'"x\\"',
        "[" * 50,
    ]
)
MEMBERS = st.builds("{}{}{}:{}{}".format, WHITE, KEYS.map('"{}"'.format), WHITE, WHITE, VALUES)
OBJECTS = st.lists(MEMBERS, max_size=6).map(lambda members: "{" + ",".join(members) + "}")
ALMOST_RECORDS = st.builds(
    '{{"log":{},"stream":{},"time":{}{}}}'.format,
    VALUES,
    VALUES,
    VALUES,
    st.just("") | MEMBERS.map(",{}".format),
)


@given(
    records=st.lists(
        st.tuples(OBJECTS | ALMOST_RECORDS, st.sampled_from(["\n", "\n", "\n\n", " ", "", "\0", "x\n"])),
        max_size=4,
    )
)
def test_objects_of_any_shape_read_the_same_in_any_pieces(records: list[tuple[str, str]]) -> None:
    text = "".join(record + end for record, end in records)
    read_the_same_in_any_pieces("docker-json-file", text.encode(errors="surrogateescape"))


PIECE = 8
RUNS = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["stdout", "stderr"]),
            st.integers(0, 3 * PIECE),
            st.sampled_from(["\n", "\n", ""]),
        ),
        max_size=6,
    ),
    min_size=1,
    max_size=2,
)
IN_PIECES: dict[str, tuple[str, Callable[[Any, int], list[bytes]]]] = {
    "local": ("docker-local", lambda writes, first: writers.docker_local_records(writes, PIECE, first)),
    "docker journal": (
        "journald-json",
        lambda writes, first: [
            writers.journald_json([entry]) for entry in writers.docker_journal(writes, PIECE, first)
        ],
    ),
}


@pytest.mark.parametrize(("format_id", "writer"), IN_PIECES.values(), ids=IN_PIECES)
@given(runs=RUNS, dropped=st.sets(st.integers(0, 30), max_size=3))
def test_a_line_is_whole_or_a_notice_tells(
    format_id: str,
    writer: Callable[[Any, int], list[bytes]],
    runs: list[list[tuple[str, int, str]]],
    dropped: set[int],
) -> None:
    """Records are dropped, and the container is started again, within a line or not."""
    written: dict[str, set[bytes]] = {"stdout": set(), "stderr": set()}
    records = []
    for number, writes in enumerate(runs):
        output = [
            (stream, f"{number}.{at}:".ljust(size, ".").encode() + end.encode())
            for at, (stream, size, end) in enumerate(writes)
        ]
        records += writer(output, 100 * number)
        for stream in written:
            written[stream] |= set(of(output, stream).split(b"\n"))
    kept = [record for number, record in enumerate(records) if number not in dropped]
    decoded = merged(run(decoder(format_id), [kept]))
    if not kinds(decoded):
        for stream, lines in written.items():
            *whole, unfinished = data_of(decoded, stream).split(b"\n")
            assert set(whole) <= lines
            assert any(line.startswith(unfinished) for line in lines | {b""})
