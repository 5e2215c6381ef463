"""The table is the grammar: Lark agrees with it on every stream, and it has the properties relied upon."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, Token, Tree, UnexpectedInput

import planqk_protocol
from planqk_protocol import grammar as module
from planqk_protocol.errors import GrammarError
from planqk_protocol.grammar import ROLES, build_lark, build_table, compile_grammar, grammar_text, load_table
from tests.strategies import streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planqk_protocol.grammar import Table

TABLE = load_table()
LARK = build_lark(grammar_text())
COMPILED = Path(planqk_protocol.__file__).with_name("protocol.json").read_bytes()


def walk(kinds: list[str]) -> tuple[list[str], bool]:
    """The table's roles for lines of these kinds, and whether the stream may end there."""
    state = TABLE.start
    roles = []
    for kind in kinds:
        state, role = TABLE.transitions[state][kind]
        roles.append(role)
    return roles, state in TABLE.accepting


def roles_of(tree: Tree[Token]) -> Iterator[str]:
    """Lark's roles of the lines of a stream: the rule each line completes."""
    for child in tree.children:
        assert isinstance(child, Tree)
        for grandchild in child.children[:-1]:
            yield str(grandchild.data) if isinstance(grandchild, Tree) else ""
        yield str(child.data)


@given(st.lists(st.sampled_from(sorted(TABLE.transitions[TABLE.start]))))
def test_lark_and_table_agree_on_any_sequence_of_lines(kinds: list[str]) -> None:
    roles, accepts = walk(kinds)
    oracle = LARK.parse_interactive()
    for kind in kinds:
        oracle.feed_token(Token(kind, ""))
    if accepts:
        assert list(roles_of(oracle.feed_eof())) == roles  # type: ignore[no-untyped-call]
    else:
        with pytest.raises(UnexpectedInput):
            oracle.feed_eof()  # type: ignore[no-untyped-call]


def tokens_of(data: bytes) -> list[Token]:
    return LARK.parse_interactive(data).exhaust_lexer()


@pytest.mark.rule("total")
@given(streams)
def test_lark_and_table_agree_on_any_bytes(data: bytes) -> None:
    tokens = tokens_of(data)
    assert b"".join(map(_bytes, tokens)) == data
    kinds = [TABLE.classify(line, 0, len(line)) for line in map(_bytes, tokens)]
    assert kinds == [token.type for token in tokens]
    roles, accepts = walk(kinds)
    if accepts:
        assert list(roles_of(LARK.parse(data))) == roles
    else:
        with pytest.raises(UnexpectedInput):
            LARK.parse(data)


def _bytes(token: Token) -> bytes:
    return bytes(token.value)


@given(streams)
def test_payload_literals_say_what_the_grammar_says(data: bytes) -> None:
    for token in tokens_of(data):
        line = _bytes(token)
        by_literal = next(
            (kind for literal, kind in TABLE.literals.items() if line.startswith(literal)), TABLE.text
        )
        assert token.type in {by_literal, TABLE.text}
        if by_literal in TABLE.payload_kinds:
            assert token.type == by_literal
            match = TABLE.pattern.match(line)
            assert match
            assert match.start(TABLE.pattern.groupindex[by_literal] + 1) == TABLE.payload_start(line)


def test_the_table_is_derived_from_the_file_alone() -> None:
    table = build_table(grammar_text())
    assert table == TABLE
    assert list(table.literals) == list(TABLE.literals), "in order"
    assert list(table.transitions) == list(TABLE.transitions), "in order"
    assert list(build_lark(grammar_text()).lex(b"log\n")) == list(LARK.lex(b"log\n"))


def test_the_table_has_four_states_named_by_the_way_to_them() -> None:
    assert list(TABLE.transitions) == ["start", "FENCE", "RESULT", "RESULT+FENCE"]
    assert [state for state in TABLE.transitions if TABLE.in_block(state)] == ["FENCE", "RESULT+FENCE"]
    assert TABLE.accepting == {"start", "RESULT"}
    assert {transition.role for row in TABLE.transitions.values() for transition in row.values()} == ROLES | {
        ""
    }


def test_what_framing_needs_is_read_off_the_grammar() -> None:
    assert TABLE.prefix == b"PlanQK:Job:"
    assert list(TABLE.literals.items()) == [
        (b"PlanQK:Job:MultilineResult", "FENCE"),
        (b"PlanQK:Job:InterimResult:", "INTERIM_RESULT"),
        (b"PlanQK:Job:InterimResult", "INTERIM_RESULT"),
        (b"PlanQK:Job:Result:", "RESULT"),
    ]
    assert TABLE.payload_kinds == {"INTERIM_RESULT", "RESULT"}
    assert TABLE.text == "TEXT"


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_table_does_not_depend_on_the_hash_seed(seed: str) -> None:
    code = (
        "from planqk_protocol.grammar import build_table, compile_grammar, grammar_text;"
        "t = build_table(grammar_text()); print(t.transitions, t.literals);"
        "print(compile_grammar(grammar_text()))"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed}
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    ).stdout
    assert printed == f"{TABLE.transitions} {TABLE.literals}\n{COMPILED!r}\n"


def test_the_table_is_derived_once_and_pickles_as_a_name() -> None:
    assert load_table() is TABLE
    assert pickle.loads(pickle.dumps(TABLE)) is TABLE  # noqa: S301  # our own bytes


def test_the_compiled_form_is_what_lark_derives() -> None:
    assert compile_grammar(grammar_text()) == COMPILED, "run docs/compile_grammar.py"
    assert build_table(grammar_text()) == TABLE


def loaded(monkeypatch: pytest.MonkeyPatch, grammar: str, compiled: bytes | None) -> tuple[Table, int]:
    """The table of a package with these two files, and how often Lark ran for it."""
    runs = 0
    derive = build_lark

    def counted(text: str) -> Lark:
        nonlocal runs
        runs += 1
        return derive(text)

    def read(name: str) -> bytes:
        if name == "protocol.lark":
            return grammar.encode()
        if compiled is None:
            raise FileNotFoundError(name)
        return compiled

    monkeypatch.setattr(module, "build_lark", counted)
    monkeypatch.setattr(module, "_read", read)
    return load_table.__wrapped__(), runs


def test_the_compiled_form_is_used_where_the_hash_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, grammar_text(), COMPILED) == (TABLE, 0)
    odd = COMPILED.replace(b"duplicate_result", b"log")  # to see that it is this one
    table, runs = loaded(monkeypatch, grammar_text(), odd)
    assert (table.transitions["RESULT"]["RESULT"].role, runs) == ("log", 0)


def test_lark_derives_the_table_of_a_grammar_that_was_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = changed(("PlanQK:", "Other:"))
    expected = build_table(grammar)
    assert expected.prefix == b"Other:Job:"
    assert loaded(monkeypatch, grammar, COMPILED) == (expected, 1)
    assert loaded(monkeypatch, grammar, compile_grammar(grammar))[0] == expected


@pytest.mark.parametrize("compiled", [None, b"", b"<<<<<<< main", b"{}", COMPILED[:-100]])
def test_lark_derives_the_table_where_no_compiled_form_can_be_read(
    monkeypatch: pytest.MonkeyPatch, compiled: bytes | None
) -> None:
    assert loaded(monkeypatch, grammar_text(), compiled) == (TABLE, 1)


def test_lark_finds_no_conflict_in_the_grammar() -> None:
    Lark(grammar_text(), start="stream", parser="lalr", lexer="basic", use_bytes=True, strict=True)


def changed(*changes: tuple[str, str]) -> str:
    text = grammar_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        (changed(("log: TEXT\n", "log: TEXT | TEXT TEXT\n")), "after TEXT it takes another line to tell"),
        (
            changed(("line* (winner (line | duplicate)*)?", "(log RESULT | body FENCE)*")),
            r"it takes another line to tell what it was: one of \['body', 'log'\]",
        ),
        (
            changed(("body: TEXT | INTERIM_RESULT | RESULT", "body: TEXT | RESULT")),
            "does not take .'INTERIM_RESULT'",
        ),
        (
            changed(
                (
                    "line* (winner (line | duplicate)*)?",
                    "(interim_result | winner)* (log (line | duplicate)*)?",
                )
            ),
            "TEXT leads from start to TEXT",
        ),
        (
            changed(("interim_result", "interim")),
            "completes the rule 'interim', and there is no role of that name",
        ),
        (
            changed(("log: TEXT\n", "log: TEXT | ODD\n"), ("TEXT: /", "ODD: /[#].*/\nTEXT: /")),
            "exactly one terminal",
        ),
    ],
)
def test_a_grammar_without_the_properties_is_refused(grammar: str, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        build_table(grammar)
