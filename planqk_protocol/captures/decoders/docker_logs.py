"""``docker-logs-timestamps`` and ``docker-logs-details``: ``docker logs`` with these options.

The daemon puts the prefix before each stored record (moby,
``daemon/server/httputils/logstream/logstream.go``): a time stamp of nine decimals in
UTC and a space, then the details and a space. Details are attributes ``KEY=VALUE``,
joined by commas; keys and values are escaped as in the query of a URL, so they hold
no space. Without attributes only the space remains.
"""

from __future__ import annotations

import re

from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.prefix_decoder import NANO_UTC, Prefix, PrefixDecoder, every_line_matches

__all__ = ["DETAILS_FORMAT", "TIMESTAMPS_FORMAT", "DockerLogsDetailsDecoder", "DockerLogsTimestampsDecoder"]

_STAMP = re.compile(rb"(%b) " % NANO_UTC)


class DockerLogsTimestampsDecoder(PrefixDecoder):
    """Removes the time stamps."""

    _missing = "the line does not begin with a time stamp of nine decimals"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (match := _STAMP.match(line)):
            return None
        return Prefix(match.end(), match[1], repeated=match[0])


def _sniff_timestamps(head: bytes) -> bool:
    return every_line_matches(head, _STAMP)


TIMESTAMPS_FORMAT = CatalogueEntry(
    id="docker-logs-timestamps",
    title="docker logs with time stamps",
    source="docker logs --timestamps CONTAINER 2>/dev/null",
    loses="the stream of a line, if standard error is captured too",
    decoder=DockerLogsTimestampsDecoder,
    sniff=_sniff_timestamps,
)


_DETAILS = re.compile(rb"(?:(%b) )?(?:[^\s=]+=\S*)? " % NANO_UTC)
# Attributes look like text such as level=info, so only a capture without them is detected.
_WITHOUT_ATTRIBUTES = re.compile(rb"%b  " % NANO_UTC)


class DockerLogsDetailsDecoder(PrefixDecoder):
    """Removes the attributes, and the time stamps if there are any."""

    _missing = "the line does not begin with attributes and a blank"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (match := _DETAILS.match(line)):
            return None
        return Prefix(match.end(), match[1], repeated=match[0])


def _sniff_details(head: bytes) -> bool:
    return every_line_matches(head, _WITHOUT_ATTRIBUTES)


DETAILS_FORMAT = CatalogueEntry(
    id="docker-logs-details",
    title="docker logs with details",
    source="docker logs --details CONTAINER 2>/dev/null",
    loses="the stream of a line, if standard error is captured too",
    decoder=DockerLogsDetailsDecoder,
    sniff=_sniff_details,
)
