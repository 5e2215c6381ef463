"""What the output of every engine does: it ends, is closed, and tells whether it is whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines.container import ContainerOutput, EngineError


class Reader:
    def __init__(self, *pieces: bytes | CaptureNotice | Exception) -> None:
        self._given = pieces
        self.is_cut_off = False
        self.closed = 0
        self.asked = 0

    def items(self) -> Iterator[bytes | CaptureNotice]:
        for piece in self._given:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def exit_code(self) -> int | None:
        self.asked += 1
        return None

    def close(self) -> None:
        self.closed += 1


def output_of(reader: Reader) -> ContainerOutput:
    return ContainerOutput(reader, capture="raw", caveats=[])


def test_bytes_and_notices_come_in_their_order() -> None:
    gap = CaptureNotice(NoticeKind.GAP, 1, 1, "gone")
    with output_of(Reader(b"a", gap, b"b")) as output:
        assert list(output) == [b"a", gap, b"b"]
        assert list(output) == []
        assert not output.is_cut_off
    assert not output.is_cut_off


@pytest.mark.parametrize("is_cut_off", [True, False])
def test_the_reader_tells_whether_the_end_is_whole(*, is_cut_off: bool) -> None:
    reader = Reader(b"a")
    reader.is_cut_off = is_cut_off
    with output_of(reader) as output:
        list(output)
        assert output.is_cut_off is is_cut_off


def test_an_output_that_is_left_early_is_cut_off() -> None:
    with output_of(Reader(b"a", b"b")) as output:
        assert next(output) == b"a"
    assert output.is_cut_off
    assert list(output) == []


def test_an_error_closes_the_output_and_cuts_it_off() -> None:
    reader = Reader(b"a", EngineError("broken"))
    output = output_of(reader)
    assert next(output) == b"a"
    with pytest.raises(EngineError, match="broken"):
        next(output)
    assert (reader.closed, output.is_cut_off) == (1, True)
    assert list(output) == []


def test_closing_twice_is_closing_once() -> None:
    reader = Reader()
    output = output_of(reader)
    output.close()
    output.close()
    with output:
        pass
    assert reader.closed == 1


def test_the_exit_code_is_asked_for_once_and_before_the_end() -> None:
    reader = Reader()
    with output_of(reader) as output:
        assert output.exit_code() is None
    assert output.exit_code() is None
    assert reader.asked == 1
    output = output_of(reader)
    output.close()
    with pytest.raises(ValueError, match=r"exit_code\(\) after close\(\)"):
        output.exit_code()


def test_another_thread_can_end_what_is_waited_for() -> None:
    class Waiting(Reader):
        ended = threading.Event()

        def items(self) -> Iterator[bytes]:
            self.ended.wait()
            yield from ()

        def close(self) -> None:
            self.ended.set()

    output = output_of(Waiting())
    got: list[bytes | CaptureNotice] = [b"not yet"]
    thread = threading.Thread(target=lambda: got.__setitem__(slice(None), list(output)))
    thread.start()
    output.close()
    thread.join(40)
    assert (got, output.is_cut_off) == ([], True)
