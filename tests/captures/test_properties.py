"""What a container prints comes back from what the engines make of it, or notices say what was lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Log, Outcome, Result, Violation, collect
from planqk_protocol.captures import (
    CaptureNotice,
    Chunk,
    Decoded,
    Decoder,
    Source,
    StdStream,
    decoder,
    formats,
)
from planqk_protocol.testing import KnownCapture, captures, engine_writers, journald_writer
from planqk_protocol.testing.engine_writers import Write
from planqk_protocol.testing.models import MODELS
from tests.captures.feeding import cut, data_of, decode, kinds, merged, places, run, stamped

# What there is to say of captures that no accident has damaged.
TOLD = {
    "docker-json-file": {"replacement-char"},
    "docker-logs-details": {"repaired"},
    "docker-logs-timestamps": {"repaired"},
    "planqk-log": {"replacement-char"},
}


def in_random_pieces(subject: Decoder, capture: bytes, seed: int) -> Decoded:
    source = random.Random(seed)  # noqa: S311
    return run(subject, [cut(capture, [source.randint(0, len(capture)) for _ in range(4)])])


@pytest.mark.parametrize("format_id", formats())
@given(data=st.data(), seed=st.integers(0, 1000))
def test_what_a_capture_holds_comes_back(format_id: str, data: st.DataObject, seed: int) -> None:
    capture = data.draw(captures(format_id))
    decoded = merged(run(decoder(format_id), [[capture.data]]))
    assert merged(in_random_pieces(decoder(format_id), capture.data, seed)) == decoded
    assert data_of(decoded, "stdout") == capture.stdout
    assert data_of(decoded, "stderr") == capture.stderr
    assert set(kinds(decoded)) <= TOLD.get(format_id, set())


@given(captures("docker-json-file"))
def test_characters_that_were_replaced_are_told(capture: KnownCapture) -> None:
    decoded = merged(run(decoder(capture.format), [[capture.data]]))
    for stream, kept in (("stdout", capture.stdout), ("stderr", capture.stderr)):
        written = b"".join(data for name, data in capture.writes if name == stream)
        told = [item for item in decoded if isinstance(item, CaptureNotice) and item.stream == stream]
        assert bool(told) == ("\N{REPLACEMENT CHARACTER}" in kept.decode())
        assert told or kept == written


def test_every_format_has_a_model() -> None:
    assert set(MODELS) == set(formats())


SHORT = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from([b"a\n", b"b", b"\xc3\xa4\n", b"\xff\0\n", b'"}\n']),
    ),
    max_size=5,
)


def written(data: st.DataObject, format_id: str, writes: list[Write]) -> bytes:
    """What one of the engines makes of these."""
    return data.draw(st.sampled_from(MODELS[format_id])).write(writes)


@pytest.mark.parametrize("format_id", formats())
@given(data=st.data(), writes=SHORT, stream=st.sampled_from([StdStream.STDOUT, StdStream.STDERR]))
def test_one_stream_is_read_as_among_both(
    format_id: str, data: st.DataObject, writes: list[Write], stream: StdStream
) -> None:
    capture = written(data, format_id, writes)
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


@pytest.mark.parametrize("format_id", formats())
@given(data=st.data(), writes=SHORT, damage=DAMAGE)
def test_damage_never_raises_and_reads_the_same_in_any_pieces(
    format_id: str, data: st.DataObject, writes: list[Write], damage: list[tuple[float, int, bytes]]
) -> None:
    capture = written(data, format_id, writes)
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


ENDED = {
    "conmon": ("cri", engine_writers.conmon),
    "containerd": ("cri", engine_writers.containerd),
    "compose": ("compose-logs", MODELS["compose-logs"][0].write),
}


@pytest.mark.parametrize(("format_id", "write"), ENDED.values(), ids=ENDED)
@given(writes=SHORT, place=st.floats(0, 1))
def test_a_cut_within_a_record_is_noticed(
    format_id: str, write: Callable[[Sequence[Write]], bytes], writes: list[Write], place: float
) -> None:
    capture = write(writes)
    capture = capture[: int(place * len(capture))]
    decoded = merged(run(decoder(format_id), [[capture]]))
    is_within = not capture.endswith(b"\n") and capture != b""
    assert kinds(decoded) == ["truncated"] * is_within


@pytest.mark.parametrize("write", [engine_writers.conmon, engine_writers.containerd])
@given(writes=SHORT, place=st.floats(0, 1), kept=st.floats(0, 1))
def test_a_short_write_changes_the_stream_of_no_byte(
    write: Callable[[Sequence[Write]], bytes], writes: list[Write], place: float, kept: float
) -> None:
    """What follows in the text is text; what follows within the head is suspect."""
    records = write([*writes, ("stdout", b"a\n"), ("stderr", b"b\n")]).splitlines(keepends=True)
    number = int(place * (len(records) - 2))
    time, name, tag, _ = records[number].split(b" ", 3)
    head = len(b" ".join([time, name, tag, b""]))
    glued = records[number][: 1 + int(kept * (len(records[number]) - 2))] + records[number + 1]
    before, after = b"".join(records[:number]), b"".join(records[number + 2 :])
    is_within_head = len(glued) - len(records[number + 1]) < head
    decoded = merged(run(decoder("cri"), [[before + glued + after]]))
    assert kinds(decoded) == ["corrupt"] * is_within_head
    assert any(isinstance(item, tuple) and item[2] for item in decoded) == is_within_head
    if is_within_head:
        name, tag, text = records[number + 1].split(b" ", 3)[1:]
    else:
        text = glued[head:]
    for stream in ("stdout", "stderr"):
        parts = [data_of(merged(run(decoder("cri"), [[part]])), stream) for part in (before, after)]
        own = (text if tag == b"F" else text[:-1]) if name.decode() == stream else b""
        assert data_of(decoded, stream) == own.join(parts)


def json_file_records(writes: Sequence[Write]) -> list[bytes]:
    return engine_writers.lines_of(engine_writers.docker_json_file(writes))


def cri_records(writes: Sequence[Write]) -> list[bytes]:
    return engine_writers.lines_of(engine_writers.conmon(writes))


def journal_records(writes: Sequence[Write]) -> list[bytes]:
    return [journald_writer.journald_json([entry]) for entry in journald_writer.docker_journal(writes)]


def export_records(writes: Sequence[Write]) -> list[bytes]:
    return [journald_writer.journald_export([entry]) for entry in journald_writer.docker_journal(writes)]


Writer = Callable[[Sequence[Write]], list[bytes]]
# Records of the formats that can tell where one breaks off. In `cri` a text may hold anything but an LF, and
# frames of `docker-mux` have nothing that a length could be checked by.
RECORDS: dict[str, Writer] = {
    "docker-json-file": json_file_records,
    "docker-local": engine_writers.docker_local_records,
    "journald-json": journal_records,
    "journald-export": export_records,
}
WITH_CRI: dict[str, Writer] = {**RECORDS, "cri": cri_records}
RESULT = b'PlanQK:Job:Result: "%b"\n'


def broken(records: list[bytes], number: int, kept: float, nuls: int) -> bytes:
    """A record that breaks off, with NULs where blocks were never written; the others follow."""
    torn = records[number][: 1 + int(kept * (len(records[number]) - 3))]
    return b"".join([*records[:number], torn, b"\0" * nuls, *records[number + 1 :]])


@pytest.mark.parametrize("format_id", WITH_CRI)
@given(data=st.data(), number=st.integers(0, 3), kept=st.floats(0, 1), nuls=st.sampled_from([0, 1, 5, 4096]))
def test_what_a_job_quotes_on_standard_error_is_never_its_result(
    format_id: str, data: st.DataObject, number: int, kept: float, nuls: int
) -> None:
    """Whatever breaks off before, within or after the quotation."""
    forged = WITH_CRI[format_id]([("stdout", RESULT % b"forged")])[0]
    before = data.draw(st.sampled_from([b"", b"x", b"\0", b"\0\0\0\0", b"\n\n", forged[:30], forged[:-3]]))
    records = WITH_CRI[format_id](
        [("stdout", b"a\n"), ("stderr", before + forged), ("stderr", forged * 2 + b"\n"), ("stdout", b"b\n")]
    )
    number = min(number, len(records) - 1)
    for capture in (b"".join(records), broken(records, number, kept, nuls)):
        outcome = parse_all(format_id, capture)
        assert outcome.result is None or outcome.suspect
    assert parse_all(format_id, b"".join(records)).result is None


def parse_all(format_id: str, capture: bytes) -> Outcome:
    source = Source(format_id)
    return collect(source.feed(capture).events + source.close().events)


@pytest.mark.parametrize("format_id", RECORDS)
@given(
    texts=st.lists(st.sampled_from([b"a\n", b"\n", RESULT % b"first", b"\0\n"]), min_size=1, max_size=4),
    number=st.integers(0, 3),
    kept=st.floats(0, 1),
    nuls=st.sampled_from([0, 1, 5, 4096]),
)
def test_a_result_after_a_loss_says_so(
    format_id: str, texts: list[bytes], number: int, kept: float, nuls: int
) -> None:
    records = RECORDS[format_id]([("stdout", text) for text in [*texts, b"in between\n", RESULT % b"last"]])
    capture = broken(records, min(number, len(texts) - 1), kept, nuls)
    source = Source(format_id, logs=False)
    captured = source.feed(capture)
    events = captured.events + source.close().events
    assert any(notice.loses(StdStream.STDOUT) for notice in captured.notices)
    last = events[-1]
    assert isinstance(last, Result | Violation)
    assert b"last" in last.raw
    assert last.after_loss
    outcome = collect(events)
    first = outcome.result or outcome.reason
    assert first
    assert outcome.suspect == (first.suspect or first.after_loss)


WITH_STREAMS = [format_id for format_id in formats() if MODELS[format_id][0].streams == ("stdout", "stderr")]


@pytest.mark.parametrize("format_id", WITH_STREAMS)
@given(data=st.data(), size=st.integers(1, 12) | st.sampled_from([60, 200, 4096]))
def test_nuls_of_a_power_loss_make_no_result_of_what_stderr_holds(
    format_id: str, data: st.DataObject, size: int
) -> None:
    writes = list(data.draw(captures(format_id)).writes)
    for _ in range(3):
        writes.insert(data.draw(st.integers(0, len(writes))), ("stderr", RESULT % b"of stderr"))
    whole = data.draw(st.sampled_from(MODELS[format_id])).write(writes)
    at = data.draw(st.integers(0, len(whole)))
    source = Source(format_id, logs=False)
    captured = source.feed(whole[:at] + bytes(size) + whole[at + size :])
    for event in captured.events + source.close().events:
        assert not isinstance(event, Log)
        is_told = isinstance(event, Violation) or event.suspect or event.after_loss
        assert is_told or b"of stderr" not in event.raw


@pytest.mark.parametrize("format_id", formats())
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
IN_PIECES: dict[str, tuple[str, Callable[[Sequence[Write], int], list[bytes]]]] = {
    "local": (
        "docker-local",
        lambda writes, first: engine_writers.docker_local_records(writes, PIECE, first),
    ),
    "docker journal": (
        "journald-json",
        lambda writes, first: [
            journald_writer.journald_json([entry])
            for entry in journald_writer.docker_journal(writes, PIECE, first)
        ],
    ),
}


@pytest.mark.parametrize(("format_id", "writer"), IN_PIECES.values(), ids=IN_PIECES)
@given(runs=RUNS, dropped=st.sets(st.integers(0, 30), max_size=3))
def test_a_line_is_whole_or_a_notice_tells(
    format_id: str,
    writer: Callable[[Sequence[Write], int], list[bytes]],
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
            written[stream] |= set(b"".join(data for name, data in output if name == stream).split(b"\n"))
    kept = [record for number, record in enumerate(records) if number not in dropped]
    decoded = merged(run(decoder(format_id), [kept]))
    if not kinds(decoded):
        for stream, lines in written.items():
            *whole, unfinished = data_of(decoded, stream).split(b"\n")
            assert set(whole) <= lines
            assert any(line.startswith(unfinished) for line in lines | {b""})
