"""The library as a reader: python tests/soak/library.py FORMAT.

The names of files come on standard input, one a line, and the event records of
all of them, read as one stream, go to standard output. A file is removed when
it was read. A notice ends it: these captures are sound.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from planqk_protocol import to_json_line
from planqk_protocol.captures import Captured, Source

_CHUNK = 65536


def main(format_id: str) -> None:
    source = Source(format_id)
    for number, name in enumerate(sys.stdin):
        path = Path(name.rstrip("\n"))
        if number:
            _print(source.end_of_file())
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                _print(source.feed(chunk))
        path.unlink()
    _print(source.close())


def _print(captured: Captured) -> None:
    for event in captured.events:
        sys.stdout.buffer.write(to_json_line(event))
    sys.stdout.buffer.flush()
    for notice in captured.notices:
        sys.exit(str(notice))


if __name__ == "__main__":
    main(sys.argv[1])
