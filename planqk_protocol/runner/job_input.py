"""The input of a job: two JSON texts, checked before anything starts, in a folder for the job."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from planqk_protocol.errors import ProtocolError
from planqk_protocol.excerpts import excerpt
from planqk_protocol.limits import Limits
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

__all__ = ["JobInput", "JobInputError"]

_DATA, _PARAMS = "data.json", "params.json"
_EMPTY = b"{}"
_DECODER = PayloadDecoder(Limits(max_digits=None))
_KEYS = ("data", "params")
_READ_ONLY_FILE, _READ_ONLY_FOLDER = 0o444, 0o555
_BLANK = re.compile(r"[ \t\r\n]*")


class JobInputError(ProtocolError):
    """The input of a job is not JSON. The message names the line and the column."""


class JobInput:
    r"""The input of a job: the files ``data.json`` and ``params.json``.

    Args:
        data: The JSON text of ``data.json``.
        params: The JSON text of ``params.json``.
        names: How the two texts are called in messages.

    Raises:
        JobInputError: One of them is not one JSON text in UTF-8.

    >>> JobInput(data=b'{"values": [1, 2]}').data
    b'{"values": [1, 2]}'
    >>> JobInput(data=b"{\n  'values': 1}")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    planqk_protocol.runner.job_input.JobInputError: data.json:2:3: not JSON: ...
    """

    def __init__(
        self, data: bytes = _EMPTY, params: bytes = _EMPTY, *, names: tuple[str, str] = (_DATA, _PARAMS)
    ) -> None:
        for text, name in zip((data, params), names, strict=True):
            _check(text, name)
        self.data = data
        self.params = params

    @classmethod
    def of_request(cls, request: bytes, *, name: str = "request") -> JobInput:
        """Split the request of a service call, ``{"data": …, "params": …}``, as the platform does.

        Each value goes to its file as it is written: numbers keep their digits.
        If a key is missing, its file holds ``{}``.

        Args:
            request: The JSON text.
            name: How the text is called in messages.

        Raises:
            JobInputError: It is no JSON object, or has another key.
        """
        _check(request, name)
        text = request.decode()
        if not text.lstrip(" \t\r\n").startswith("{"):
            raise JobInputError(f'{name}: not an object; a request is {{"data": …, "params": …}}')
        values = _values(text)
        if others := [key for key in values if key not in _KEYS]:
            raise JobInputError(
                f'{name}: the key {excerpt(others[0])} is unknown; a request is {{"data": …, "params": …}}'
            )
        return cls(*(values[key].encode() if key in values else _EMPTY for key in _KEYS))

    @classmethod
    def of_folder(cls, folder: str | os.PathLike[str]) -> JobInput:
        """Read ``data.json`` and ``params.json`` from a folder.

        Raises:
            JobInputError: One of them is not one JSON text in UTF-8.
            OSError: One of them cannot be read.
        """
        paths = [Path(folder) / name for name in (_DATA, _PARAMS)]
        data, params = (path.read_bytes() for path in paths)
        return cls(data, params, names=(str(paths[0]), str(paths[1])))

    def folder(self) -> tempfile.TemporaryDirectory[str]:
        """Write the files to a temporary folder. Neither the folder nor the files may be written to.

        The folder is removed with the object that this returns.
        """
        folder = tempfile.TemporaryDirectory(prefix="planqk-input-")
        for name, text in ((_DATA, self.data), (_PARAMS, self.params)):
            path = Path(folder.name, name)
            path.write_bytes(text)
            path.chmod(_READ_ONLY_FILE)
        Path(folder.name).chmod(_READ_ONLY_FOLDER)  # others may read it: a container has users of its own
        return folder


def _check(text: bytes, name: str) -> None:
    try:
        _DECODER.decode(text)
    except PayloadError as error:
        before = text[: error.at]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        what = f"not JSON: {error.fault}" if error.cause else error.fault  # the advice is for a job's output
        raise JobInputError(f"{name}:{line}:{column}: {what}") from None


def _values(text: str) -> dict[str, str]:
    """The values of a JSON object by their keys, each as it is written. The last one of a key counts."""
    scan = json.JSONDecoder(parse_int=str)  # the value is not used: an integer of many digits costs nothing
    values: dict[str, str] = {}
    at = _next(text, _next(text, 0) + 1)
    while text[at] != "}":
        key, at = scan.raw_decode(text, at)
        start = _next(text, _next(text, at) + 1)
        _, stop = scan.raw_decode(text, start)
        values[key] = text[start:stop]
        at = _next(text, stop)
        if text[at] == ",":
            at = _next(text, at + 1)
    return values


def _next(text: str, at: int) -> int:
    """Where the next character stands that is no white space."""
    found = _BLANK.match(text, at)
    return found.end() if found else at
