"""What is said on standard error: not too much of one kind, and in the words of the command."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Limits
from planqk_protocol.captures import formats
from planqk_protocol.captures.sniffing import UTF16_FAULT
from planqk_protocol.cli import capture_messages
from planqk_protocol.cli.terminal import Messages
from tests.cli.harness import Run

STAMP = b"2024-05-01T10:00:00.5Z "
RESULT = b"PlanQK:Job:Result: 42\n"
PLAIN = b"".join(b"a plain line, number %d\n" % number for number in range(1000))


@given(kinds=st.lists(st.sampled_from(["torn", "gap", "corrupt"]), max_size=60))
def test_of_a_kind_ten_are_said_and_the_rest_is_counted(kinds: list[str]) -> None:
    messages = Messages()
    with redirect_stderr(io.StringIO()) as said_on:
        for number, kind in enumerate(kinds):
            assert messages.has_room_for(kind) == (kinds[:number].count(kind) < 10)
            messages.say(f"place {number}", "message", kind)
        messages.sum_up()
        messages.sum_up()
    lines = said_on.getvalue().splitlines()
    for kind in set(kinds):
        said = [line for line in lines if line.endswith(f": {kind}: message")]
        places = [number for number, other in enumerate(kinds) if other == kind]
        assert said == [f"place {number}: {kind}: message" for number in places[:10]]
        more = [line for line in lines if line.startswith(f"{kind}: ")]
        assert more == ([f"{kind}: and {len(places) - 10} more"] if len(places) > 10 else [])
    assert len(lines) <= 3 * 11


@pytest.mark.parametrize("kind", ["", "no-result"])
@pytest.mark.parametrize(
    "text", ["plain", "[bold]x[/] :warning: \\[", "Grüße 你好 " * 40, "  a \x1b[31m\n b  ", ""]
)
def test_rich_and_a_pipe_get_the_same_text(kind: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for name in (None, "FORCE_COLOR", "TTY_COMPATIBLE"):
        if name:
            monkeypatch.setenv(name, "")  # rich decides, and finds no terminal
        with redirect_stderr(io.StringIO()) as said_on:
            Messages().say(text, text, kind)
        said.append(said_on.getvalue())
    assert said[0].endswith("\n")
    assert said == said[:1] * 3


def test_colours_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with redirect_stderr(io.StringIO()) as said_on:
        Messages().say("job.log", "message", "kind")
    assert said_on.getvalue() == "\x1b[1mjob.log\x1b[0m: \x1b[31mkind\x1b[0m: message\n"


def test_without_standard_error_messages_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    Messages().say("job.log", "message")


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
def test_what_is_in_another_format_is_said_once(run: Run, tmp_path: Path, command: str) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(PLAIN + RESULT)
    outcome = run(command, "--capture", "cri", path)
    assert outcome.exit_code == 1
    *first, more, last = outcome.stderr.splitlines()
    assert len(first) == 10
    assert more == ("corrupt" if command == "unwrap" else "capture-corrupt") + ": and 991 more"
    assert last.endswith(capture_messages.another_format("cri", "raw"))
    path.write_bytes(STAMP + b"stdout F " + RESULT)
    assert (
        capture_messages.another_format("docker-json-file", "cri")
        in run(command, "--capture", "docker-json-file", stdin=path.read_bytes()).stderr
    )
    assert run(command, "--capture", "cri", path).stderr == ""


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
@pytest.mark.parametrize("format_id", [item for item in formats() if item != "raw"])
def test_a_plain_log_in_the_name_of_any_format_says_little(run: Run, command: str, format_id: str) -> None:
    outcome = run(command, "--capture", format_id, stdin=PLAIN * 4)
    kinds = {line.split(": ")[2] for line in outcome.stderr.splitlines() if ": record " in line}
    assert len(outcome.stderr.splitlines()) <= 11 * len(kinds) + 3
    if kinds:
        assert capture_messages.another_format(format_id, "raw") in outcome.stderr


def test_damage_among_sound_records_is_no_other_format(run: Run) -> None:
    sound = STAMP + b"stdout F log\n"
    outcome = run("result", "--capture", "cri", stdin=sound + b"damage\n" * 5 + sound)
    assert "nearly nothing" not in outcome.stderr
    outcome = run(
        "result", "--capture", "cri", stdin=sound + b"damage\n" * 100 + STAMP + b"stdout F " + RESULT
    )
    assert "nearly nothing" not in outcome.stderr  # since its head looks like cri
    outcome = run("result", "--capture", "cri", stdin=b"damage\n" * 100 + STAMP + b"stdout F " + RESULT)
    assert outcome.stdout == "42\n"
    assert outcome.stderr.endswith(f"<stdin>: {capture_messages.another_format('cri', 'raw')}\n")


@pytest.mark.parametrize("command", ["result", "unwrap"])
def test_nothing_is_no_other_format(run: Run, command: str) -> None:
    assert "nearly nothing" not in run(command, "--capture", "cri", stdin=b"").stderr
    utf_16 = "\ufefflog\r\nanother line of it\r\n".encode("utf-16-le")
    assert "nearly nothing" not in run(command, "--capture", "cri", stdin=utf_16).stderr


def test_a_file_that_is_gone_is_not_looked_at_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"damage\n")
    sum_up = Messages.sum_up

    def vanish(messages: Messages) -> None:
        path.unlink(missing_ok=True)
        sum_up(messages)

    monkeypatch.setattr(Messages, "sum_up", vanish)
    outcome = run("result", "--capture", "cri", path)
    assert outcome.stderr.endswith(f"{path}: {capture_messages.another_format('cri', 'raw')}\n")


@pytest.mark.parametrize("command", ["result", "parse"])
def test_many_violations_are_not_all_said(run: Run, command: str) -> None:
    outcome = run(command, stdin=RESULT * 1000)
    assert outcome.exit_code == 1
    *first, more = outcome.stderr.splitlines()
    assert [line.split(":")[1] for line in first] == [str(number) for number in range(2, 12)]
    assert more == "duplicate-result: and 989 more"
    if command == "parse":
        assert outcome.stdout.count("\n") == 1000


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
def test_what_was_left_out_is_said_where_the_command_breaks_off(run: Run, command: str) -> None:
    record = b'{"log":"a\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'
    outcome = run(command, stdin=record + b"damage\n" * 20 + RESULT)
    assert outcome.exit_code == 2
    kind = "corrupt" if command == "unwrap" else "capture-corrupt"
    assert outcome.stderr.splitlines()[-2] == f"{kind}: and 10 more"


def test_each_limit_is_named_by_its_option(run: Run) -> None:
    for limit, payload in (("max-payload", b"[1,2]"), ("max-depth", b"[[1]]"), ("max-digits", b"123456")):
        data = b"PlanQK:Job:Result: " + payload + b"\n"
        low = {"max-payload": "22", "max-depth": "1", "max-digits": "5"}[limit]
        for command in ("result", "parse"):
            outcome = run(command, f"--{limit}", low, stdin=data)
            if limit != "max-depth":  # whose default is the most
                assert f"Or raise --{limit} where" in outcome.stderr
            assert "Limits." not in outcome.stderr + outcome.stdout
    for field in Limits.__struct_fields__:
        assert (
            capture_messages.in_options(f"do this, or raise Limits.{field}")
            == f"do this, or raise --{field.replace('_', '-')}"
        )


def test_another_container_is_chosen_by_an_option(run: Run) -> None:
    capture = b"db-1  | ready\njob-1 | log\n"
    for command in ("result", "parse", "unwrap"):
        outcome = run(command, stdin=capture)
        assert "unless you name another (--only)" in outcome.stderr


def test_an_empty_name_is_no_file(run: Run) -> None:
    for command in ("result", "parse", "unwrap"):
        outcome = run(command, "")
        assert (outcome.stdout, outcome.exit_code) == ("", 2)
        assert outcome.stderr == (
            "planqk-protocol: the name of a FILE is empty (is a variable of the shell not set?); give its "
            "path\n"
        )


def test_a_guess_that_finds_nothing_is_told(run: Run) -> None:
    capture = STAMP + b"stderr F log\n"
    for command in ("result", "parse", "unwrap"):
        outcome = run(command, stdin=capture)
        assert outcome.stderr.startswith(f"<stdin>: {capture_messages.guess('cri')}\n")
    assert run("unwrap", "--stream", "stderr", stdin=capture).stderr == ""


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_unwrap_says_that_a_file_is_in_utf_16(run: Run, tmp_path: Path, encoding: str) -> None:
    data = ("\ufefflog\r\n" + "PlanQK:Job:Result: 42\r\n" * 50).encode(encoding)
    (tmp_path / "plain").write_bytes(b"first\n")
    (tmp_path / "wide").write_bytes(data)
    outcome = run("unwrap", tmp_path / "plain", tmp_path / "wide")
    assert outcome.stdout_bytes == b"first\n" + data
    assert outcome.stderr == f"{tmp_path / 'wide'}: the file {UTF16_FAULT}\n"
    assert outcome.exit_code == 1
    outcome = run("unwrap", "--capture", "raw", tmp_path / "wide")
    assert (outcome.stdout_bytes, outcome.stderr, outcome.exit_code) == (data, "", 0)
    outcome = run("unwrap", stdin=b"\xff\xfe" + bytes(range(128, 256)) * 10)
    assert (outcome.stderr, outcome.exit_code) == ("", 0)
