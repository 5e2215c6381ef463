"""How much the decoder of ``planqk-log`` gives of an entry that breaks off."""

from __future__ import annotations

from planqk_protocol.captures import CaptureNotice, decoder
from tests.captures.feeding import data_of, merged, run


def test_of_the_objects_in_an_entry_that_breaks_off_not_too_many_are_given() -> None:
    begin, inner = b'[{"message":"k","x":[', b'{"message":"i"},'
    for count, left_out in [(10_001, 0), (12_000, 1_999)]:
        capture = begin + inner * count
        whole = run(decoder("planqk-log"), [[capture]])
        assert data_of(merged(whole), "stdout") == b"k\n" + b"i\n" * 10_001  # the last object, too
        notices = [item for item in whole if isinstance(item, CaptureNotice)]
        told = [(notice.offset, notice.message) for notice in notices if notice.kind.value == "corrupt"]
        at = len(begin) + 10_000 * len(inner)
        message = "1,999 more objects begin within the entry that breaks off; left out"
        assert told == ([(at, message)] if left_out else [])
        pieces = [capture[at : at + 4099] for at in range(0, len(capture), 4099)]
        assert merged(run(decoder("planqk-log"), [pieces])) == merged(whole)
