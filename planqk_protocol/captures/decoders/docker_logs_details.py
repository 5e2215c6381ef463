"""``docker-logs-details``: what ``docker logs --details`` prints, with or without ``--timestamps``."""

from __future__ import annotations

import re

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.prefix import NANO_UTC, Prefix, PrefixDecoder, every_line_matches

__all__ = ["FORMAT", "DockerLogsDetailsDecoder"]

_DETAILS = re.compile(
    rb"(?:(%b) )?(?:[^\s=]+=\S*)? " % NANO_UTC
)  # without attributes, a blank is left of them
# Attributes cannot be told from text like level=info, so a capture with them is not guessed at.
_WITHOUT_ATTRIBUTES = re.compile(rb"%b  " % NANO_UTC)


class DockerLogsDetailsDecoder(PrefixDecoder):
    """Takes the attributes, and time stamps where there are any, off the lines."""

    _missing = "the line does not begin with attributes and a blank"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (match := _DETAILS.match(line)):
            return None
        return Prefix(match.end(), match[1], repeated=match[0])


def _sniff(head: bytes) -> bool:
    return every_line_matches(head, _WITHOUT_ATTRIBUTES)


FORMAT = Format(
    id="docker-logs-details",
    title="docker logs with details",
    source="docker logs --details CONTAINER 2>/dev/null",
    loses="which stream a line is of, where stderr is captured too",
    decoder=DockerLogsDetailsDecoder,
    sniff=_sniff,
    rank=1,
)
