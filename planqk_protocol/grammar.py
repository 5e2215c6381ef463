"""The grammar file, and the transition table derived from it.

``protocol.lark`` defines the language. Lark reads it; this module walks Lark's
automaton once and writes down a Mealy machine, state × line kind → state,
verdict, small enough to run at the speed of a dictionary. Lark is imported
here alone, when the first table is asked for.

The parser relies on properties of the grammar that are checked while the table
is built, so that a careless change of the file cannot go unnoticed:

* the verdict on a line is known on that very line (rule ``latency``),
* every state takes every kind of line (rule ``total``),
* text never changes the state, so that runs of text need no stepping.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from os.path import commonprefix
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from planqk_protocol.errors import GrammarError

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["VERDICTS", "Step", "Table", "build_lark", "build_table", "grammar_text", "load_table"]

_END = "$END"
_START_RULE = "stream"


VERDICTS = frozenset(
    {"log", "interim_result", "result", "duplicate_result", "body", "multiline_result", "duplicate_block"}
)
"""What a line can turn out to be: the rules of the grammar that a line completes."""


class Step(NamedTuple):
    """Where a line leads, and its verdict; empty where it opens a block."""

    state: str
    verdict: str


class Table(msgspec.Struct, frozen=True):
    """The protocol as data: line kinds, states, and the steps between them.

    Attributes:
        start: State at the start of a stream.
        steps: State → line kind → `Step`.
        accepting: States in which a stream may end without a violation.
        text: The kind of lines that bear no marker.
        heads: The literal beginnings of marked lines → their kind, longest
            first. A line that begins so may still be text, if it is of a kind
            that is not in `payload_kinds`.
        payload_kinds: Kinds whose payload is the rest of the line behind the
            head; the head settles the kind, whatever follows it.
        prefix: What all heads have in common.
        window: Number of bytes from the start of a line that hold any head.
        pattern: Matches any line; the last group that takes part is its kind.
    """

    start: str
    steps: Mapping[str, Mapping[str, Step]]
    accepting: frozenset[str]
    text: str
    heads: Mapping[bytes, str]
    payload_kinds: frozenset[str]
    prefix: bytes
    window: int
    pattern: re.Pattern[bytes]

    def classify(self, data: bytes, start: int, stop: int) -> str:
        """The kind of the line that begins at `start`, seen up to `stop`, as if it ended there."""
        match: Any = self.pattern.match(data, start, stop)  # never None: every line is of some kind
        kind: str = match.lastgroup
        return kind

    def payload_start(self, line: bytes) -> int:
        """Where the payload begins in a line of a kind that has one."""
        return next(len(head) for head in self.heads if line.startswith(head))

    def in_block(self, state: str) -> bool:
        """Whether text in this state is the body of a block."""
        return self.steps[state][self.text].verdict == "body"

    def __reduce__(self) -> tuple[Any, ...]:
        return load_table, ()


def grammar_text() -> str:
    """The text of ``protocol.lark``."""
    from importlib.resources import files  # noqa: PLC0415  # not needed before the first parser

    return files("planqk_protocol").joinpath("protocol.lark").read_text(encoding="utf-8")


def build_lark(grammar: str) -> Lark:
    """Lark's own parser for a grammar: the oracle the table is measured by."""
    from lark import Lark  # noqa: PLC0415  # takes longer to import than all the rest

    return Lark(grammar, start=_START_RULE, parser="lalr", lexer="basic", use_bytes=True)


@functools.cache
def load_table() -> Table:
    """The table of ``protocol.lark``, derived on the first call."""
    return build_table(grammar_text())


def build_table(grammar: str) -> Table:
    """Derive the table of a grammar.

    Raises:
        GrammarError: The grammar lacks a property the parser relies on.
    """
    lark = build_lark(grammar)
    patterns = {terminal.name: terminal.pattern.to_regexp() for terminal in lark.terminals}
    heads = {head: kind for kind, pattern in patterns.items() for head in _heads(pattern)}
    unmarked = sorted(set(patterns) - set(heads.values()))
    if len(unmarked) != 1:
        raise GrammarError(f"exactly one terminal must have no literal head, but {unmarked} have none")
    text = unmarked[0]
    states, accepting = _name(*_minimise(*_walk(lark)))
    _check(states, set(patterns), text)
    return Table(
        start=next(iter(states)),
        steps=states,
        accepting=accepting,
        text=text,
        heads=dict(sorted(heads.items(), key=lambda item: (-len(item[0]), item))),
        payload_kinds=frozenset(kind for kind in patterns if re.compile(patterns[kind]).groups),
        prefix=commonprefix(list(heads)) or b"",  # noqa: RUF071  # of characters, not of path components
        window=2 * max(map(len, heads)),
        pattern=re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()).encode()),
    )


def _heads(pattern: str) -> list[bytes]:
    """The literal texts a regular expression begins with: one, or two if the last character is optional."""
    literal, last, optional = re.fullmatch(
        r"((?:[\w:](?![?*+{|]))*)(?:([\w:])(\?))?.*", pattern, re.DOTALL
    ).groups()  # type: ignore[union-attr]  # matches anything
    heads = [literal + last, literal] if optional else [literal]
    return [head.encode() for head in heads if head]


_Raw = dict[Any, dict[str, tuple[Any, str]]]


def _walk(lark: Lark) -> tuple[_Raw, set[Any]]:
    """Lark's automaton as state → terminal → (state, verdict), and the states that accept."""
    from lark import Token  # noqa: PLC0415  # see build_lark

    first = lark.parse_interactive()
    queue = {tuple(first.parser_state.state_stack): first}
    steps: _Raw = {}
    accepting = set()
    while queue:
        key, here = queue.popitem()
        steps[key] = {}
        accepts = here.accepts()  # type: ignore[no-untyped-call]
        if _END in accepts:
            accepting.add(key)
        for terminal in sorted(accepts - {_END}):
            there = here.copy()  # type: ignore[no-untyped-call]
            there.feed_token(Token(terminal, ""))
            target = tuple(there.parser_state.state_stack)
            steps[key][terminal] = target, _completed(there.choices(), terminal)
            if target not in steps:
                queue[target] = there
    start = tuple(first.parser_state.state_stack)
    return {start: steps[start]} | steps, accepting


def _completed(choices: Mapping[str, tuple[Any, Any]], terminal: str) -> str:
    """The rule that the line just taken completes, by what Lark would do next."""
    rules = {str(target.origin.name) for action, target in choices.values() if str(action) == "Reduce"}
    if not rules:
        return ""
    if len(rules) > 1 or any(str(a) == "Shift" and t.isupper() for t, (a, _) in choices.items()):
        raise GrammarError(
            f"after {terminal} it takes another line to tell what it was: one of {sorted(rules)}, or more"
        )
    rule = rules.pop()
    if rule not in VERDICTS:
        raise GrammarError(f"{terminal} completes the rule {rule!r}, which no verdict is named after")
    return rule


def _minimise(steps: _Raw, accepting: set[Any]) -> tuple[_Raw, set[Any]]:
    """Merge the states that no sequence of lines can tell apart."""
    block: dict[Any, Any] = {state: state in accepting for state in steps}
    while True:
        signature = {
            state: (block[state], tuple((t, verdict, block[to]) for t, (to, verdict) in row.items()))
            for state, row in steps.items()
        }
        if len(set(signature.values())) == len(set(block.values())):
            break
        number = {s: i for i, s in enumerate(dict.fromkeys(signature.values()))}
        block = {state: number[signature[state]] for state in steps}
    merged = {block[s]: {t: (block[to], v) for t, (to, v) in row.items()} for s, row in steps.items()}
    return merged, {block[s] for s in accepting}


def _name(steps: _Raw, accepting: set[Any]) -> tuple[dict[str, dict[str, Step]], frozenset[str]]:
    """Name each state by the marked lines of the shortest way to it, in a fixed order."""
    first = next(iter(steps))
    names = {first: "start"}
    queue = [first]
    for state in queue:
        for terminal, (target, _) in sorted(steps[state].items()):
            if target not in names:
                names[target] = terminal if state == first else f"{names[state]}+{terminal}"
                queue.append(target)
    named = {
        names[state]: {t: Step(names[to], verdict) for t, (to, verdict) in sorted(steps[state].items())}
        for state in queue
    }
    return named, frozenset(names[state] for state in accepting)


def _check(states: Mapping[str, Mapping[str, Step]], kinds: Iterable[str], text: str) -> None:
    for state, row in states.items():
        if missing := sorted(set(kinds) - set(row)):
            raise GrammarError(f"state {state} does not take {missing}: every state must take every line")
        if row[text].state != state:
            raise GrammarError(
                f"{text} leads from {state} to {row[text].state}: text must not change the state"
            )
