"""The models of engines for each format, and the captures that they write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from planqk_protocol.testing import engine_writers, journald_writer
from planqk_protocol.testing.engine_writers import Write

__all__ = ["MODELS", "KnownCapture", "Model"]


class KnownCapture(msgspec.Struct, frozen=True, kw_only=True):
    """A capture whose content is known: the output of the container that is in it.

    Attributes:
        format: The id of its format.
        data: Its bytes.
        writes: What the container wrote, in order. Each write has the name of
            the stream, ``stdout`` or ``stderr``, and the bytes.
        stdout: The bytes of standard output that a decoder has to give. These
            are the bytes written, except for those that the engine altered or
            dropped.
        stderr: The same for standard error.
    """

    format: str
    data: bytes
    writes: tuple[Write, ...]
    stdout: bytes
    stderr: bytes


def _unchanged(data: bytes) -> bytes:
    return data


class Model(msgspec.Struct, frozen=True):
    """How an engine writes captures of a format.

    Attributes:
        write: Turns what the container writes into a capture.
        keeps: Turns the bytes of a stream into those that a capture keeps.
        streams: The streams that a decoder can tell apart in the format.
    """

    write: Callable[[Sequence[Write]], bytes]
    keeps: Callable[[bytes], bytes] = _unchanged
    streams: tuple[str, ...] = ("stdout", "stderr")

    def capture(self, format_id: str, writes: Sequence[Write]) -> KnownCapture:
        """Write a capture, and say what is in it."""
        printed = {name: b"".join(data for stream, data in writes if stream == name) for name in _BOTH}
        return KnownCapture(
            format=format_id,
            data=self.write(writes),
            writes=tuple(writes),
            stdout=self.keeps(printed["stdout"]),
            stderr=self.keeps(printed["stderr"]),
        )


_BOTH = ("stdout", "stderr")
_ATTRS = '"attrs":{"tag":"a","env":"}{\\"log\\":\\""},'


def _valid_utf8(data: bytes) -> bytes:
    """The bytes that ``json-file`` keeps: in each piece, only valid UTF-8 stays as it is."""
    kept = []
    for _, text, ends_line, _ in engine_writers.pieces([("stdout", data)]):
        kept.append(engine_writers.utf8_text(text) + ("\n" if ends_line else ""))
    return "".join(kept).encode()


def _without_cr(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _one_stream(write: Callable[[bytes], bytes], keeps: Callable[[bytes], bytes] = _unchanged) -> Model:
    """A model for a format that does not tell the streams apart. It writes only one stream."""
    return Model(lambda writes: write(b"".join(data for _, data in writes)), keeps, ("stdout",))


def _docker_logs(details: str, *, has_stamps: bool) -> Model:
    return _one_stream(
        lambda data: engine_writers.docker_logs([("stdout", data)], details, has_stamps=has_stamps)
    )


def _kubectl_logs(prefix: str, *, has_stamps: bool) -> Model:
    return _one_stream(lambda data: engine_writers.kubectl_logs(data, prefix, has_stamps=has_stamps))


def _whole_texts(data: bytes) -> bytes:
    """The bytes that the platform's log keeps: valid UTF-8, and an LF at the end."""
    return engine_writers.utf8_text(data if not data or data.endswith(b"\n") else data + b"\n").encode()


def _without_lf(data: bytes) -> list[bytes]:
    return [line.removesuffix(b"\n") for line in engine_writers.lines_of(data)]


def _two_lines(data: bytes) -> list[bytes]:
    lines = engine_writers.lines_of(data)
    return [b"".join(lines[at : at + 2]) for at in range(0, len(lines), 2)]


def _planqk_list(data: bytes) -> bytes:
    return json.dumps(
        engine_writers.planqk_entries(_without_lf(data)), separators=(",", ":"), ensure_ascii=False
    ).encode()


def _planqk_indented(data: bytes) -> bytes:
    return json.dumps(
        engine_writers.planqk_entries(_two_lines(data), timestamp=1_714_557_600_000, id={"a": [{}]}), indent=2
    ).encode()


def _planqk_lines(data: bytes) -> bytes:
    entries = engine_writers.planqk_entries(_without_lf(data), timestamp="1714557600000")
    return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()


MODELS: Mapping[str, Sequence[Model]] = MappingProxyType(
    {
        "raw": [_one_stream(_unchanged)],
        "docker-json-file": [
            Model(engine_writers.docker_json_file, _valid_utf8),
            Model(lambda writes: engine_writers.docker_json_file(writes, _ATTRS), _valid_utf8),
        ],
        "cri": [Model(engine_writers.containerd, _without_cr), Model(engine_writers.conmon)],
        "docker-mux": [Model(engine_writers.docker_mux)],
        "docker-local": [Model(engine_writers.docker_local)],
        "journald-json": [
            Model(lambda writes: journald_writer.journald_json(journald_writer.docker_journal(writes))),
            Model(lambda writes: journald_writer.journald_json(journald_writer.conmon_journal(writes))),
        ],
        "journald-export": [
            Model(lambda writes: journald_writer.journald_export(journald_writer.docker_journal(writes))),
            Model(lambda writes: journald_writer.journald_export(journald_writer.conmon_journal(writes))),
        ],
        "docker-logs-timestamps": [_docker_logs("", has_stamps=True)],
        "docker-logs-details": [
            _docker_logs(details, has_stamps=has_stamps)
            for details in (" ", "a=b,c=d ")
            for has_stamps in (False, True)
        ],
        "kubectl-logs": [
            _kubectl_logs("", has_stamps=True),
            _kubectl_logs("[pod/a/b] ", has_stamps=False),
            _kubectl_logs("[pod/a/b] ", has_stamps=True),
        ],
        "compose-logs": [
            _one_stream(engine_writers.compose_logs, _whole_lines),
            _one_stream(lambda data: engine_writers.compose_logs(data, has_stamps=True), _whole_lines),
            _one_stream(lambda data: engine_writers.compose_logs(data, 5, "\x1b[36m"), _whole_lines),
        ],
        "planqk-log": [
            _one_stream(_planqk_list, _whole_texts),
            _one_stream(_planqk_indented, _whole_texts),
            _one_stream(_planqk_lines, _whole_texts),
        ],
    }
)
"""The models of engines that write captures, by the ids of their formats."""
