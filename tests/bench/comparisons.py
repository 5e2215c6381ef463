"""All comparisons, one after the other. Each has its files only while it is measured."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from planqk_protocol import Parser, iter_events, to_json_line, to_json_lines, to_record
from tests.bench import by_hand, modes
from tests.bench.captures import KINDS, Kind, captured, least_work
from tests.bench.corpora import CORPORA, FEW_MARKERS, INTERIM_RESULTS, VARIED_LINES, Corpus, File, written
from tests.bench.growth import MODES
from tests.bench.measuring import Comparison, Task, command, in_process, measured_by_itself
from tests.bench.peers import PEERS

BENCH = Path(__file__).parent
PEER_MEGABYTES = 4  # most that peers read: one of them reads half a megabyte in a second
TEN_LINES = "".join(f"step {number}\n" for number in range(9))
RESULT = 'PlanQK:Job:Result: {"sum": 42}\n'
PAYLOADS = ("counts", "floats", "string")
STREAM_MEGABYTES = (1, 10, 100, 500)
CHUNK_SIZES = {
    "256 KiB": 256 << 10,
    "1 B": 1,
    "16 B": 16,
    "256 B": 256,
    "4 KiB": 4 << 10,
    "64 KiB": 64 << 10,
    "1 MiB": 1 << 20,
}
LIBRARIES = "import msgspec, json, re, importlib.resources"
COMMAND = "import sys; from planqk_protocol.__main__ import main; sys.exit(main())"  # as the script does
FIRST_PARSE = "import planqk_protocol as p; p.parse(b'x')"


class Options(NamedTuple):
    """What is measured, and how much of it.

    Attributes:
        megabytes: The size of each log.
        gigabytes: The size of streams that show growth; 0 for none.
        peers: The Python of the peers, if they are measured.
        only: Texts, one of which is in the name of each comparison that is measured; if empty, all are.
    """

    megabytes: int
    gigabytes: float
    peers: str | None
    only: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Whether a comparison is measured."""
        return not self.only or any(part in name for part in self.only)


def all_comparisons(folder: Path, options: Options) -> Iterator[Comparison]:
    """Everything that is measured, with its files in `folder`."""
    return (comparison for comparison in _made(folder, options) if options.wants(comparison.name))


def _made(folder: Path, options: Options) -> Iterator[Comparison]:
    """All comparisons, but not those that are costly to make and not wanted."""
    for corpus in CORPORA:
        if options.wants(corpus.name):
            yield from _log(corpus, folder, options.megabytes)
    yield from _json_lines(folder, options.megabytes)
    if any(options.wants(f"payload: {name}") for name in PAYLOADS):
        yield from _payloads(min(options.megabytes, 64))
    yield from _chunk_sizes(options.megabytes)
    yield _bytewise()
    for kind in KINDS:
        if options.wants(f"capture: {kind.name}"):
            yield from _capture(kind, folder, options.megabytes)
    yield from _diagnosis(folder, options.megabytes)
    yield from _commands(folder)
    yield from _peers(folder, min(options.megabytes, PEER_MEGABYTES), options.peers)
    yield from _growth(options.gigabytes)


def _planqk(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", COMMAND, *map(str, arguments)]


def _log(corpus: Corpus, folder: Path, megabytes: int) -> Iterator[Comparison]:
    """The modes on one kind of log, beside what is written by hand and the tools."""
    with written(corpus, folder, megabytes) as log:
        work = {"size": log.size, "lines": log.lines}
        by_functions = [
            ("careful loop", "by hand", by_hand.careful_loop, log.results),
            ("plain loop", "by hand", by_hand.plain_loop, None if corpus.head else log.results),
            ("events", "ours", modes.events, log.results),
            ("events in a list", "ours", modes.kept_events, None),
            ("feed alone", "ours", modes.feed_alone, 0),
            ("logs=False", "ours", modes.without_logs, log.results),
            ("last interim result", "ours", modes.last_interim_result, None),
            ("byte loop", "by hand", by_hand.byte_loop, log.marked),
            ("objects", "least work", modes.log_objects, None),
            ("line numbers", "least work", modes.line_numbers, log.lines),
            ("reading", "least work", modes.reading, log.size),
        ]
        tasks = [
            Task(name, kind, in_process(partial(function, log.path)), expected, **work)  # type: ignore[arg-type]
            for name, kind, function, expected in by_functions
        ]
        tools = {
            "grep -n": (["grep", "-n", "^PlanQK:Job:"], log.marked),
            "rg -n": (["rg", "-n", "^PlanQK:Job:"], log.marked),
            "wc -l": (["wc", "-l"], 1),
        }
        for name, (arguments, expected) in tools.items():
            if shutil.which(arguments[0]):
                tasks.append(
                    Task(name, "tool", command(*arguments, str(log.path)), expected, log.size, log.lines)
                )
        if corpus is INTERIM_RESULTS:
            tasks.append(_decoding(log))
        yield Comparison(corpus.name, tasks)


def _decoding(log: File) -> Task:
    payloads = [event.payload for event in iter_events(modes.chunks(log.path))]  # type: ignore[union-attr]
    run = in_process(partial(modes.decoded, payloads))
    return Task("JSON", "least work", run, log.results, log.size, log.lines)


def _json_lines(folder: Path, megabytes: int) -> Iterator[Comparison]:
    """A log to records: from events that are there, in this process, and by commands."""
    with written(FEW_MARKERS, folder, megabytes) as log:

        def by_loop() -> int:
            with Path(os.devnull).open("w", encoding="utf-8") as output:
                return by_hand.json_lines(log.path, output)

        size, lines = log.size, log.lines
        yield Comparison(
            "log to JSON Lines",
            [
                Task("json.dumps loop", "by hand", in_process(by_loop), lines, size, lines),
                Task(
                    "iter_events, to_json_line",
                    "ours",
                    in_process(partial(modes.records, log.path)),
                    lines,
                    size,
                    lines,
                ),
            ],
        )
        loop = command(sys.executable, str(BENCH / "by_hand.py"), str(log.path))
        parse = command(*_planqk("parse", "--capture", "raw", "--output", "jsonl", log.path))
        tasks = [
            Task("json.dumps loop", "by hand", loop, lines, size, lines),
            Task("parse --output jsonl", "ours", parse, lines, size, lines),
        ]
        yield Comparison("command: log to JSON Lines", tasks)
        yield _lines_of_events(log)


def _lines_of_events(log: File) -> Comparison:
    """Events that are there to lines of JSON; what is measured first is the least work of all."""
    events = list(iter_events([next(modes.chunks(log.path)).rpartition(b"\n")[0]]))
    records = [to_record(event) for event in events]
    encoder, count = msgspec.json.Encoder(), len(events)

    def dumped() -> int:
        return len([json.dumps(record) for record in map(to_record, events)])

    def lines() -> int:
        return len([to_json_line(event) for event in events])

    def at_once() -> int:
        return count if to_json_lines(events) else 0

    def encoded() -> int:  # to count the lines would take a third of the time
        return count if encoder.encode_lines(records) else 0

    return Comparison(
        "events to JSON Lines",
        [
            Task("to_record, json.dumps", "by hand", in_process(dumped), count, count, count),
            Task("to_json_line", "ours", in_process(lines), count, count, count),
            Task("to_json_lines", "ours", in_process(at_once), count, count, count),
            Task("JSON", "least work", in_process(encoded), count, count, count),
        ],
    )


def _payloads(megabytes: int) -> Iterator[Comparison]:
    """A result of many megabytes that comes in chunks of 4 KiB."""
    source = random.Random(1)  # noqa: S311  # no secret
    counts = {
        format(source.getrandbits(40), "040b"): source.randint(0, 1000) for _ in range(megabytes * 20_000)
    }
    floats = [[source.random() for _ in range(1000)] for _ in range(megabytes * 50)]
    for name, value in zip(PAYLOADS, (counts, floats, "x" * (megabytes << 20)), strict=True):
        text = json.dumps(value).encode()
        stream = b"PlanQK:Job:Result: " + text + b"\n"
        pieces = [stream[at : at + 4096] for at in range(0, len(stream), 4096)]
        decoders: dict[str, Callable[[bytes], object]] = {
            "msgspec.json.decode": msgspec.json.decode,
            "json.loads": json.loads,
        }
        tasks = [
            Task(label, "by hand", in_process(partial(_done, decode, text)), 1, len(text))
            for label, decode in decoders.items()
        ]
        tasks.append(Task("feed", "ours", in_process(partial(modes.payload, pieces)), 1, len(text)))
        yield Comparison(f"payload: {name}", tasks)


def _done(decode: Callable[[bytes], object], text: bytes) -> int:
    decode(text)
    return 1


def _chunk_sizes(megabytes: int) -> Iterator[Comparison]:
    """The parser alone, with chunks of all sizes."""
    tasks = []
    for name, size in CHUNK_SIZES.items():
        data = FEW_MARKERS.block[: size * 100_000] * max(1, min(megabytes, size // 1024))
        data = data[: size * 100_000]
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        run = in_process(partial(_fed, pieces))
        tasks.append(Task(name, "ours", run, 0, len(data), data.count(b"\n")))
    yield Comparison("chunks", tasks)


def _fed(pieces: list[bytes]) -> int:
    parser = Parser()
    for piece in pieces:
        parser.feed(piece)
    return 0


def _bytewise() -> Comparison:
    """A payload that comes byte by byte."""
    tasks = []
    for name, size in {"50 kB": 50_000, "200 kB": 200_000}.items():
        stream = b'PlanQK:Job:Result: "' + b"x" * size + b'"\n'
        pieces = [stream[at : at + 1] for at in range(len(stream))]
        tasks.append(Task(name, "ours", in_process(partial(_fed, pieces)), 0, size))
    return Comparison("payload byte by byte", tasks)


def _capture(kind: Kind, folder: Path, megabytes: int) -> Iterator[Comparison]:
    """A capture beside the standard output in it."""
    with captured(kind, folder, megabytes) as capture:
        raw = in_process(partial(modes.raw, capture.stdout))
        ours = in_process(partial(modes.capture, kind.format, capture.path))
        work = capture.events, capture.size, capture.lines
        tasks = [Task("its stdout", "ours", raw, *work), Task("capture", "ours", ours, *work)]
        if kind.unwrap:
            least = in_process(partial(least_work, kind.unwrap, capture.path))
            tasks.append(Task("unwrapping", "least work", least, *work))
        yield Comparison(f"capture: {kind.name}", tasks)


def _diagnosis(folder: Path, megabytes: int) -> Iterator[Comparison]:
    """The diagnosis beside the parser, in this process and as commands."""
    log = VARIED_LINES._replace(name="with a result", tail=RESULT.encode())
    with written(VARIED_LINES, folder, megabytes) as without, written(log, folder, megabytes) as with_one:
        size, lines = with_one.size, with_one.lines
        path, lost = with_one.path, without.path
        parse, diagnose = in_process(partial(modes.raw, path)), in_process(partial(modes.diagnosis, path))
        tasks = [
            Task("feed alone", "ours", parse, lines, size, lines),
            Task("diagnosis", "ours", diagnose, 0, size, lines),
        ]
        yield Comparison("diagnosis", tasks)
        commands = {
            "parse": _planqk("parse", path),
            "check": _planqk("check", path),
            "result": _planqk("result", path),
            "result, none there": _planqk("result", lost),
        }
        tasks = [
            Task(name, "ours", command(*arguments), None, size, lines) for name, arguments in commands.items()
        ]
        yield Comparison("commands on a long log", tasks)


def _commands(folder: Path) -> Iterator[Comparison]:
    """How long programs take to start."""
    found, lost = folder / "ten lines.log", folder / "no result.log"
    found.write_text(TEN_LINES + RESULT, encoding="utf-8")
    lost.write_text(TEN_LINES, encoding="utf-8")
    programs = {
        "python": [sys.executable, "-c", ""],
        "import of libraries": [sys.executable, "-c", LIBRARIES],
        "first parse": [sys.executable, "-c", FIRST_PARSE],
        "import click": [sys.executable, "-c", "import click"],
        "result": _planqk("result", found),
        "result, none there": _planqk("result", lost),
    }
    kinds = {
        name: "ours" if name in {"first parse", "result", "result, none there"} else "by hand"
        for name in programs
    }
    tasks = [
        Task(name, kinds[name], command(*arguments), None)  # type: ignore[arg-type]  # one of the kinds
        for name, arguments in programs.items()
    ]
    yield Comparison("start", tasks)
    found.unlink()
    lost.unlink()


def _peers(folder: Path, megabytes: int, python: str | None) -> Iterator[Comparison]:
    """Parsers of other protocols, each on a log of its own, and jq on JSON Lines."""
    with written(FEW_MARKERS, folder, megabytes) as log:
        work = log.results, log.size, log.lines
        tasks = [
            Task("careful loop", "by hand", in_process(partial(by_hand.careful_loop, log.path)), *work),
            Task("events", "ours", in_process(partial(modes.events, log.path)), *work),
        ]
        if python:
            for peer, name in PEERS.items():
                run = measured_by_itself(python, str(BENCH / "peers.py"), peer, str(log.path))
                tasks.append(Task(name, "peer", run, *work))
        records = folder / "records.jsonl"
        with records.open("wb") as file:
            file.writelines(map(to_json_line, iter_events(modes.chunks(log.path))))
        if shutil.which("jq"):
            run = command("jq", "-c", 'select(.type != "log")', str(records))
            tasks.append(Task("jq", "peer", run, *work))
        yield Comparison("peers", tasks)
        records.unlink()


def _growth(gigabytes: float) -> Iterator[Comparison]:
    """Streams from one megabyte on; if gigabytes are asked for, of a tenth of them and of all, too."""
    sizes = {f"{megabytes} MB": megabytes for megabytes in STREAM_MEGABYTES}
    if gigabytes:
        sizes |= {"a tenth": int(gigabytes * 100), "all": int(gigabytes * 1000)}
    for mode in MODES:
        tasks = [
            Task(
                name,
                "ours",
                measured_by_itself(sys.executable, str(BENCH / "growth.py"), mode, str(size)),
                None,
                size * 1_000_000,
            )
            for name, size in sizes.items()
        ]
        yield Comparison(f"growth: {mode}", tasks)
