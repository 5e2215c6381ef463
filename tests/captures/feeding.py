"""Feeds captures to decoders in many ways, all of which must give the same."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

from planqk_protocol.captures import CaptureNotice, Chunk, Decoded, Decoder, decoder

LONG = 4000  # bytes: of a longer capture, one that shows a bound, larger pieces are enough
MOST_CUTS = 200  # of a capture in two; a longer one repeats what is in it

Merged = list[tuple[str, bytes, bool] | CaptureNotice]


def merged(output: Decoded) -> Merged:
    """The output, adjacent chunks of one stream made one."""
    result: Merged = []
    for item in output:
        if isinstance(item, CaptureNotice):
            result.append(item)
            continue
        assert item.data
        last = result[-1] if result else None
        if isinstance(last, tuple) and (last[0], last[2]) == (item.stream.value, item.suspect):
            result[-1] = (last[0], last[1] + item.data, last[2])
        else:
            result.append((item.stream.value, item.data, item.suspect))
    return result


def stamped(output: Decoded) -> list[tuple[str, str | None]]:
    """The stream and time stamp of every byte."""
    for item in output:
        if isinstance(item, Chunk) and item.records:
            times = item.records.times()
            assert item.time_span == (times[0] or None, times[-1] or None)
    return [
        (item.stream.value, time)
        for item in output
        if isinstance(item, Chunk)
        for time in item.times_at(list(range(len(item.data))))
    ]


def run(subject: Decoder, files: Iterable[Sequence[bytes]]) -> Decoded:
    """Feed the chunks of each file, with an end between files."""
    output: Decoded = []
    for number, chunks in enumerate(files):
        if number:
            output += subject.end_of_file()
        for chunk in chunks:
            output += subject.feed(chunk)
    return output + subject.close()


def cut(data: bytes, points: Iterable[int]) -> list[bytes]:
    """The data in pieces, cut at the given points."""
    return [data[start:stop] for start, stop in pairwise([0, *sorted(points), len(data)])]


def single_bytes(data: bytes) -> list[bytes]:
    """Single bytes; of a capture that is long for the sake of a bound, more at a time."""
    step = 1 if len(data) <= LONG else 997
    return [data[at : at + step] for at in range(0, len(data), step)]


def decode(format_id: str, *files: bytes, container: str | None = None, seed: int = 0) -> Merged:
    """Decode whole, byte by byte, at every two-way cut and at random cuts; all must give the same."""

    def fresh() -> Decoder:
        return decoder(format_id, container=container)

    whole = run(fresh(), [[data] for data in files])
    expected, times = merged(whole), stamped(whole)
    ways = [[single_bytes(data) for data in files]]
    for number, data in enumerate(files):
        before, after = [[item] for item in files[:number]], [[item] for item in files[number + 1 :]]
        most = MOST_CUTS if len(data) <= LONG else 10
        step = max(1, len(data) // most)
        ways += [[*before, cut(data, [at]), *after] for at in range(0, len(data) + 1, step)]
    source = random.Random(seed)  # noqa: S311
    for _ in range(10 if max(map(len, files)) <= LONG else 3):
        ways.append([cut(data, [source.randint(0, len(data)) for _ in range(5)]) for data in files])
    for way in ways:
        output = run(fresh(), way)
        assert merged(output) == expected
    assert stamped(run(fresh(), ways[0])) == times
    assert merged(_with_copies(fresh(), files)) == expected
    return expected


def _with_copies(subject: Decoder, files: Sequence[bytes]) -> Decoded:
    """Feed in pieces, and go on with a pickled copy after each, while the original takes other bytes."""
    output: Decoded = []
    for number, data in enumerate(files):
        if number:
            output += subject.end_of_file()
        for chunk in cut(data, [len(data) // 3, len(data) // 2]):
            original, subject = subject, copy.copy(subject)
            original.feed(b"other bytes\n")
            subject = pickle.loads(pickle.dumps(subject))  # noqa: S301
            output += subject.feed(chunk)
    return output + subject.close()


def chunks_in(decoded: Merged) -> list[tuple[str, bytes, bool]]:
    """The chunks without the notices: stream, bytes, and whether they are suspect."""
    return [item for item in decoded if isinstance(item, tuple)]


def data_of(decoded: Merged, stream: str) -> bytes:
    return b"".join(item[1] for item in decoded if isinstance(item, tuple) and item[0] == stream)


def kinds(decoded: Merged) -> list[str]:
    return [item.kind.value for item in decoded if isinstance(item, CaptureNotice)]


def places(decoded: Merged) -> list[tuple[str, int, int, str | None]]:
    """Kind, record, offset and stream of the notices."""
    return [
        (item.kind.value, item.record, item.offset, item.stream and item.stream.value)
        for item in decoded
        if isinstance(item, CaptureNotice)
    ]
