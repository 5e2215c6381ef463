"""Rules about what a capture lost: one for each kind of notice."""

from __future__ import annotations

import json

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = ["RULES"]

_RESULT = b'PlanQK:Job:Result: {"sum": 42}\n'
_WHOLE = "Get the whole capture once more, from the engine that ran the job."


def _cri(text: bytes, stream: bytes = b"stdout", tag: bytes = b"F") -> bytes:
    return b"2024-05-01T10:00:00Z " + stream + b" " + tag + b" " + text


def _json_file(text: bytes, second: int = 0) -> bytes:
    fields = {"log": text.decode(), "stream": "stdout", "time": f"2024-05-01T10:00:0{second}Z"}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _frame(kind: int, data: bytes) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def _rule(
    kind: str,
    summary: str,
    why: str,
    advice: str = _WHOLE,
    *,
    severity: Severity = Severity.WARNING,
    capture: str = "cri",
    wrong: tuple[bytes, ...] = (),
    right: tuple[bytes, ...] = (),
) -> Rule:
    return Rule(
        id=f"capture-{kind}",
        severity=severity,
        summary=summary,
        why=why,
        advice=advice,
        wrong=tuple(Example(data, capture=capture) for data in wrong),
        right=tuple(Example(data, capture=capture) for data in right),
    )


def _journal(text: str | None, priority: int = 6) -> bytes:
    entry = {"CONTAINER_ID_FULL": "c0ffee", "MESSAGE": text, "PRIORITY": str(priority), "_COMM": "dockerd"}
    return json.dumps(entry).encode() + b"\n"


_SOUND = (_cri(_RESULT),)
_SOUND_JSON = (_json_file(_RESULT),)
_SOUND_FRAME = (_frame(1, _RESULT),)
_STAMP = b"2024-05-01T10:00:00.000000000Z "
_LONG = b"x" * 20_000  # the command repeats the prefix in it
_LONG_STAMPED = _STAMP + _LONG[:16384] + _STAMP + _LONG[16384:] + b"\n"

RULES: tuple[Rule, ...] = (
    _rule(
        "truncated",
        "the capture ends within a record",
        "The last record is not complete: the capture was made while the job was running, or copying it was "
        "interrupted. The end of the output is missing, and a result may be in it.",
        wrong=(_cri(_RESULT) + b"2024-05-01T10:00:01Z stdo", _cri(_RESULT) + _cri(b"shutting d")),
        right=_SOUND,
    ),
    _rule(
        "torn",
        "a record breaks off, and another one follows",
        "The engine was interrupted while it wrote a record, as by a crash or a full disk. The end of that "
        "record is lost, and output may be missing after it.",
        "Check the disk and the log of the engine. Run the job again if its result is affected.",
        capture="docker-json-file",
        wrong=(
            _json_file(_RESULT) + b'{"log":"half a rec' + _json_file(b"done\n"),
            _json_file(_RESULT) + b'{"log":"half a record\\n","stream":"stdout\n' + _json_file(b"done\n"),
        ),
        right=_SOUND_JSON,
    ),
    _rule(
        "corrupt",
        "something in the capture is no record",
        "A part of the capture does not look as the engine writes it: it is damaged or edited, or the "
        "capture is in another format. That part is left out, and output may be lost with it.",
        "Get the whole capture once more, unchanged. If nearly every record is affected, name the right "
        "format with --capture.",
        wrong=(_cri(_RESULT) + b"what is this\n", _cri(_RESULT) + b"\n" + _cri(b"done\n")),
        right=_SOUND,
    ),
    _rule(
        "nul-run",
        "NUL bytes stand in place of records",
        "File systems leave NUL bytes in a file that was being written when the machine lost its power. What "
        "stood there is lost.",
        "The lost output cannot be restored. Run the job again if its result is affected.",
        wrong=(
            _cri(_RESULT) + b"\0" * 64 + _cri(b"done\n"),
            _cri(_RESULT) + b"\0" * 9 + b"\n" + _cri(b"done\n"),
        ),
        right=_SOUND,
    ),
    _rule(
        "replacement-char",
        "U+FFFD stands in place of characters",
        "Docker's log driver json-file stores U+FFFD for bytes that are not UTF-8, and for a character that "
        "the cut of a long line at 16 KiB divides. In the log of the platform, which is JSON, U+FFFD stands "
        "for bytes that are not UTF-8, too. The original bytes are lost.",
        "Print ASCII only, as `json.dumps(value)` does unless you say `ensure_ascii=False`.",
        capture="docker-json-file",
        wrong=(
            _json_file('PlanQK:Job:Result: {"city": "Z\ufffd\ufffdrich"}\n'.encode()),
            _json_file(_RESULT) + _json_file("\ufffd done\n".encode()),
        ),
        right=(_json_file(b'PlanQK:Job:Result: {"city": "Z\\u00fcrich"}\n'), *_SOUND_JSON),
    ),
    _rule(
        "null-message",
        "an entry of the journal has no text",
        "Without `--all`, journalctl leaves out texts of 4 KiB and more, and prints null in their place.",
        "Get the entries once more with `journalctl --all -o json`, or with `-o export`.",
        capture="journald-json",
        wrong=(
            _journal(_RESULT.decode().rstrip()) + _journal(None),
            _journal(_RESULT.decode().rstrip()) + _journal(None) + _journal("done"),
        ),
        right=(_journal(_RESULT.decode().rstrip()),),
    ),
    _rule(
        "gap",
        "records are missing",
        "The records show that others are missing between them: the engine or the journal dropped some, a "
        "rotated file was not read, or the container was started again.",
        "Read all rotated files, from the oldest to the newest. If the engine dropped records, use Docker's "
        "`mode=blocking`, or raise the rate limit of the journal.",
        capture="docker-json-file",
        wrong=(
            _json_file(_RESULT) + _json_file(b"half a li", 1) + _json_file(b"another line\n", 2),
            _json_file(b"half a li", 1) + _json_file(b"ne\n", 2) + _json_file(_RESULT, 3),
        ),
        right=(_json_file(_RESULT) + _json_file(b"a whole ", 1) + _json_file(b"line\n", 1),),
    ),
    _rule(
        "unknown-stream",
        "a record belongs to no known stream, or to another container",
        "Only standard output is read. A record that is neither of standard output nor of standard error is "
        "left out, and so is the output of other containers in the capture.",
        "Name the container to read with --only. If a stream is unknown, check that the capture is "
        "unchanged.",
        wrong=(_cri(_RESULT) + _cri(b"done\n", b"stdouf"), _cri(b"x\n", b"STDOUT") + _cri(_RESULT)),
        right=(_cri(_RESULT) + _cri(b"done\n", b"stderr"),),
    ),
    _rule(
        "system-error",
        "the engine reports an error",
        "The engine itself wrote an error into the stream, as it could not read all of the output. Output "
        "may be missing there.",
        "Read what the engine says, mend it, and get the output once more.",
        capture="docker-mux",
        wrong=(
            _frame(1, _RESULT) + _frame(3, b"Error grabbing logs: unexpected EOF\n"),
            _frame(3, b"Error grabbing logs: invalid character\n") + _frame(1, _RESULT),
        ),
        right=_SOUND_FRAME,
    ),
    _rule(
        "bad-stream-type",
        "a frame of Docker's multiplexed stream begins with wrong bytes",
        "The capture is no multiplexed stream, or bytes of it are missing. From there on, nothing can be "
        "read. The API sends no frames for a container with a terminal.",
        "Get the output once more. For a container that was started with a terminal, read it with --capture "
        "raw.",
        capture="docker-mux",
        wrong=(_frame(1, _RESULT) + b"plain text\n", _frame(1, _RESULT) + _frame(9, b"done\n")),
        right=_SOUND_FRAME,
    ),
    _rule(
        "oversize",
        "a record is too long, and is left out",
        "No engine writes records of more than 1 MiB (64 MiB in cri), so this is damage, or another format. "
        "What stood in the record is lost.",
        capture="docker-json-file",
        wrong=(_json_file(_RESULT) + b"x" * (1024 * 1024 + 1) + b"\n",),
        right=_SOUND_JSON,
    ),
    _rule(
        "repaired",
        "something in the capture was repaired",
        "The capture had something in it that the job did not print, and that can be left out for certain: "
        "nothing is lost.",
        "There is nothing to do.",
        severity=Severity.INFO,
        capture="docker-logs-timestamps",
        wrong=(b"\xef\xbb\xbf" + _STAMP + _RESULT, _LONG_STAMPED + _STAMP + _RESULT),
        right=(_STAMP + _RESULT,),
    ),
)
