"""What a capture makes a decoder hold and say is bounded, however long and deep the things in it are."""

from __future__ import annotations

import json
import struct
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from planqk_protocol.captures import CaptureNotice, Decoded, decoder, detect, formats
from planqk_protocol.testing import engine_writers
from planqk_protocol.testing.journald_writer import journald_export, journald_json

MANY, LONG = 40, 300_000
MOST_HELD = 1_500_000  # bytes, of the 12 MB of names; at most 1000 short names are held
MOST_SAID = 500
STAMP = b"2024-05-01T10:00:00.000000001Z"


def name(number: int) -> bytes:
    return (b"%d" % number).ljust(LONG, b"x")


def entry(number: int) -> dict[str, bytes]:
    return {"__CURSOR": b"s", "PRIORITY": name(number), "CONTAINER_ID_FULL": name(number), "MESSAGE": b"a"}


def of_one_container(number: int) -> dict[str, bytes]:
    fields = {"CONTAINER_PARTIAL_ID", "CONTAINER_LOG_EPOCH", "CONTAINER_PARTIAL_LAST", "PRIORITY"}
    return {
        "__CURSOR": b"s",
        "MESSAGE": b"a",
        "CONTAINER_PARTIAL_ORDINAL": b"1",
        "CONTAINER_LOG_ORDINAL": b"3",
        **dict.fromkeys(fields, name(number)),
    }


RECORDS: dict[str, list[Callable[[int], bytes]]] = {
    "raw": [name],
    "docker-json-file": [
        lambda number: b'{"log":"a\\n","stream":"%b","time":"t"}\n' % name(number),
        lambda number: b'{"log":"a","stream":"stdout","time":"%b"}\n' % name(number),
        lambda number: b'{"log":"a","%b":"stdout"\n' % name(number),
    ],
    "cri": [
        lambda number: STAMP + b" " + name(number) + b" F a\n",
        lambda number: STAMP + b" stdout F:" + name(number) + b" a\n",
    ],
    "docker-mux": [lambda number: struct.pack(">BxxxI", 3, LONG) + name(number)],
    "docker-local": [
        lambda number: engine_writers.local_record(engine_writers.local_entry(name(number), b"a", part=1)),
        lambda number: engine_writers.local_record(
            engine_writers.local_entry(b"stdout", b"a", ends_line=False, part=number, line_id=name(number))
        ),
    ],
    "journald-json": [
        lambda number: journald_json([entry(number)]),
        lambda number: journald_json([of_one_container(number)]),
    ],
    "journald-export": [
        lambda number: journald_export([entry(number)]),
        lambda number: journald_export([of_one_container(number)]),
    ],
    "docker-logs-timestamps": [lambda number: name(number) + b" a\n"],
    "docker-logs-details": [
        lambda number: b"a=" + name(number) + b" a\n",
        lambda number: name(number) + b"\n",
    ],
    "kubectl-logs": [lambda number: b"[pod/a/" + name(number) + b"] a\n"],
    "compose-logs": [lambda number: name(number) + b" | a\n"],
    "planqk-log": [
        lambda number: b'{"message":"a","severity":"%b","timestamp":"%b"}\n' % (name(number), name(number)),
        lambda number: b'{"message":"%b\n' % name(number),
        lambda number: b'{"message":"a","%b":"INFO"\n' % name(number),
        lambda number: b'{"message":%b},' % name(number),
    ],
}


def messages(output: Decoded) -> list[str]:
    return [item.message for item in output if isinstance(item, CaptureNotice)]


def test_every_format_is_tried() -> None:
    assert set(RECORDS) == set(formats())


@pytest.mark.parametrize(
    ("format_id", "record"), [(format_id, record) for format_id, all_ in RECORDS.items() for record in all_]
)
def test_long_names_are_neither_kept_nor_said(format_id: str, record: Callable[[int], bytes]) -> None:
    subject = decoder(format_id)
    subject.feed(record(0))
    tracemalloc.start()
    try:
        for number in range(1, MANY):
            for message in messages(subject.feed(record(number))):
                assert len(message.encode()) < MOST_SAID
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < MOST_HELD
    assert all(len(item) < MOST_SAID for item in subject.containers)
    assert all(len(message.encode()) < MOST_SAID for message in messages(subject.close()))


@pytest.mark.parametrize("format_id", ["kubectl-logs", "compose-logs"])
def test_names_of_many_containers_are_bounded(format_id: str) -> None:
    subject = decoder(format_id)
    tracemalloc.start()
    try:
        for number in range(5000):
            before = b"[pod/p/%d%b] a\n" if format_id == "kubectl-logs" else b"p%d%b | a\n"
            subject.feed(before % (number, b"x" * 250))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < MOST_HELD
    assert 1000 <= len(subject.containers) <= 1001


def test_a_container_whose_name_is_too_long_for_any_is_not_read() -> None:
    subject = decoder("kubectl-logs")
    longest, too_long = b"p/" + b"x" * 318, b"p/" + b"x" * 319
    output = subject.feed(b"[pod/%b] a\n[pod/%b] b\n" % (too_long, longest))
    assert [item.stream for item in output if not isinstance(item, CaptureNotice)] == ["unknown", "stdout"]
    assert decoder("kubectl-logs", container=too_long.decode()).feed(b"[pod/%b] a\n" % too_long) != []
    assert subject.containers[1] == longest.decode()


SMALL_STACK = 64 * 1024
DEEP = [
    b'{"MESSAGE":' + b"[" * 990 + b"]" * 990 + b"}\n",
    b'{"MESSAGE":"a","X":' + b"[" * 900_000,
    b'{"MESSAGE":"a","X":' + b"[" * 900_000 + b"]" * 900_000 + b"}\n",
    b'{"MESSAGE":"a\xff","X":' + b'{"a":' * 100_000 + b"\n",
    b'{"log":"a\\n","stream":"stdout","X":' + b"[" * 900_000 + b"\n",
    b'[{"message":"a","X":' + b"[" * 900_000 + b"]" * 900_000 + b"}]",
    b'{"log":"a\\n","stream":"stdout","X":' + b'{"a":' * 300_000,
    b"[" * 900_000 + b"\n",
    *(b'{"MESSAGE":"a","X":' + b"[" * depth + b"]" * depth + b"}\n" for depth in (126, 127, 128, 129, 200)),
    *(b'{"log":"a","X":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n" for depth in (126, 127, 128, 200)),
]


def on_a_small_stack(work: Callable[[], None]) -> None:
    before = threading.stack_size(SMALL_STACK)
    try:
        failures: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as failure:  # noqa: BLE001  # told below
                failures.append(failure)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert failures == []


@pytest.mark.parametrize("format_id", formats())
def test_no_depth_overflows_a_small_stack(format_id: str) -> None:
    def work() -> None:
        for capture in DEEP:
            subject = decoder(format_id)
            subject.feed(capture)
            subject.close()
            assert detect(capture) in formats()

    on_a_small_stack(work)


@pytest.mark.parametrize(("depth", "is_read"), [(127, True), (128, False)])
def test_entries_are_read_down_to_128_levels(depth: int, is_read: bool) -> None:
    """The object of the entry is one level."""
    fields = {"MESSAGE": "a", "PRIORITY": "6", "CONTAINER_ID_FULL": "c1"}
    line = json.dumps(fields)[:-1] + ',"X":' + "[" * depth + "]" * depth + "}\n"
    output = decoder("journald-json").feed(line.encode())
    assert [getattr(item, "kind", "chunk") for item in output] == (["chunk"] if is_read else ["corrupt"])
