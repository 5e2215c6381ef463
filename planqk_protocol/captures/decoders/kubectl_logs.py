"""``kubectl-logs``: what ``kubectl logs`` prints with ``--timestamps``, ``--prefix`` or both."""

from __future__ import annotations

import re

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.output import Stream
from planqk_protocol.captures.prefix import NANO, Prefix, PrefixDecoder, every_line_matches

__all__ = ["FORMAT", "KubectlLogsDecoder"]

_POD = rb"\[pod/([^\s\]]+)\] "
_SHAPES = [re.compile(shape) for shape in (rb"%b(%b) " % (_POD, NANO), _POD + rb"()", rb"()(%b) " % NANO)]


class KubectlLogsDecoder(PrefixDecoder):
    """Takes pods and time stamps off the lines; the first line tells which of them there are."""

    _missing = "the line does not begin with [pod/POD/CONTAINER] or a time stamp, as the first one does"

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._shape: re.Pattern[bytes] | None = None

    def _prefix(self, line: bytes) -> Prefix | None:
        if self._shape is None:
            self._shape = next((shape for shape in _SHAPES if shape.match(line)), None)
        if self._shape is None or not (match := self._shape.match(line)):
            return None
        return Prefix(match.end(), match[2] or None, match[1] or None)


def _sniff(head: bytes) -> bool:
    return every_line_matches(head, *_SHAPES)


FORMAT = Format(
    id="kubectl-logs",
    title="kubectl logs with time stamps or prefixes",
    source="kubectl logs --timestamps --prefix POD",
    loses="which stream a line is of; all but the newest of rotated files",
    containers="POD/CONTAINER",
    decoder=KubectlLogsDecoder,
    sniff=_sniff,
    rank=3,
)
