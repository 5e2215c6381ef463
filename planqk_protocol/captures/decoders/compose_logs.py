"""``compose-logs``: what ``docker compose logs`` and ``docker compose up`` print."""

from __future__ import annotations

import re

from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.prefix_decoder import Prefix, PrefixDecoder, every_line_matches
from planqk_protocol.captures.sniffing import behind_blank_lines

__all__ = ["FORMAT", "ComposeLogsDecoder"]

_NAME = re.compile(rb"(\x1b\[[0-9;]*m)?([A-Za-z0-9][\w.-]*) +\| (?(1)\x1b\[0m)")
_OF_COMPOSE = re.compile(rb"Attaching to |(?:\r?\x1b\[K)?\S+ exited with code |\s*\xe2\xa6\xbf ")
_LINE = re.compile(rb"%b|%b|\r?\Z" % (_NAME.pattern, _OF_COMPOSE.pattern))
_HEAD = re.compile(rb"Attaching to \S|(?:\x1b\[[0-9;]*m)?[A-Za-z0-9][\w.-]*[-_]\d+ +\| ")


class ComposeLogsDecoder(PrefixDecoder):
    """Takes names and time stamps off the lines; the first line tells whether there are time stamps.

    What Compose itself says is left out.
    """

    ends_every_line = True
    _missing = "the line does not begin with a container's name and a bar"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (name := _NAME.match(line)):
            return None
        if not (stamp := self._stamp_at(line, name.end())):
            return Prefix(name.end(), container=name[2])
        return Prefix(stamp.end(), stamp[1], name[2], stamp[0])

    def _is_of_the_command(self, line: bytes) -> bool:
        return _OF_COMPOSE.match(line) is not None


def _sniff(head: bytes) -> bool:
    return _HEAD.match(behind_blank_lines(head)) is not None and every_line_matches(head, _LINE)


FORMAT = CatalogueEntry(
    id="compose-logs",
    title="docker compose logs and docker compose up",
    source="docker compose logs SERVICE",
    loses="which stream a line is of; a last line without line end",
    containers="its name before the bar",
    decoder=ComposeLogsDecoder,
    sniff=_sniff,
)
