"""Records are compared by what they mean."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance.comparison import (
    EventRecordError,
    Number,
    Profile,
    count_graded,
    difference,
    read_event_records,
)


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
    expected, given = difference(result(one), result(other)).splitlines()
    assert expected.startswith('- {"type":"result","line":1,"value":')
    assert given.startswith('+ {"type":"result","line":1,"value":')
    assert difference(result(one), expected[2:].encode() + b"\n") == ""
    assert difference(result(other), given[2:].encode() + b"\n") == ""


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


def test_a_diff_shows_only_what_is_compared() -> None:
    expected = b'{"type":"violation","line":1,"code":"x","message":"a","column":3,"text":"NaN"}\n'
    given = b'{"line":2,"code":"x","offset":7,"message":"b","column":3,"text":"NaN","type":"violation"}\n'
    assert difference(expected, given + given).splitlines() == [
        '- {"type":"violation","line":1,"code":"x","column":3,"text":"NaN"}',
        '+ {"type":"violation","line":2,"code":"x","column":3,"text":"NaN"}',
        '+ {"type":"violation","line":2,"code":"x","text":"NaN"}',
    ]
    assert difference(result("1"), result("2"), ignoring=["line"]).splitlines() == [
        '- {"type":"result","value":1}',
        '+ {"type":"result","value":2}',
    ]


def test_both_sides_of_a_diff_are_written_alike() -> None:
    expected = result('{"b":"\\u00e9\\ud800","a":[1.50, null]}')
    given = '{ "value": {"a": [15e-1, true], "b": "é\\ud800"}, "type": "result", "line": 1 }\n'.encode()
    assert difference(expected, given).splitlines() == [
        '- {"type":"result","line":1,"value":{"a":[1.5,null],"b":"\\u00e9\\ud800"}}',
        '+ {"type":"result","line":1,"value":{"a":[1.5,true],"b":"\\u00e9\\ud800"}}',
    ]


def test_a_diff_of_long_records_shows_where_they_differ() -> None:
    one, other = difference(result(f'"{"x" * 5000}1"'), result(f'"{"x" * 5000}2"')).splitlines()
    assert one.endswith('1"}')
    assert other.endswith('2"}')
    assert max(len(one), len(other)) < 300


@pytest.mark.parametrize(
    ("numeral", "shown"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("-120", "-120"),
        ("1e30", "1" + "0" * 30),
        ("1e31", "1e31"),
        ("0.5", "0.5"),
        ("-12.5e-1", "-1.25"),
        ("1e-3", "0.001"),
        ("25e-40", "25e-40"),
    ],
)
def test_numbers_are_shown_exactly(numeral: str, shown: str) -> None:
    number = read_event_records(b'{"n":%s}\n' % numeral.encode())[0]["n"]
    assert isinstance(number, Number)
    assert str(number) == shown
    assert read_event_records(b'{"n":%s}\n' % shown.encode())[0]["n"] == number


LOG = b'{"type":"log","line":1,"text":"a"}\n'


def test_the_profile_results_compares_results_alone() -> None:
    expected = LOG + b'{"type":"interim_result","line":2,"value":1}\n' + result("2")
    given = (
        b'{"type":"interim_result","value":1.0}\n{"type":"violation"}\n{"type":"result","line":9,"value":2}\n'
    )
    assert difference(expected, given, profile=Profile.RESULTS) == ""
    assert difference(expected, given)
    in_another_order = b"".join(reversed(given.splitlines(keepends=True)))
    assert difference(expected, in_another_order, profile=Profile.RESULTS).splitlines() == [
        '- {"type":"interim_result","value":1}',
        '- {"type":"result","value":2}',
        '+ {"type":"result","value":2}',
        '+ {"type":"interim_result","value":1}',
    ]
    of_another_type = given.replace(b'"result"', b'"multiline_result"')
    assert difference(expected, of_another_type, profile=Profile.RESULTS)
    assert difference(LOG, result("1"), profile=Profile.RESULTS)
    assert difference(LOG, b'{"type":"result"}\n', profile=Profile.RESULTS) == '+ {"type":"result"}'
    assert difference(LOG, b'{"type":[{}]}\n{}\n', profile=Profile.RESULTS) == ""


def test_graded_records_are_counted() -> None:
    output = LOG + result("1") + b"garbage\n" + b"unfinished"
    assert [count_graded(output, profile) for profile in Profile] == [3, 2]
    assert count_graded(b"", Profile.RESULTS) == 0


def test_a_long_diff_is_cut() -> None:
    many = b"".join(b'{"n":%d}\n' % n for n in range(100))
    diff = difference(many, b"").splitlines()
    assert diff[-1] == "- … and 88 more"
    assert len(diff) == 13


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"a":1}', "the last line does not end with LF: '{\"a\":1}'"),
        (b"{}\nhello\n", "line 2 is not JSON (Expecting value at column 1): 'hello'"),
        (b"\n", "line 1 is not JSON (Expecting value at column 1): ''"),
        (b'{"value":[\n1]}\n', "line 1 ends within its record; write an LF in a value as a space, and"),
        (
            b'{"text":"a\nb"}\n',
            r"line 1 ends within its record; write an LF in a value as a space, and one in a text as \n: ",
        ),
        (b"[]\n", "line 1 is not a JSON object: '[]'"),
        (b'{"a":NaN}\n', "line 1 is not JSON (NaN is not a JSON value)"),
        (
            b'{"a":"\xff"}\n',
            "line 1 is not UTF-8 from byte 7 on; a text that is not UTF-8 has to be in base64: ",
        ),
        (b"{}\n" + b"[" * 100_000 + b"\n", "line 2 nests deeper than 129 levels: '[[["),
        (b"1e" + b"9" * 5000 + b"\n", "line 1 is not JSON (Exceeds the limit"),
    ],
)
def test_what_is_no_record(data: bytes, fault: str) -> None:
    with pytest.raises(EventRecordError) as caught:
        read_event_records(data)
    assert str(caught.value).startswith(fault)
    assert difference(b"", data) == f"not event records: {caught.value}"
