"""``planqk-log``: the list of entries that the platform's Service API gives as the log of a job."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Log, Result, Violation
from planqk_protocol.captures import Captured, CaptureNotice, Source, decoder
from planqk_protocol.captures.decoders.planqk_log import PlanqkLogDecoder
from planqk_protocol.testing.models import MODELS
from tests.captures.feeding import chunks_in, cut, data_of, decode, kinds, merged, places, run, stamped

STAMP = "2024-05-01T10:00:00.5Z"
RESULT = "PlanQK:Job:Result: 42"
FORGED = "PlanQK:Job:Result: 666"


def entry(message: object, **members: object) -> dict[str, Any]:
    return {"message": message, "severity": "INFO", "timestamp": STAMP, **members}


def entries(*messages: object) -> bytes:
    """The list as a server writes it."""
    return json.dumps([entry(message) for message in messages], separators=(",", ":")).encode()


def text_of(capture: bytes) -> tuple[bytes, list[str]]:
    decoded = decode("planqk-log", capture)
    return data_of(decoded, "stdout"), kinds(decoded)


def read(capture: bytes) -> Captured:
    source = Source("planqk-log")
    captured = source.feed(capture)
    assert source.close().events == []
    return captured


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (["a", "b"], b"a\nb\n"),
        (["a\n", "b\n"], b"a\nb\n"),
        (["a", "b\n", "c"], b"a\nb\nc\n"),
        (["a\nb", "c\n\nd\n"], b"a\nb\nc\n\nd\n"),
        (["a\r\nb\r\n", "c\r"], b"a\r\nb\r\nc\r\n"),
        (["", "\n", "\n\n"], b"\n\n\n\n"),
        (["\u00e4\U0001f600", "\0\x1b[0m\u2028"], "\u00e4\U0001f600\n\0\x1b[0m\u2028\n".encode()),
        (['},{"message":"', '"}]', "\\", "[{", "{"], b'},{"message":"\n"}]\n\\\n[{\n{\n'),
        ([], b""),
    ],
)
def test_each_entry_is_lines_of_text(messages: list[str], text: bytes) -> None:
    items = [entry(message) for message in messages]
    for capture in (
        entries(*messages),
        json.dumps(items, indent=2),
        json.dumps(items, indent="\t", ensure_ascii=False),
        json.dumps(items).replace("}, {", "}\r\n ,\t{"),
        "".join(f"{json.dumps(item)}\n" for item in items),
        "\r\n".join(map(json.dumps, items)),
        f"\ufeff\n {json.dumps(items)} \n\n",
    ):
        data = capture if isinstance(capture, bytes) else capture.encode()
        told = ["repaired"] if data.startswith(b"\xef\xbb\xbf") else []
        for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
            output = merged(run(decoder("planqk-log"), [pieces]))
            assert (data_of(output, "stdout"), kinds(output)) == (text, told)


def test_a_long_log_is_read_in_any_pieces() -> None:
    messages = [f"line {number} " + "x}" * (number % 90) for number in range(9000)]
    messages[5000] = "\ufffd"
    messages[7000] = "},{" * 60_000
    text = "".join(f"{message}\n" for message in messages).encode()
    lines = "".join(f"{json.dumps(entry(message))}\n" for message in messages).encode()
    for capture in (
        entries(*messages),
        lines,
        json.dumps([entry(item) for item in messages], indent=1).encode(),
    ):
        for size in (len(capture), 65_537, 4099):
            pieces = [capture[at : at + size] for at in range(0, len(capture), size)]
            output = merged(run(decoder("planqk-log"), [pieces]))
            assert data_of(output, "stdout") == text
            assert kinds(output) == ["replacement-char"]


@pytest.mark.parametrize(
    ("timestamp", "time", "time_ns"),
    [
        (STAMP, STAMP, 1714557600_500_000_000),
        ("2024-05-01T12:00:00+02:00", "2024-05-01T12:00:00+02:00", 1714557600_000_000_000),
        ("2024-05-01T10:00:00.123456789Z", "2024-05-01T10:00:00.123456789Z", 1714557600_123_456_789),
        ("1714557600123", "2024-05-01T10:00:00.123000000Z", 1714557600_123_000_000),
        (1714557600123, "2024-05-01T10:00:00.123000000Z", 1714557600_123_000_000),
        (1714557600123.0, "2024-05-01T10:00:00.123000000Z", 1714557600_123_000_000),
        ("0", "1970-01-01T00:00:00.000000000Z", 0),
        (1714557600.5, None, None),
        (10**20, None, None),
        (253402300800000, None, None),
        (True, None, None),
        (None, None, None),
        ([1], None, None),
        ("\u0661", None, None),
        ("", None, None),
        ("noon", "noon", None),
    ],
)
def test_times_are_told(timestamp: object, time: str | None, time_ns: int | None) -> None:
    whole = json.dumps([entry("a\nb", timestamp=timestamp), entry("c", timestamp=timestamp)]).encode()
    captured = read(whole)
    assert captured.times == [time] * 3
    assert captured.times_ns == [time_ns] * 3


def test_severities_stand_beside_the_times() -> None:
    items = [
        entry(f"{number}\n", severity=severity)
        for number, severity in enumerate(
            ["DEBUG", "NOTICE", "INFO", "WARNING", "ERROR", "FATAL", "\u00e4", None, 7, "\ud800"]
        )
    ]
    del items[1]["severity"]
    expected = ["DEBUG", None, "INFO", "WARNING", "ERROR", "FATAL", "\u00e4", None, None, "\ufffd"]
    for capture in (json.dumps(items).encode(), "\n".join(map(json.dumps, items)).encode()):
        captured = read(capture)
        assert captured.has_severities
        assert [event.line for event in captured.events] == list(range(1, 11))
        assert captured.severities == expected


def test_entries_that_are_read_at_once_have_severities_and_times() -> None:
    severities = ["DEBUG", "NOTICE", "INFO", "WARNING", "ERROR", None, "INFO"]
    items = [
        entry("\u00e4", severity=severity, timestamp=f"{number}")
        for number, severity in enumerate(severities)
    ]
    captured = read(json.dumps(items, ensure_ascii=False).encode())
    assert captured.severities == severities
    assert captured.times_ns == [number * 1_000_000 for number in range(7)]


def test_a_block_has_the_severity_of_its_last_entry() -> None:
    fence = "PlanQK:Job:MultilineResult"
    items = [entry(fence), entry("1", severity="DEBUG"), entry(fence, severity="NOTICE", timestamp="5")]
    source = Source("planqk-log")
    capture = json.dumps(items).encode()
    captured = [source.feed(capture[at : at + 9]) for at in range(0, len(capture), 9)]
    assert [item.severities for item in captured if item.events] == [["NOTICE"]]
    assert [item.times for item in captured if item.events] == [["1970-01-01T00:00:00.005000000Z"]]


def test_other_formats_have_no_severities() -> None:
    captured = Source("cri").feed(f"{STAMP} stdout F a\n".encode())
    assert captured.severities == [None]
    assert not captured.has_severities
    assert Source("raw").feed(b"a\n").severities == [None]


@pytest.mark.parametrize(
    "item",
    [
        '{"timestamp":"5","message":"a","severity":"INFO"}',
        '{"id":1,"tags":["x",{"message":"PlanQK:Job:Result: 666"},[[]]],"message":"a"}',
        '{"message":"PlanQK:Job:Result: 666","message":"a"}',
        '{"message":"\\u0061"}',
        '{ "message" : "a" , "n" : -1.5e+3 , "t" : true , "f" : false , "z" : null }',
    ],
)
def test_members_come_in_any_order_with_others(item: str) -> None:
    for capture in (item, f"[{item}]", f"{item}\n", f"[\n{item}\n]\n"):
        assert text_of(capture.encode()) == (b"a\n", [])
        assert text_of(
            capture.replace(item, f"{item},{item}" if "[" in capture[:1] else f"{item} {item}").encode()
        )


@pytest.mark.parametrize("depth", [126, 127, 200, 100_000])
def test_a_deep_member_is_no_cliff(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    capture = f'[{json.dumps(entry("a"))},{{"message":"b","x":{deep}}},{json.dumps(entry("c"))}]'.encode()
    output = merged(run(decoder("planqk-log"), [[capture]]))
    if depth < 128:
        assert (data_of(output, "stdout"), kinds(output)) == (b"a\nb\nc\n", [])
    else:
        assert data_of(output, "stdout").startswith(b"a\n")
        assert data_of(output, "stdout").endswith(b"c\n")
        assert kinds(output)


E = {name: json.dumps(entry(name)) for name in "abcd"}


@pytest.mark.parametrize(
    ("capture", "text", "told"),
    [
        ("[" + E["a"] + ",", b"a\n", ["truncated"]),
        ("[" + E["a"], b"a\n", ["truncated"]),
        ("[", b"", ["truncated"]),
        (E["a"] + "\n" + E["b"][:-1], b"a\nb\n", ["truncated"]),
        (E["a"] + "\n" + E["b"][:14], b"a\nb", ["truncated"]),
        (E["a"] + "\n" + E["b"][:8], b"a\n", ["truncated"]),
        (E["a"] + "\n" + E["b"][:14] + "\n" + E["c"] + "\n" + E["d"], b"a\nc\nd\n", ["torn"]),
        (E["a"] + "\n" + E["b"][:20] + E["c"] + "\n" + E["d"], b"a\nb\nc\nd\n", ["torn"]),
        ("[" + E["a"] + "," + E["b"][:30] + E["c"] + "," + E["d"] + "]", b"a\nb\nc\nd\n", ["torn"]),
        ("[" + E["a"] + "," + E["b"][:-1] + "," + E["c"] + "]", b"a\nb\nc\n", ["torn"]),
        ("[" + E["a"] + ' garbage "x" ,' + E["b"] + "," + E["c"] + "]", b"a\nb\nc\n", ["corrupt"]),
        ("[" + E["a"] + E["b"] + "," + E["c"] + "]", b"a\nb\nc\n", ["corrupt"]),
        ("[" + E["a"] + ",," + E["b"] + "]", b"a\nb\n", ["corrupt"]),
        ("[" + E["a"] + ",]", b"a\n", ["corrupt"]),
        ("[" + E["a"] + "]]", b"a\n", ["corrupt"]),
        ("[" + E["a"] + "] text", b"a\n", ["corrupt"]),
        ("[" + E["a"] + "]," + E["b"] + "," + E["c"] + "]", b"a\nb\nc\n", ["corrupt"]),
        ("[" + E["a"] + "]\n[" + E["a"] + "," + E["b"] + "]", b"a\n", ["corrupt"]),
        ("[" + E["a"] + ",[" + E["b"] + "]," + E["c"] + "]", b"a\nb\nc\n", ["corrupt", "corrupt"]),
        ("[1,null," + E["a"] + "]", b"a\n", ["corrupt"]),
        ("null", b"", ["corrupt"]),
        ("HTTP/1.1 200 OK\r\n\r\n[" + E["a"] + "," + E["b"] + "]", b"a\nb\n", ["corrupt"]),
        ("[{}," + E["a"] + "]", b"a\n", ["corrupt"]),
        ('[{"message":null},{"message":["x"]},' + E["a"] + "]", b"a\n", ["corrupt", "corrupt"]),
        ("[" + E["a"] + ",\0\0\0" + E["b"] + "]", b"a\nb\n", ["nul-run"]),
        ("[" + E["a"] + "," + E["b"][:14] + "\0\0\0" + E["c"] + "]", b"a\nc\n", ["torn", "nul-run"]),
        ('[{"message":"x\\ud800"},' + E["a"] + "]", "x\ufffd\na\n".encode(), ["replacement-char"]),
        ('[{"message":"\ufffd"},' + E["a"] + "]", "\ufffd\na\n".encode(), ["replacement-char"]),
        ('[{"message":"a","n":NaN},' + E["b"] + "]", b"a\nb\n", ["torn"]),
        ('[{"message":"a" "b"},' + E["c"] + "]", b"a\nc\n", ["torn"]),
        ('[{"message":"a\\x"},' + E["c"] + "]", b"c\n", ["torn"]),
    ],
)
def test_damage_is_told_and_costs_no_other_entry(capture: str, text: bytes, told: list[str]) -> None:
    assert text_of(capture.encode()) == (text, told)


@pytest.mark.parametrize(
    ("rest", "text", "told"),
    [
        ('{"message":"b"},{"message":"c"', b"b\nc\n", ["torn", "truncated"]),
        ('{"message":"b"},{"message":"c"}', b"b\nc\n", ["torn"]),
        ('{"id":1},{"id":,{"message":"c', b"c", ["torn", "truncated"]),
    ],
)
def test_entries_in_an_object_that_is_never_closed_are_given(rest: str, text: bytes, told: list[str]) -> None:
    found = text_of(f'[{{"message":"a","severity":"INFO",{rest}'.encode())
    assert found == (b"a\n" + text, told)


def test_text_in_utf16_is_not_read() -> None:
    assert text_of(b"\xff\xfe" + entries("a").decode().encode("utf-16-le") * 9) == (b"", ["corrupt"])


def test_bytes_that_are_not_utf8_are_given() -> None:
    decoded = decode("planqk-log", b'[{"message":"a\xffb"},{"message":"c"}]')
    assert kinds(decoded) == ["corrupt"]
    assert chunks_in(decoded) == [("stdout", b"a\xffb\n", True), ("stdout", b"c\n", False)]


def test_places_are_those_of_the_file() -> None:
    first, second = E["a"].encode(), b'{"message":7}'
    capture = b"[ " + first + b",\n" + second + b"," + first + b"]"
    assert places(decode("planqk-log", capture)) == [("corrupt", 2, len(first) + 4, "unknown")]


def test_what_the_search_finds_is_suspect_and_what_follows_is_not() -> None:
    capture = f"[x{E['a']},{E['b']}]".encode()
    assert chunks_in(decode("planqk-log", capture)) == [("stdout", b"a\n", True), ("stdout", b"b\n", False)]


def test_a_text_whose_end_is_lost_is_given_as_unknown() -> None:
    capture = f'{{"message":"{RESULT}\n{E["b"]}'.encode()
    decoded = decode("planqk-log", capture)
    assert data_of(decoded, "unknown") == RESULT.encode()
    assert data_of(decoded, "stdout") == b"b\n"


@given(place=st.floats(0, 1))
def test_a_cut_answer_gives_no_other_result(place: float) -> None:
    capture = entries("a", RESULT, "PlanQK:Job:InterimResult: 1", "done")
    at = int(place * (len(capture) - 1))
    source = Source("planqk-log")
    captured, end = source.feed(capture[:at]), source.close()
    events = captured.events + end.events
    assert [notice.kind.value for notice in captured.notices + end.notices] == ["truncated"] * bool(at)
    results = [event for event in events if isinstance(event, Result)]
    assert all(event.payload == b" 42" for event in results)
    assert all(event.suspect for event in events if isinstance(event, Violation))
    whole = len([event for event in events if isinstance(event, Log) or not event.suspect])
    assert whole <= 4


def test_a_longer_entry_than_the_bound_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlanqkLogDecoder, "max_record", 200)
    for broken in ("", "\n"):
        capture = f'[{E["a"]},{{"message":"{"x" * 300}{broken}"}},{E["b"]}]'.encode()
        assert text_of(capture) == (b"a\nb\n", ["oversize"])


def test_a_lost_brace_is_found_before_the_list_ends() -> None:
    subject = decoder("planqk-log")
    subject.feed(b'[{"message":"a","severity":"INFO",')
    line = E["b"].encode() + b","
    output = [item for _ in range(1000) for item in subject.feed(line)]
    assert len(output) > 900
    assert kinds(merged(output)) == ["torn"]


def test_after_a_cut_the_list_goes_on() -> None:
    subject = decoder("planqk-log")
    output = subject.feed(f"[{E['a']},{E['b'][:20]}".encode())
    output += subject.cut_off()
    output += subject.feed(f"{E['c']},{E['d']}]".encode()) + subject.close()
    assert data_of(merged(output), "stdout") == b"a\nb\nc\nd\n"
    assert kinds(merged(output)) == ["torn"]
    subject = decoder("planqk-log")
    output = subject.feed(E["a"].encode()) + subject.cut_off() + subject.feed(entries("b")) + subject.close()
    assert merged(output) == [("stdout", b"a\nb\n", False)]


def test_files_are_read_one_after_the_other() -> None:
    assert merged(run(decoder("planqk-log"), [[entries("a")], [entries("b")]])) == [
        ("stdout", b"a\nb\n", False)
    ]
    output = merged(run(decoder("planqk-log"), [[entries("a")[:-1]], [entries("b")]]))
    (notice,) = [item for item in output if isinstance(item, CaptureNotice)]
    assert (notice.kind.value, notice.file) == ("truncated", 0)


FRAGMENTS = [
    *(
        b"",
        b"\n",
        b"\0\0",
        b"{",
        b"}",
        b'"',
        b"\xff",
        b"]",
        b",",
        b"[",
        b"\\",
        b":",
        b"}\n{",
        b'",',
        b" " * 70,
    ),
    *(b'{"message":"', b'{"a":', b"x" * 90, b"\\ud800", entries(FORGED)[1:-1]),
]
TEXTS = st.sampled_from(
    ["a\n", "", RESULT, "x{", "},{", '"\\', "l" * 300, json.dumps(entry(FORGED)), "\ufffd"]
)


@given(
    model=st.sampled_from(MODELS["planqk-log"]),
    texts=st.lists(TEXTS, max_size=6),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(FRAGMENTS)), max_size=3),
    points=st.lists(st.floats(0, 1), max_size=4),
)
def test_damage_reads_the_same_in_any_pieces(
    model: Any, texts: list[str], damage: list[tuple[float, int, bytes]], points: list[float]
) -> None:
    capture = model.write([("stdout", f"{text}\n".encode()) for text in texts])
    for place, size, replacement in damage:
        at = int(place * len(capture))
        capture = capture[:at] + replacement + capture[at + size :]
    whole = run(decoder("planqk-log"), [[capture]])
    for pieces in (
        [capture[at : at + 1] for at in range(len(capture))],
        cut(capture, [int(point * len(capture)) for point in points]),
    ):
        output = run(decoder("planqk-log"), [pieces])
        assert merged(output) == merged(whole)
        assert stamped(output) == stamped(whole)


@given(texts=st.lists(TEXTS, min_size=1, max_size=5), place=st.floats(0, 1), size=st.integers(1, 40))
def test_lost_bytes_make_no_event_of_what_a_job_quotes(texts: list[str], place: float, size: int) -> None:
    """A message that quotes an entry is text, whatever is lost around it, or what comes of it is suspect."""
    capture = entries(*texts, json.dumps([entry(FORGED)]), "end")
    at = int(place * (len(capture) - size))
    source = Source("planqk-log")
    events = source.feed(capture[:at] + capture[at + size :]).events + source.close().events
    for event in events:
        assert not isinstance(event, Result) or event.suspect or event.payload == b" 42"
