"""A server of S3 for tests, that throttles and breaks off: the one of moto, with faults.

    python tests/archive/s3_server.py FOLDER

The files of the folder are the objects of the bucket `BUCKET`. The port is printed when
the server is ready. The same faults come every time:

* Each page of a listing, and each hundredth object, is refused at first, as S3 does when
  there are too many requests.
* Of each other hundredth object, half of the body comes at first.
* Of an object that is named ``broken-off…``, half comes each time. One that is named
  ``forbidden…`` must not be read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zlib import crc32

BUCKET = "logs"
ACCOUNT, REGION = "123456789012", "us-east-1"  # of moto, unless it is told otherwise
_EVERY = 100

Answer = Callable[..., Any]


def error(code: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode()


class Faults:
    """Passes requests to a server, and spoils some answers."""

    def __init__(self, server: Callable[[dict[str, Any], Answer], Iterable[bytes]]) -> None:
        self._server = server
        self._asked: Counter[str] = Counter()

    def __call__(self, request: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        path, query = request["PATH_INFO"], request["QUERY_STRING"]
        page = "list-type" in query
        is_body = request["REQUEST_METHOD"] == "GET" and not page
        which = f"{path} {sorted(parse_qs(query).items())} {is_body}"
        self._asked[which] += 1
        is_first, number = self._asked[which] == 1, crc32(path.encode()) % _EVERY
        if is_body and "/forbidden" in path:
            answer("403 Forbidden", [("Content-Type", "application/xml")])
            return [error("AccessDenied")]
        if is_first and (page or (is_body and number == 0)):
            answer("503 Slow Down", [("Content-Type", "application/xml")])
            return [error("SlowDown")]
        body = self._server(request, answer)
        if is_body and ("/broken-off" in path or (is_first and number == 1)):
            data = b"".join(body)
            return [data[: len(data) // 2]]
        return body


def main(folder: Path) -> None:
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  # likewise
        DomainDispatcherApplication,
        create_backend_app,
    )
    from moto.s3.models import s3_backends  # noqa: PLC0415  # heavy
    from werkzeug.serving import make_server  # noqa: PLC0415  # likewise

    store = s3_backends[ACCOUNT]["aws"]
    store.create_bucket(BUCKET, REGION)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.put_object(BUCKET, path.relative_to(folder).as_posix(), path.read_bytes())
    faults = Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faults, threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
