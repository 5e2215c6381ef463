"""``docker-logs-timestamps``: what ``docker logs --timestamps`` prints."""

from __future__ import annotations

import re

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.prefix import NANO_UTC, Prefix, PrefixDecoder, every_line_matches

__all__ = ["FORMAT", "DockerLogsTimestampsDecoder"]

_STAMP = re.compile(rb"(%b) " % NANO_UTC)


class DockerLogsTimestampsDecoder(PrefixDecoder):
    """Takes the time stamps off the lines."""

    _missing = "the line does not begin with a time stamp of nine decimals"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (match := _STAMP.match(line)):
            return None
        return Prefix(match.end(), match[1], repeated=match[0])


def _sniff(head: bytes) -> bool:
    return every_line_matches(head, _STAMP)


FORMAT = Format(
    id="docker-logs-timestamps",
    title="docker logs with time stamps",
    source="docker logs --timestamps CONTAINER 2>/dev/null",
    loses="which stream a line is of, where stderr is captured too",
    decoder=DockerLogsTimestampsDecoder,
    sniff=_sniff,
    rank=2,
)
