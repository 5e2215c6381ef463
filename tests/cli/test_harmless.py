"""Nothing that was read acts on a terminal, and nothing is changed on its way into a pipe."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.cli.app import cli
from planqk_protocol.cli.terminal import escape_controls, escape_line
from tests.cli.harness import Run

REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"\u200e", "\u200f", "\u061c"}


def acts(character: str) -> bool:
    return character not in {"\t", "\n"} and (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in REORDERING
        or character in MARKS
    )


ACTIVE = set(filter(acts, map(chr, range(0x10000))))  # no other one acts, as the first test shows

TEXTS = st.text(
    st.sampled_from(sorted(ACTIVE - {"\r"})) | st.sampled_from("a\t\u00e4\u20ac\U0001f600"), max_size=6
)


class TerminalInMemory(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace", write_through=True)

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


def at_a_terminal(args: Sequence[str], stdin: bytes = b"", encoding: str = "utf-8") -> tuple[str, str]:
    """Standard output and standard error of a command, each at a terminal that knows no colours."""
    out, err = TerminalInMemory(encoding), TerminalInMemory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "dumb")
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit):
            cli.main(list(args), prog_name="planqk-protocol")
    return out.shown(), err.shown()


def test_every_character_that_acts_is_escaped_and_no_other_one() -> None:
    every = [chr(number) for number in range(sys.maxunicode + 1)]
    assert set(filter(acts, every)) == ACTIVE
    for character in every:
        is_escaped = escape_controls(character) != character
        assert is_escaped == (character in ACTIVE), hex(ord(character))
    assert not ACTIVE & set(escape_controls("".join(every)))
    assert not (ACTIVE | {"\n"}) & set(escape_line("".join(every)))


@given(text=TEXTS, key=TEXTS, name=st.sampled_from(["Result:", "InterimResult:", "Results:"]))
@pytest.mark.parametrize(
    "args",
    [
        ("parse",),
        ("parse", "--output", "jsonl"),
        ("result",),
        ("result", "--pretty"),
        ("result", "--interim"),
        ("unwrap",),
    ],
)
def test_what_is_read_is_harmless_at_a_terminal(
    args: tuple[str, ...], text: str, key: str, name: str
) -> None:
    value = json.dumps({key: [text]}, ensure_ascii=False)
    log = f"{text}\r\n{key}\rx\nPlanQK:Job:{name} {value}\r\nPlanQK:Job:InterimResult: {text}\n"
    out, err = at_a_terminal(args, log.encode())
    assert not ACTIVE & set(out + err)
    block = f"PlanQK:Job:MultilineResult\r\n{value[:-1]}\r\n\r}}\r\nPlanQK:Job:MultilineResult\r\n"
    out, err = at_a_terminal(args, block.encode())
    assert not ACTIVE & set(out + err)
    if args[0] == "result" and "--interim" not in args:
        assert json.loads(out) == {key: [text]}


@given(data=st.binary(max_size=20), size=st.integers(1, 7))
def test_unwrapped_bytes_of_any_kind_are_harmless_however_they_are_cut(data: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planqk_protocol.cli.sources._CHUNK", size)
        out, err = at_a_terminal(["unwrap", "--capture", "raw"], data)
    assert not ACTIVE & set(out + err)
    assert out == escape_controls(data.decode(errors="backslashreplace").replace("\r\n", "\n"))


def test_a_terminal_that_lacks_a_character_gets_its_escape() -> None:
    out, _ = at_a_terminal(["unwrap", "--capture", "raw"], "K\u00f6ln \u20ac\n".encode(), "latin-1")
    assert out == "K\u00f6ln \\u20ac\n"


@pytest.mark.parametrize("name", ["a\x9b31m\u202e.log", "a\r\x7f\nb.log", "a\u2028\u061c.log"])
def test_names_and_arguments_are_harmless(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PlanQK:Job:InterimResult: oops\n")
    for args in (
        ("parse", str(path)),
        ("unwrap", str(path), str(path) + "x"),
        ("parse", "--follow", str(path), str(path)),
        ("result", "--capture", name),
        ("result", f"--{name}"),
        ("result", "--max-depth", name),
        ("formats", name),
        (name,),
    ):
        out, err = at_a_terminal(args)
        assert err
        assert not ACTIVE & set(out + err), args


@pytest.mark.parametrize("args", [("formats",), ("--help",), ("result", "--help")])
def test_what_comes_with_the_package_is_harmless(args: tuple[str, ...]) -> None:
    out, err = at_a_terminal(args)
    assert out
    assert not ACTIVE & set(out + err)


def test_nothing_is_changed_in_a_pipe(run: Run) -> None:
    text = "".join(sorted(ACTIVE - {chr(number) for number in range(32)}))
    payload = f'{{"a":\r\n"{text}"}}'.encode()
    block = b"PlanQK:Job:MultilineResult\n" + payload + b"\nPlanQK:Job:MultilineResult\n"
    assert run("result", stdin=block).stdout_bytes == payload + b"\n"
    assert run("unwrap", "--capture", "raw", stdin=block).stdout_bytes == block
    assert text in run("parse", stdin=block).stdout
