"""Parsers of other protocols, each on a log of its own protocol: the same log lines, and as many results.

    python tests/bench/peers.py PEER FILE

This program runs in an environment of its own, without planqk_protocol. It makes the log of the
peer from FILE before it starts to count time, and prints its seconds, how many results it found, and 0.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

PEERS = {"tap": "tap.py", "gdb": "pygdbmi", "singer": "singer-python", "subunit": "python-subunit"}
"""The distributions of the peers by their short names."""

_INTERIM = "PlanQK:Job:InterimResult: "


def _translated(path: Path, log: Callable[[str], str], result: Callable[[str], str]) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [result(line[len(_INTERIM) :]) if line.startswith(_INTERIM) else log(line) for line in lines]


def tap(path: Path) -> Callable[[], int]:
    """The Test Anything Protocol: a result is a test, all else is an unknown line."""
    from tap.parser import Parser  # noqa: PLC0415  # only one of the peers is used

    text = "".join(_translated(path, "{}\n".format, "ok - {}\n".format))
    return lambda: sum(line.category == "test" for line in Parser().parse(io.StringIO(text)))


def gdb(path: Path) -> Callable[[], int]:
    """The machine interface of GDB: a result is a result record, a log line is output of the program."""
    from pygdbmi.gdbmiparser import parse_response  # noqa: PLC0415

    def record(value: str) -> str:
        pairs = json.loads(value).items()
        return "^done," + ",".join(f'{name}="{number}"' for name, number in pairs)

    lines = _translated(path, str, record)
    return lambda: sum(parse_response(line)["type"] == "result" for line in lines)


def singer(path: Path) -> Callable[[], int]:
    """Singer: results and log lines are records of two streams."""
    from singer import parse_message  # noqa: PLC0415

    def record(stream: str, value: Any) -> str:
        return json.dumps({"type": "RECORD", "stream": stream, "record": value})

    lines = _translated(
        path, lambda text: record("log", {"text": text}), lambda value: record("result", json.loads(value))
    )
    return lambda: sum(parse_message(line).stream == "result" for line in lines)


def subunit(path: Path) -> Callable[[], int]:
    """Subunit 2: a result is a packet with a file, log lines are text between packets."""
    from subunit import ByteStreamToStreamResult, StreamResultToBytes  # noqa: PLC0415

    stream = io.BytesIO()
    packets = StreamResultToBytes(stream)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(_INTERIM):
            packets.status(file_name="result", file_bytes=line[len(_INTERIM) :].encode(), test_id="job")
        else:
            stream.write(f"{line}\n".encode())

    class Results:
        found = 0

        def startTestRun(self) -> None:  # noqa: N802  # called so
            pass

        def status(self, *, file_name: str | None = None, **_: Any) -> None:
            self.found += file_name == "result"

    def parse() -> int:
        results = Results()
        stream.seek(0)
        ByteStreamToStreamResult(stream, non_subunit_name="log").run(results)
        return results.found

    return parse


def versions() -> Iterator[str]:
    """The versions of the peers."""
    for name in PEERS.values():
        yield f"{name} {version(name)}"


def main(name: str, path: str) -> None:
    """Print the figures of a peer."""
    parse = {"tap": tap, "gdb": gdb, "singer": singer, "subunit": subunit}[name](Path(path))
    start = time.process_time()
    found = parse()
    print(json.dumps([time.process_time() - start, found, 0]))


if __name__ == "__main__":
    print("\n".join(versions())) if sys.argv[1:] == ["versions"] else main(*sys.argv[1:])
