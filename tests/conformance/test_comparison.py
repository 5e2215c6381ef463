"""Records are compared by what they mean."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance.comparison import RecordError, difference, read_records


def result(value: str) -> bytes:
    return b'{"type":"result","line":1,"value":%s}\n' % value.encode()


SAME = [
    ("1", "1.0"),
    ("1", "10e-1"),
    ("100", "1E+2"),
    ("0", "-0"),
    ("-0.0", "0e99"),
    ("1.50", "15e-1"),
    ("1e999", "10e998"),
    ("123456789012345678901234567890", "123456789012345678901234567890.0"),
    ('{"a":1,"b":2}', '{ "b" : 2, "a" : 1 }'),
    ('{"a":1,"a":2}', '{"a":2}'),
    ('"\\u00e4"', '"ä"'),
    ('"\\ud83c\\udfb2"', '"🎲"'),
    ('"\\ud800"', '"\\uD800"'),
]
DIFFERENT = [
    ("1", "2"),
    ("1", "-1"),
    ("1", "true"),
    ("0", "false"),
    ("0", "null"),
    ("1", '"1"'),
    ("1e999", "1e998"),
    ("9007199254740993", "9007199254740992"),
    ("0.1", "0.1000000000000000055511151231257827"),
    ("[1,2]", "[2,1]"),
    ("[]", "{}"),
    ('{"a":1}', '{"a":1,"b":2}'),
    ('"a"', '"A"'),
    ('"\\u00e9"', '"e\\u0301"'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_value(one: str, other: str) -> None:
    assert difference(result(one), result(other)) == ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_values(one: str, other: str) -> None:
    assert (
        difference(result(one), result(other))
        == f"- {result(one).decode()[:-1]}\n+ {result(other).decode()[:-1]}"
    )


def test_messages_and_unexpected_positions_do_not_matter() -> None:
    expected = b'{"type":"violation","line":1,"code":"x","column":3}\n'
    assert (
        difference(
            expected, b'{"line":1,"type":"violation","code":"x","message":"m","column":3,"offset":9}\n'
        )
        == ""
    )
    assert difference(expected, b'{"line":1,"type":"violation","code":"x","column":4}\n')
    assert difference(expected, b'{"line":1,"type":"violation","code":"x"}\n')


@pytest.mark.parametrize("kind", ["log", "interim_result", "result", "multiline_result", "violation"])
def test_whether_an_event_ends_matters_in_every_record(kind: str) -> None:
    ended = b'{"type":"%s","line":1}\n' % kind.encode()
    cut = ended.replace(b"}", b',"terminated":false}')
    assert difference(ended, cut)
    assert difference(cut, ended)
    assert difference(cut, cut.replace(b"false", b"true"))
    assert difference(cut, cut) == ""


def test_records_of_the_deepest_values_are_compared() -> None:
    assert difference(result("[" * 128 + "]" * 128), result("[" * 128 + "]" * 128)) == ""
    assert "nests deeper" in difference(result("1"), result("[" * 129 + "]" * 129))


@pytest.mark.parametrize("change", ['"terminated":false', '"end_line":2', '"more":1'])
def test_other_members_matter(change: str) -> None:
    assert difference(b'{"type":"log","line":1}\n', b'{"type":"log","line":1,%s}\n' % change.encode())


def test_members_to_ignore() -> None:
    assert difference(b'{"type":"log"}\n', b'{"type":"log","line":1}\n', ignoring=["line"]) == ""


def test_a_diff_shows_what_differs_and_what_is_around() -> None:
    lines = [b'{"n":%d}\n' % n for n in range(9)]
    given = [*lines[:4], b'{"n":44}\n', b'{"n":45}\n', *lines[5:]]
    assert difference(b"".join(lines), b"".join(given)).splitlines() == [
        *('  {"n":2}', '  {"n":3}', '- {"n":4}', '+ {"n":44}', '+ {"n":45}', '  {"n":5}', '  {"n":6}')
    ]


def test_a_long_diff_is_cut() -> None:
    many = b"".join(b'{"n":%d}\n' % n for n in range(100))
    diff = difference(many, b"").splitlines()
    assert diff[-1] == "- … and 88 more"
    assert len(diff) == 13


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"a":1}', "the last line does not end with LF: '{\"a\":1}'"),
        (b"{}\nhello\n", "line 2 is not JSON (Expecting value"),
        (b"[]\n", "line 1 is no JSON object: '[]'"),
        (b'{"a":NaN}\n', "line 1 is not JSON (NaN is no JSON value)"),
        (b'{"a":"\xff"}\n', "line 1 is not JSON ('utf-8' codec"),
        (b"{}\n" + b"[" * 100_000 + b"\n", "line 2 nests deeper than 129 levels: '[[["),
        (b"1e" + b"9" * 5000 + b"\n", "line 1 is not JSON (Exceeds the limit"),
    ],
)
def test_what_is_no_record(data: bytes, fault: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_records(data)
    assert str(caught.value).startswith(fault)
    assert difference(b"", data) == f"not event records: {caught.value}"
