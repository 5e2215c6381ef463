"""Which entries of an answer are new."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.engines.log_entries import LogEntries, NotALogError

no, yes = False, True


def answer(messages: str, **others: object) -> bytes:
    """An answer with an entry for each character."""
    return json.dumps([{"message": message, "severity": "INFO", **others} for message in messages]).encode()


def told(*answers: str) -> list[tuple[str, bool, bool]]:
    """For each answer, the new entries, whether there is a doubt, and whether it lags behind."""
    entries = LogEntries()
    news = [(entries.new(answer(messages)), entries.is_behind) for messages in answers]
    return [
        ("".join(json.loads(entry)["message"] for entry in new.entries), new.doubt is not None, is_behind)
        for new, is_behind in news
    ]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["", "a", "ab", "ab"], [("", no, no), ("a", no, no), ("b", no, no), ("", no, no)]),
        (["aa", "aaa"], [("aa", no, no), ("a", no, no)]),
        (["abc", "ab", "", "abcd"], [("abc", no, no), ("", no, yes), ("", no, yes), ("d", no, no)]),
        (["abc", "bcd"], [("abc", no, no), ("d", no, no)]),
        (["abc", "c"], [("abc", no, no), ("", no, no)]),
        (["abc", "de"], [("abc", no, no), ("de", yes, no)]),
        (["abc", "acbd"], [("abc", no, no), ("d", yes, no)]),
        (["abc", "xabc"], [("abc", no, no), ("x", yes, no)]),
        (["abc", "cabd"], [("abc", no, no), ("d", yes, no)]),  # no entry comes again
        (["aab", "abcb"], [("aab", no, no), ("cb", no, no)]),
        (["cabab", "ababd"], [("cabab", no, no), ("d", yes, no)]),  # the overlap may be shorter
        # Several copies of the log answer in turn: one has lost its beginning, or lags behind.
        (["abcd", "cd", "abcd", "cd", "abcde"], [("abcd", no, no), *[("", no, no)] * 3, ("e", no, no)]),
        (["abcd", "de", "abcde", "abcdf"], [("abcd", no, no), ("e", no, no), ("", no, no), ("f", yes, no)]),
        (["abcd", "b", "abcd"], [("abcd", no, no), ("", no, yes), ("", no, no)]),
        (["abd", "abcd", "abd", "abcd"], [("abd", no, no), ("c", yes, no), ("", no, yes), ("", no, no)]),
        (["abc", "bac", "abc", "bacd"], [("abc", no, no), ("", yes, no), ("", no, no), ("d", yes, no)]),
        (["abcd", "cde", "ab", "cdef"], [("abcd", no, no), ("e", no, no), ("", no, yes), ("f", no, no)]),
    ],
)  # fmt: skip
def test_what_is_new(answers: list[str], expected: list[tuple[str, bool, bool]]) -> None:
    assert told(*answers) == expected


def test_entries_are_compared_by_what_they_say() -> None:
    """Neither white space nor the order of members makes another entry, but a time stamp does."""
    entries = LogEntries()
    assert len(entries.new(b'[{"message":"a","timestamp":"1"}]').entries) == 1
    assert entries.new(b'[ {"timestamp": "1",\n "message": "a"} ]').entries == []
    assert entries.new(b'[{"message":"a","timestamp":"1"},{"message":"a","timestamp":"2"}]').entries == [
        b'{"message":"a","timestamp":"2"}'
    ]


@pytest.mark.parametrize("value", [b'"\xff"', b"1" * 5000, b'["\xff"]', b'"\\ud800"', b"1e999"])
def test_entries_that_no_decoder_takes_are_given_once(value: bytes) -> None:
    entries = LogEntries()
    assert len(entries.new(b'[{"message":%b}]' % value).entries) == 1
    assert entries.new(b'[{"message":%b}]' % value).entries == []
    assert len(entries.new(b'[{"message":%b},{"message":%b}]' % (value, value)).entries) == 1


def test_an_entry_comes_on_one_line() -> None:
    entries = LogEntries()
    assert entries.new(b'[\r\n  {\r\n    "message": "a b"\r\n  }\r\n]').entries == [b'{"message":"a b"}']


@pytest.mark.parametrize("body", [b"", b" \r\n", b"null", b"[]"])
def test_no_entries(body: bytes) -> None:
    entries = LogEntries()
    assert entries.new(body).entries == []
    assert entries.is_empty
    assert not entries.is_behind


@pytest.mark.parametrize("body", [b"{}", b"1", b"[", b"[1", b'[{"a":]', b"\xff", b"[" * 10**5])
def test_what_is_no_log(body: bytes) -> None:
    entries = LogEntries()
    entries.new(answer("a"))
    with pytest.raises(NotALogError):
        entries.new(body)
    assert entries.new(answer("a")).entries == []


def test_what_is_no_entry_is_compared_by_its_bytes() -> None:
    entries = LogEntries()
    odd = [b"1", b'"a"', b'{"message":["a"]}', b'{"message":{}}', b"null"]
    assert entries.new(b"[%b]" % b",".join(odd)).entries == odd
    assert entries.new(b"[%b,2]" % b",".join(odd)).entries == [b"2"]


def test_half_a_character_is_kept() -> None:
    entries = LogEntries()
    whole, half = b'{"message": "a"}', b'{"message": "\\ud83d"}'
    assert entries.new(b"[%b]" % whole).entries == [whole]
    assert entries.new(b"[%b, %b]" % (whole, half)).entries == [half]
    assert entries.new(b"[%b,%b,%b]" % (whole, half, half)).entries == [half]


@given(
    st.sampled_from(["abcdefghijkl", "abc", ""]),
    st.lists(st.integers(0, 12)),
    st.lists(st.integers(0, 12), max_size=6),
)
def test_a_log_that_grows_and_loses_its_beginning(log: str, sizes: list[int], starts: list[int]) -> None:
    """All entries come, each once and in order, or a doubt is told."""
    steps = [(0, size) for size in sorted(sizes)] + [(start, len(log)) for start in sorted(starts)]
    found = told(*(log[start:stop] for start, stop in steps))
    given_ = "".join(new for new, _, _ in found)
    if not any(doubt for _, doubt, _ in found):
        whole = log[: max(sizes, default=0)] if not starts else log
        assert given_ == whole[len(whole) - len(given_) :] or whole.startswith(given_)
        assert not sizes or len(given_) in {len(log[: max(sizes)]), len(log)} or starts
    assert not Counter(given_) - Counter(log)


@given(st.lists(st.text("abc", max_size=8), max_size=5))
def test_no_entry_is_given_more_often_than_one_answer_has_it_without_a_doubt(answers: list[str]) -> None:
    found = told(*answers)
    for messages, (new, doubt, is_behind) in zip(answers, found, strict=True):
        assert not Counter(new) - Counter(messages)
        assert not (is_behind and (new or doubt))
    assert not found or found[0] == (answers[0], False, False)


@given(
    st.permutations("abcdef"),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12),
)
def test_entries_that_differ_come_once_whatever_the_answers(
    log: list[str], windows: list[tuple[int, int]]
) -> None:
    """The answers are parts of a log in any order, as of several copies of it."""
    found = told(*("".join(log[start:stop]) for start, stop in windows))
    given_ = Counter("".join(new for new, _, _ in found))
    assert given_ == Counter({name for start, stop in windows for name in log[start:stop]})


def test_the_time_is_linear_for_entries_that_repeat() -> None:
    """A search for the overlap that begins again at each place would take hours."""
    entries = LogEntries()
    many = [{"message": "a"}] * 30_000
    entries.new(json.dumps([*many, {"message": "b"}]).encode())
    assert entries.new(json.dumps([*many[:-1], {"message": "c"}]).encode()).doubt
