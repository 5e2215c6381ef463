"""Text with a prefix before every line: blocks are read as their lines are, one by one."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import StdStream, decoder
from planqk_protocol.captures.prefix_decoder import PrefixDecoder
from tests.captures.feeding import kinds, merged, run, stamped

STAMP = b"2024-05-01T10:00:0%d.000000001Z "
ZONED = b"2024-05-01T10:00:0%d.000000001+02:00 "
PIECE = b"x" * 16384

# Beginnings of lines, of which most in a capture are alike.
USUAL: dict[str, list[bytes]] = {
    "docker-logs-timestamps": [STAMP],
    "docker-logs-details": [b" ", b"a=b ", STAMP + b" ", STAMP + b"k=1 "],
    "kubectl-logs": [STAMP, ZONED, b"[pod/a/b] ", b"[pod/a1/b] " + STAMP],
    "compose-logs": [b"job-1 | ", b"job | ", b"job-1 | " + STAMP, b"\x1b[36mjob-1 | \x1b[0m"],
}
ODD: dict[str, list[bytes]] = {
    "docker-logs-timestamps": [b"", b"x", ZONED, STAMP[1:], b"2024-05-01T10:0%d", STAMP + PIECE + STAMP],
    "docker-logs-details": [b"", b"x", b" ", b"a=b ", b"a=c ", STAMP + b" ", STAMP + b"k=2 ", b" " + PIECE],
    "kubectl-logs": [b"", b"x", b"[pod/a/b] ", b"[pod/a2/b] ", b"[pod/a2/b] " + STAMP, STAMP, ZONED],
    "compose-logs": [b"", b"job-2 | ", b"jab | ", b"job-1  | ", b"job-2 | " + STAMP, b"Attaching to "],
}
CASES = [
    pytest.param(format_id, usual, odd, id=f"{format_id}: {usual[:20]!r}, {odd[:20]!r}")
    for format_id, beginnings in USUAL.items()
    for usual in beginnings
    for odd in ODD[format_id]
]


def line(beginning: bytes, number: int) -> bytes:
    digit = number % 10
    return beginning.replace(b"%d", b"%d" % digit) + b"text %d\r\n" % number


def read_alone(format_id: str, lines: list[bytes]) -> list[bytes]:
    """Pieces of lines, so that each line is decoded alone."""
    assert not decoder(format_id).feed(lines[0][:1])
    return [piece for whole in lines for piece in (whole[:1], whole[1:])]


@pytest.mark.parametrize(("format_id", "usual", "odd"), CASES)
def test_a_block_is_read_as_its_lines_are(format_id: str, usual: bytes, odd: bytes) -> None:
    lines = [line(odd if number in {150, 151, 225} else usual, number) for number in range(300)]
    whole, alone = (
        run(decoder(format_id), [chunks])
        for chunks in ([lines[0], b"".join(lines[1:])], read_alone(format_id, lines))
    )
    assert merged(whole) == merged(alone)
    assert stamped(whole) == stamped(alone)


@pytest.mark.parametrize(
    ("format_id", "usual"), [(format_id, usual) for format_id, all_ in USUAL.items() for usual in all_]
)
def test_few_lines_are_read_alone(format_id: str, usual: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block, in which the prefix is not known yet, and the surroundings of an odd line."""
    taken: list[bytes] = []
    take = PrefixDecoder._decode_line  # noqa: SLF001

    def count(self: PrefixDecoder, text: bytes, end: bytes) -> None:
        taken.append(text)
        take(self, text, end)

    monkeypatch.setattr(PrefixDecoder, "_decode_line", count)
    lines = [line(b"\x01" if number == 3000 else usual, number) for number in range(6000)]
    decoded = run(decoder(format_id), [[b"".join(lines)]])
    assert kinds(merged(decoded)) == ["corrupt"]
    assert len(taken) * 8 < len(lines)


def test_a_stamp_that_is_missing_from_a_line_is_looked_for_on_the_next_ones() -> None:
    pod = b"[pod/a/b] "
    lines = [line(pod + STAMP, 0), line(pod, 1), *(line(pod + STAMP, number) for number in range(2, 500))]
    whole = run(decoder("kubectl-logs"), [[lines[0], lines[1], b"".join(lines[2:])]])
    assert merged(whole) == merged(run(decoder("kubectl-logs"), [read_alone("kubectl-logs", lines)]))
    assert all(time for _, time in stamped(whole)[-1000:])


def test_a_name_that_looks_like_a_stamp_is_no_stamp() -> None:
    names = [b"[pod/2024-05-01T10:00:00.00000000%dZ/b] " % number for number in (1, 2)]
    lines = [line(names[0] + STAMP, number) for number in range(500)]
    lines[400] = line(names[1] + STAMP, 400)
    subject = decoder("kubectl-logs")
    decoded = merged(run(subject, [[lines[0], b"".join(lines[1:])]]))
    assert subject.containers == [f"2024-05-01T10:00:00.00000000{number}Z/b" for number in (1, 2)]
    assert ("unknown", b"text 400\r\n", False) in decoded


def test_lines_of_another_container_are_unknown_in_blocks_too() -> None:
    lines = [line(b"job-1 | ", number) for number in range(500)]
    for stream in (None, StdStream.STDOUT):
        subject = decoder("compose-logs", container="job-2", stream=stream)
        decoded = merged(run(subject, [[lines[0], b"".join(lines[1:])]]))
        text = b"".join(item[8:] for item in lines)
        assert decoded == ([("unknown", text, False)] if stream is None else [])
