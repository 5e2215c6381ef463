"""What a container prints comes back from what the engines make of it, or notices say what was lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from feeding import cut, data_of, decode, kinds, merged, places, run, stamped
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures import CaptureNotice, Chunk, Decoder, Output, Stream, decoder, formats
from planqk_protocol.testing import Capture, captures, writers
from planqk_protocol.testing.capture import MODELS
from planqk_protocol.testing.writers import Write

# What there is to say of captures that no accident has damaged.
TOLD = {
    "docker-json-file": {"replacement-char"},
    "docker-logs-details": {"repaired"},
    "docker-logs-timestamps": {"repaired"},
}


def in_random_pieces(subject: Decoder, capture: bytes, seed: int) -> Output:
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
def test_characters_that_were_replaced_are_told(capture: Capture) -> None:
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
@given(data=st.data(), writes=SHORT, stream=st.sampled_from([Stream.STDOUT, Stream.STDERR]))
def test_one_stream_is_read_as_among_both(
    format_id: str, data: st.DataObject, writes: list[Write], stream: Stream
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
    whole = run(decoder(format_id), [[capture]])
    for pieces in ([capture[at : at + 1] for at in range(len(capture))], cut(capture, [len(capture) // 2])):
        output = run(decoder(format_id), [pieces])
        assert merged(output) == merged(whole)
        assert stamped(output) == stamped(whole)


ENDED = {
    "conmon": ("cri", writers.conmon),
    "containerd": ("cri", writers.containerd),
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


@pytest.mark.parametrize("write", [writers.conmon, writers.containerd])
@given(writes=SHORT, place=st.floats(0, 1), kept=st.floats(0, 1))
def test_a_short_write_before_other_records_is_noticed(
    write: Callable[[Sequence[Write]], bytes], writes: list[Write], place: float, kept: float
) -> None:
    records = write([*writes, ("stdout", b"a\n"), ("stderr", b"b\n")]).splitlines(keepends=True)
    number = int(place * (len(records) - 2))
    size = 1 + int(kept * (len(records[number]) - 2))
    records[number] = records[number][:size]
    for only in (None, Stream.STDOUT):
        decoded = merged(run(decoder("cri", stream=only), [[b"".join(records)]]))
        assert set(kinds(decoded)) & {"torn", "corrupt"}


@pytest.mark.parametrize("format_id", formats())
@given(data=st.binary(max_size=200))
def test_any_bytes_read_the_same_in_any_pieces(format_id: str, data: bytes) -> None:
    decode(format_id, data, data[:20])
