"""How commands end when something is in their way: a line and an exit code, never a traceback."""

from __future__ import annotations

import builtins
import errno
import io
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Never

import pytest

from planqk_protocol import __main__ as entry
from planqk_protocol import __version__
from planqk_protocol.cli.signals import until_interrupt
from planqk_protocol.errors import missing_extra
from tests.cli.harness import Call, Refusing, Run, Start

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and pipes")


@pytest.fixture
def broken_pipe() -> Iterator[IO[str]]:
    """A stream that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:  # noqa: PTH123  # a file descriptor
        yield stream
        with Path(os.devnull).open("wb") as nowhere:  # what was left unwritten goes there
            os.dup2(nowhere.fileno(), writer)


def refusing(code: int) -> IO[str]:
    return io.TextIOWrapper(Refusing(code), encoding="utf-8", write_through=True)


def test_version(run: Run) -> None:
    outcome = run("--version")
    assert (outcome.stdout, outcome.exit_code) == (f"planqk-protocol, version {__version__}\n", 0)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), ("parse",), ("result",), ("completion",)])
def test_every_command_has_help_with_examples(run: Run, command: tuple[str, ...], option: str) -> None:
    outcome = run(*command, option)
    assert outcome.exit_code == 0
    assert "  planqk-protocol " in outcome.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("parse", "--nonsense"),
        ("parse", "--output", "xml"),
        ("completion", "tcsh"),
    ],
)
def test_bad_usage(run: Run, args: tuple[str, ...]) -> None:
    outcome = run(*args)
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert "Usage: planqk-protocol" in outcome.stderr


@pytest.mark.parametrize("command", ["parse", "result"])
def test_a_file_that_is_not_there_is_told_before_anything_is_printed(
    run: Run, command: str, examples: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    outcome = run(command, examples / "minimal.log", missing)
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert outcome.stderr == f"planqk-protocol: cannot read {missing}: No such file or directory\n"


@pytest.mark.parametrize("command", ["parse", "result"])
def test_a_directory(run: Run, command: str, tmp_path: Path) -> None:
    outcome = run(command, tmp_path)
    assert outcome.stderr == f"planqk-protocol: cannot read {tmp_path}: Is a directory\n"
    assert outcome.exit_code == 2


def test_a_file_that_cannot_be_opened(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "job.log"
    path.touch()
    opened: Callable[..., IO[Any]] = open

    def refuse(name: Any, *args: Any, **kwargs: Any) -> IO[Any]:
        if name == str(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", refuse)
    outcome = run("parse", path)
    assert outcome.stderr == f"planqk-protocol: cannot read {path}: Permission denied\n"
    assert outcome.exit_code == 2


def test_standard_input_that_is_closed(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert call("parse") == 2
    assert capsys.readouterr().err == "planqk-protocol: standard input is closed; give a FILE\n"


@needs_posix
def test_standard_input_that_does_not_block_is_not_taken_for_empty(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.write(writer, b"PlanQK:Job:Result: 1\n")
    with open(reader, encoding="utf-8") as stream:  # noqa: PTH123  # a file descriptor
        monkeypatch.setattr(sys, "stdin", stream)
        assert call("parse") == 2
    os.close(writer)
    message = os.strerror(errno.EAGAIN)
    assert capsys.readouterr().err == f"planqk-protocol: cannot read <stdin>: {message}\n"


@pytest.mark.parametrize("args", [("parse",), ("result",), ("completion", "bash")])
def test_standard_output_that_is_closed(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert call(*args) == 2
    assert capsys.readouterr().err == "planqk-protocol: standard output is closed\n"


@pytest.mark.parametrize(
    "args", [("parse",), ("parse", "--output", "text"), ("result",), ("result", "--interim")]
)
def test_a_full_disk(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    examples: Path,
    args: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(errno.ENOSPC))
    assert call(*args, examples / "minimal.log") == 2
    reason = os.strerror(errno.ENOSPC)
    assert capsys.readouterr().err == f"planqk-protocol: cannot write to standard output: {reason}\n"


@needs_posix
@pytest.mark.parametrize("args", [("parse",), ("parse", "--output", "text"), ("result",)])
def test_a_closed_pipe_is_a_silent_end(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    examples: Path,
    broken_pipe: IO[str],
    args: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "stdout", broken_pipe)
    assert call(*args, examples / "minimal.log") == 0
    assert capsys.readouterr().err == ""


def test_a_closed_pipe_on_windows(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], examples: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(errno.EINVAL))
    assert call("parse", examples / "minimal.log") == 0
    assert capsys.readouterr().err == ""


@needs_posix
def test_help_to_a_closed_pipe(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken_pipe: IO[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", broken_pipe)
    assert call("--help") == 0
    assert capsys.readouterr().err == ""


@needs_posix
def test_notes_that_nobody_reads(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    examples: Path,
    broken_pipe: IO[str],
) -> None:
    monkeypatch.setattr(sys, "stderr", broken_pipe)
    assert call("parse", examples / "mistakes.log") == 1
    assert capsys.readouterr().out.count("\n") == 14


@pytest.mark.parametrize("stderr", [None, refusing(errno.ENOSPC)])
def test_notes_that_cannot_be_written(
    call: Call, monkeypatch: pytest.MonkeyPatch, examples: Path, stderr: IO[str] | None
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    assert call("parse", examples / "mistakes.log") == 1
    assert call("parse", "missing") == 2


def test_an_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_names: object) -> Never:
        raise KeyboardInterrupt

    monkeypatch.setattr("planqk_protocol.cli.reading.read", interrupt)
    outcome = run("result", stdin=b"")
    assert (outcome.stdout, outcome.exit_code) == ("", 130)
    assert outcome.stderr == "planqk-protocol: interrupted\n"


def test_the_second_interrupt_breaks_off() -> None:
    before = signal.getsignal(signal.SIGINT)
    with until_interrupt() as is_over:
        assert not is_over()
        signal.raise_signal(signal.SIGINT)
        assert is_over()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_main_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["planqk-protocol", "--version"])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert (end.value.code, capsys.readouterr().out) == (0, f"planqk-protocol, version {__version__}\n")


def test_python_m_runs_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["planqk_protocol", "--version"])
    monkeypatch.delitem(sys.modules, "planqk_protocol.__main__")
    with pytest.raises(SystemExit) as end:
        runpy.run_module("planqk_protocol", run_name="__main__", alter_sys=True)
    assert (end.value.code, capsys.readouterr().out) == (0, f"planqk-protocol, version {__version__}\n")


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "planqk_protocol.cli.app")
    monkeypatch.setitem(sys.modules, "rich_click", None)
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 2
    assert capsys.readouterr() == ("", INSTALL.format("rich_click"))


INSTALL = f"planqk-protocol: {missing_extra('{}', 'cli')}\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_a_part_of_the_extra_it_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import planqk_protocol.__main__ as m; m.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", INSTALL.format(missing))


def test_what_is_missing_beyond_the_extra_is_no_matter_of_installing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "planqk_protocol.cli.app", None)
    with pytest.raises(ModuleNotFoundError, match=r"planqk_protocol\.cli\.app"):
        entry.main()


def test_an_interrupt_while_it_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupting:
        @staticmethod
        def find_spec(name: str, *_args: object) -> None:
            assert name == "planqk_protocol.cli.app"
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "planqk_protocol.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert (end.value.code, capsys.readouterr().err) == (130, "planqk-protocol: interrupted\n")


@needs_posix
def test_a_program_whose_reader_leaves_ends_silently(start: Start, examples: Path) -> None:
    program = start("parse", examples / "optimiser.log")
    assert program.stdout
    assert program.stderr
    assert (
        program.stdout.readline() == '{"type":"log","line":1,"text":"Container wird gestartet …"}\n'.encode()
    )
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 0


@needs_posix
@pytest.mark.rule("latency")
def test_a_program_prints_events_as_they_come_until_ctrl_c(start: Start) -> None:
    program = start("parse")
    assert program.stdin
    assert program.stdout
    assert program.stderr
    for line in (b"first", b"second"):
        os.write(program.stdin.fileno(), line + b"\nunfin")
        assert line in program.stdout.readline()
        os.write(program.stdin.fileno(), b"ished\n")
        assert b'"unfinished"' in program.stdout.readline()
    program.send_signal(signal.SIGINT)
    assert program.stderr.read() == b"planqk-protocol: interrupted\n"
    assert program.wait() == 130


@needs_posix
@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("result",), "SIGTERM"),
        (("parse",), "SIGHUP"),
        (("parse", "--follow"), "SIGTERM"),
        (("unwrap",), "SIGTERM"),
    ],
)
def test_other_signals_end_it_as_they_end_any_program(
    start: Start, tmp_path: Path, args: tuple[str, ...], name: str
) -> None:
    path = tmp_path / "job.log"
    lines = b"PlanQK:Job:InterimResult: oops\n" * 11
    path.write_bytes(lines)
    program = start(*args, path if "--follow" in args else "-")
    assert program.stdin
    assert program.stderr
    program.stdin.write(lines)
    program.stdin.flush()
    output = program.stdout if args == ("unwrap",) else program.stderr
    assert output
    output.readline()
    number = getattr(signal, name)
    program.send_signal(number)
    assert program.wait() == -number
    assert b"Traceback" not in program.stderr.read()


@needs_posix
@pytest.mark.parametrize("kind", ["decoder", "encoder", "service"])
def test_ctrl_c_ends_the_programs_under_test_at_once(start: Start, tmp_path: Path, kind: str) -> None:
    pids = tmp_path / "pids"
    code = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(60)"
    program = start("conformance", kind, "--", sys.executable, "-S", "-c", code, pids)
    assert program.stderr
    while not (pids.exists() and pids.read_text()):
        time.sleep(0.01)
        assert program.poll() is None
    program.send_signal(signal.SIGINT)
    assert program.wait(8) == 130
    assert program.stderr.read() == b"planqk-protocol: interrupted\n"
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def shell(redirection: str, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a program with a redirection of the shell."""
    command = ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "planqk_protocol", *args]
    return subprocess.run(command, capture_output=True, check=False, timeout=30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to stand for a full disk")
@pytest.mark.parametrize(
    "args", [("--help",), ("result", "minimal.log"), ("parse", "--output", "text", "optimiser.log")]
)
def test_a_program_on_a_full_disk(
    examples: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    monkeypatch.chdir(examples)
    done = shell("> /dev/full", *args)
    reason = os.strerror(errno.ENOSPC)
    assert done.stderr.decode() == f"planqk-protocol: cannot write to standard output: {reason}\n"
    assert done.returncode == 2


@needs_posix
@pytest.mark.parametrize(
    ("redirection", "message", "code"),
    [
        ("<&-", b"planqk-protocol: standard input is closed; give a FILE\n", 2),
        (">&-", b"planqk-protocol: standard output is closed\n", 2),
        ("2>&- </dev/null", b"", 1),
    ],
)
def test_a_program_with_a_closed_stream(redirection: str, message: bytes, code: int) -> None:
    done = shell(redirection, "result")
    assert (done.stdout, done.stderr, done.returncode) == (b"", message, code)
