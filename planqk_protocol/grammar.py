"""The protocol as a table, derived from the grammar file.

``protocol.lark`` defines the language: a terminal for each kind of line, and
rules that say which sequences of lines are a stream. The parser never runs Lark
on a stream. Lark builds an automaton, and this module turns it into a table: state
and kind of line → next state and role (a Mealy machine). The *role* is what the line
means in its place. To follow a line then costs one look-up in a dictionary.

Lark takes longer than all else that a short-lived program does. So the table also
comes compiled, as ``protocol.json`` beside the grammar. That file bears a hash of the
grammar's text, as a ``.pyc`` file can bear that of its source. `load_table` uses it if the hash
fits, and otherwise derives the table by Lark. ``docs/compile_grammar.py`` writes it, and
a test fails if it is not what Lark derives. Only this module imports Lark.
The hash is a CRC-32: to import ``hashlib`` takes longer than to make the table.

From the grammar to the table:

1.  `build_lark` lets Lark build its LALR(1) automaton. The tests use the same
    automaton as an oracle: it has to agree with the table on any stream.

2.  `_walk` explores the automaton with Lark's interactive parser
    (``InteractiveParser`` in Lark's ``lark/parsers/lalr_interactive_parser.py``).
    It starts with the empty stream, feeds every terminal that the automaton
    accepts to a copy of the parser, and goes on from each stack that it has not
    seen. There are finitely many stacks: Lark expands ``line*`` to a
    left-recursive rule, so the stack does not grow with the number of lines.

3.  `_completed` reads the role off the automaton. Right after a line was
    shifted, the automaton lists its next actions. If all of them reduce the same
    rule, the line has completed this rule, and the rule's name is the role:
    ``log``, ``result``, ``body`` … If none of them reduces, the line has opened a
    block, and the role is empty. Anything else means that the next line decides
    what this one was. Such a grammar is refused.

4.  `_minimise` merges states. The line that was read last is still on Lark's
    stack, so there is a state for each kind of line even where nothing depends on
    it. Of these states, those with the same future are one.

5.  `_name_states` gives the states names that do not depend on hashing or on Lark.

6.  `_check` refuses a table without the properties that the parser relies on. So
    nobody breaks them by a careless change of the file:

    * every state takes every kind of line (rule ``total``),
    * text never changes the state, so log lines need no look-ups.

    The third property, that the role of a line is known on that very line (rule
    ``latency``), is the one that step 3 checks.

The compiled form holds what these steps give, and the terminals' regular expressions.
`_table` makes a `Table` of it.

`framing` takes what it needs from the file, too: the *literals*, the texts that marked
lines begin with. `_literals` finds them in the terminals' regular expressions. So the
markers are written down nowhere else.
"""

from __future__ import annotations

import functools
import re
from binascii import crc32
from collections.abc import Iterable, Mapping
from os.path import commonprefix, dirname, join
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec

from planqk_protocol.errors import GrammarError

if TYPE_CHECKING:
    from lark import Lark

__all__ = [
    "ROLES",
    "Table",
    "Transition",
    "build_lark",
    "build_table",
    "compile_grammar",
    "grammar_text",
    "load_table",
]

_END = "$END"
_START_RULE = "stream"


ROLES = frozenset(
    {"log", "interim_result", "result", "duplicate_result", "body", "multiline_result", "duplicate_block"}
)
"""The roles of lines. Each is named after the rule of the grammar that the line completes."""


class Transition(NamedTuple):
    """What a line of some kind does in a state.

    Attributes:
        state: The state after the line.
        role: What the line means in its place, one of `ROLES`; empty if the line opens a block.
    """

    state: str
    role: str


class Table(msgspec.Struct, frozen=True):
    """The protocol as data: line kinds, states, and the transitions between them.

    Attributes:
        start: State at the start of a stream.
        transitions: State → line kind → `Transition`.
        accepting: States in which a stream may end without a violation.
        text: The kind of lines without a marker.
        literals: The texts that marked lines begin with → the kind of line, longest
            first. A marker has one or two: the colon of an interim result is
            optional. For `payload_kinds`, the literal decides the kind. For the
            others (a fence), the line may still turn out to be text.
        payload_kinds: Kinds whose payload is the rest of the line after the literal.
        markers: Role → the marker of such a line or block, as jobs print it:
            ``result`` → ``PlanQK:Job:Result:``.
        prefix: The common beginning of all literals.
        window: Number of bytes from the start of a line that is enough to find
            any literal in. The specification names it: see ``limit-payload``.
        pattern: Matches any line; the last group that takes part names its kind.
    """

    start: str
    transitions: Mapping[str, Mapping[str, Transition]]
    accepting: frozenset[str]
    text: str
    literals: Mapping[bytes, str]
    payload_kinds: frozenset[str]
    markers: Mapping[str, str]
    prefix: bytes
    window: int
    pattern: re.Pattern[bytes]

    def classify(self, data: bytes, start: int, stop: int) -> str:
        """The kind of the line ``data[start:stop]``."""
        match: Any = self.pattern.match(data, start, stop)  # never None, as TEXT matches any line
        kind: str = match.lastgroup
        return kind

    def payload_start(self, line: bytes) -> int:
        """Offset of the payload in a line of one of the `payload_kinds`."""
        return next(len(literal) for literal in self.literals if line.startswith(literal))

    def in_block(self, state: str) -> bool:
        """Whether a block is open in this state."""
        return self.transitions[state][self.text].role == "body"

    def __reduce__(self) -> tuple[Any, ...]:
        return load_table, ()  # a pickled parser holds no copy of the table


class _Compiled(msgspec.Struct):
    """The content of ``protocol.json``: what is derived from a grammar.

    Attributes:
        grammar: The hash of the grammar's text, in hexadecimal digits.
        patterns: Kind of line → its regular expression.
        transitions: State → line kind → `Transition`. The first state is the start.
        accepting: States in which a stream may end without a violation.
    """

    grammar: str
    patterns: dict[str, str]
    transitions: dict[str, dict[str, Transition]]
    accepting: list[str]


def grammar_text() -> str:
    """The text of ``protocol.lark``."""
    return _read("protocol.lark").decode()


def _read(name: str) -> bytes:
    """A file of the package."""
    loader: Any = __spec__.loader  # as in `pkgutil.get_data`, which takes longer to import than to do this
    return cast("bytes", loader.get_data(join(dirname(__file__), name)))  # noqa: PTH118, PTH120  # see above


def build_lark(grammar: str) -> Lark:
    """Lark's parser for a grammar: the source of the table, and the oracle of its tests."""
    from lark import Lark  # noqa: PLC0415  # takes longer to import than the whole package

    return Lark(grammar, start=_START_RULE, parser="lalr", lexer="basic", use_bytes=True)


@functools.cache
def load_table() -> Table:
    """The table of ``protocol.lark``: from its compiled form if that fits, else derived by Lark."""
    grammar = grammar_text()
    try:
        compiled = msgspec.json.decode(_read("protocol.json"), type=_Compiled)
    except (FileNotFoundError, msgspec.DecodeError):
        return build_table(grammar)
    return _table(compiled) if compiled.grammar == _hash(grammar) else build_table(grammar)


def build_table(grammar: str) -> Table:
    """Derive the table of a grammar by Lark.

    Raises:
        GrammarError: The grammar lacks a property the parser relies on.
    """
    return _table(_derive(grammar))


def compile_grammar(grammar: str) -> bytes:
    """The content of ``protocol.json`` for a grammar, derived by Lark.

    Raises:
        GrammarError: The grammar lacks a property the parser relies on.
    """
    return msgspec.json.format(msgspec.json.encode(_derive(grammar)), indent=2) + b"\n"


def _hash(grammar: str) -> str:
    return f"{crc32(grammar.encode()):08x}"


def _derive(grammar: str) -> _Compiled:
    """What Lark makes of a grammar, checked and in an order that depends on nothing but the grammar."""
    lark = build_lark(grammar)
    patterns = {terminal.name: terminal.pattern.to_regexp() for terminal in lark.terminals}
    text = _text_kind(patterns)
    states, accepting = _name_states(*_minimise(*_walk(lark)))
    _check(states, set(patterns), text)
    return _Compiled(_hash(grammar), patterns, states, sorted(accepting))


def _text_kind(patterns: Mapping[str, str]) -> str:
    """The kind of lines without a marker: the terminal that begins with no literal."""
    unmarked = sorted(kind for kind, pattern in patterns.items() if not _literals(pattern))
    if len(unmarked) != 1:
        raise GrammarError(
            f"exactly one terminal must begin with no literal text (it is log text); here: {unmarked}"
        )
    return unmarked[0]


def _table(compiled: _Compiled) -> Table:
    """The table of what was derived from a grammar."""
    patterns, states = compiled.patterns, compiled.transitions
    # Longest first, as one literal may begin another: the colon of an interim result is optional.
    literals = dict(
        sorted(
            ((literal, kind) for kind, pattern in patterns.items() for literal in _literals(pattern)),
            key=lambda item: (-len(item[0]), item),
        )
    )
    pattern = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()).encode())
    payloads = set(range(1, pattern.groups + 1)) - set(pattern.groupindex.values())  # groups in terminals
    return Table(
        start=next(iter(states)),
        transitions=states,
        accepting=frozenset(compiled.accepting),
        text=_text_kind(patterns),
        literals=literals,
        payload_kinds=frozenset(kind for kind, group in pattern.groupindex.items() if group + 1 in payloads),
        markers=_markers(states, literals),
        prefix=commonprefix(list(literals)) or b"",  # noqa: RUF071  # of bytes, not of path components
        window=2 * max(map(len, literals)),
        pattern=pattern,
    )


def _literals(pattern: str) -> list[bytes]:
    """The literal texts that a regular expression begins with, in UTF-8.

    There is one, or none. If an optional character follows it, as in ``ab:?``,
    there are two: ``ab:`` and ``ab``.
    """
    # Letters, digits, _ and : stand for themselves, unless the next character is a quantifier or a bar.
    literal, last, optional = re.fullmatch(
        r"((?:[\w:](?![?*+{|]))*)(?:([\w:])(\?))?.*", pattern, re.DOTALL
    ).groups()  # type: ignore[union-attr]  # matches anything
    literals = [literal + last, literal] if optional else [literal]
    return [item.encode() for item in literals if item]


def _markers(states: Mapping[str, Mapping[str, Transition]], literals: Mapping[bytes, str]) -> dict[str, str]:
    """Role → marker: the longest literal of the kind of line that completes this role."""
    longest: dict[str, str] = {}
    for literal, kind in literals.items():
        longest.setdefault(kind, literal.decode())
    # A body line may begin with any marker, so the role `body` has no marker of its own.
    return {
        transition.role: longest[kind]
        for row in states.values()
        for kind, transition in row.items()
        if kind in longest and transition.role not in {"", "body"}
    }


_Rows = dict[Any, dict[str, tuple[Any, str]]]  # state → terminal → (next state, role)


def _walk(lark: Lark) -> tuple[_Rows, set[Any]]:
    """Lark's automaton as state → terminal → (state, role), and its accepting states.

    A state is named by the stack that Lark's parser has there.
    """
    from lark import Token  # noqa: PLC0415  # see build_lark

    first = lark.parse_interactive()
    queue = {tuple(first.parser_state.state_stack): first}
    rows: _Rows = {}
    accepting = set()
    while queue:
        key, here = queue.popitem()
        rows[key] = {}
        accepts = here.accepts()  # type: ignore[no-untyped-call]
        if _END in accepts:
            accepting.add(key)
        for terminal in sorted(accepts - {_END}):
            there = here.copy()  # type: ignore[no-untyped-call]
            there.feed_token(Token(terminal, ""))
            target = tuple(there.parser_state.state_stack)
            rows[key][terminal] = target, _completed(there.choices(), terminal)
            if target not in rows:
                queue[target] = there
    start = tuple(first.parser_state.state_stack)
    return {start: rows[start]} | rows, accepting  # the start state comes first; `_name_states` relies on it


def _completed(choices: Mapping[str, tuple[Any, Any]], terminal: str) -> str:
    """The rule that a line has completed, by the actions that Lark has next; empty if there is none."""
    rules = {str(target.origin.name) for action, target in choices.values() if str(action) == "Reduce"}
    if not rules:
        return ""
    # Lark writes the names of terminals in upper case. A shift of one beside a reduction means that the
    # unit may go on; a shift of a rule (lower case) is a goto, which takes no line.
    if len(rules) > 1 or any(str(a) == "Shift" and t.isupper() for t, (a, _) in choices.items()):
        raise GrammarError(
            f"after {terminal} it takes another line to tell what it was: one of {sorted(rules)}, or more"
        )
    rule = rules.pop()
    if rule not in ROLES:
        raise GrammarError(f"{terminal} completes the rule {rule!r}, and there is no role of that name")
    return rule


def _minimise(rows: _Rows, accepting: set[Any]) -> tuple[_Rows, set[Any]]:
    """Merge the states that no sequence of lines can tell apart.

    This is Moore's algorithm: begin with two classes, accepting or not, and split
    a class as long as some of its states have other roles than the rest, or
    lead to other classes.
    """
    class_of: dict[Any, Any] = {state: state in accepting for state in rows}
    while True:
        signature = {
            state: (class_of[state], tuple((t, role, class_of[to]) for t, (to, role) in row.items()))
            for state, row in rows.items()
        }
        if len(set(signature.values())) == len(set(class_of.values())):
            break
        number = {s: i for i, s in enumerate(dict.fromkeys(signature.values()))}
        class_of = {state: number[signature[state]] for state in rows}
    merged = {
        class_of[s]: {t: (class_of[to], role) for t, (to, role) in row.items()} for s, row in rows.items()
    }
    return merged, {class_of[state] for state in accepting}


def _name_states(rows: _Rows, accepting: set[Any]) -> tuple[dict[str, dict[str, Transition]], frozenset[str]]:
    """Name each state by the kinds of the lines on the shortest way to it.

    The search goes breadth first, in alphabetical order of the kinds, so the
    names depend on nothing but the grammar.
    """
    first = next(iter(rows))
    names = {first: "start"}
    queue = [first]
    for state in queue:  # the loop appends to it
        for terminal, (target, _) in sorted(rows[state].items()):
            if target not in names:
                names[target] = terminal if state == first else f"{names[state]}+{terminal}"
                queue.append(target)
    named = {
        names[state]: {t: Transition(names[to], role) for t, (to, role) in sorted(rows[state].items())}
        for state in queue
    }
    return named, frozenset(names[state] for state in accepting)


def _check(states: Mapping[str, Mapping[str, Transition]], kinds: Iterable[str], text: str) -> None:
    """Raise if the table lacks what the parser relies on (step 6 above)."""
    for state, row in states.items():
        if missing := sorted(set(kinds) - set(row)):
            raise GrammarError(f"state {state} does not take {missing}: every state must take every line")
        if row[text].state != state:
            raise GrammarError(
                f"{text} leads from {state} to {row[text].state}: text must not change the state"
            )
