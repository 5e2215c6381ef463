"""``docker-logs-timestamps`` and ``docker-logs-details``: what ``docker logs`` prints with these options."""

from __future__ import annotations

import re

from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.prefix_decoder import NANO_UTC, Prefix, PrefixDecoder, every_line_matches

__all__ = ["DETAILS_FORMAT", "TIMESTAMPS_FORMAT", "DockerLogsDetailsDecoder", "DockerLogsTimestampsDecoder"]

_STAMP = re.compile(rb"(%b) " % NANO_UTC)


class DockerLogsTimestampsDecoder(PrefixDecoder):
    """Takes the time stamps off the lines."""

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
    loses="which stream a line is of, where stderr is captured too",
    decoder=DockerLogsTimestampsDecoder,
    sniff=_sniff_timestamps,
)


# Without attributes, only a space remains of them.
_DETAILS = re.compile(rb"(?:(%b) )?(?:[^\s=]+=\S*)? " % NANO_UTC)
# Attributes cannot be told from text like level=info, so a capture with them is not guessed at.
_WITHOUT_ATTRIBUTES = re.compile(rb"%b  " % NANO_UTC)


class DockerLogsDetailsDecoder(PrefixDecoder):
    """Takes the attributes, and time stamps where there are any, off the lines."""

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
    loses="which stream a line is of, where stderr is captured too",
    decoder=DockerLogsDetailsDecoder,
    sniff=_sniff_details,
)
