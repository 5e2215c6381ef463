"""``compose-logs``: the output of ``docker compose logs`` and ``docker compose up``.

Compose puts the container's name, padded with spaces, and a bar before each line
(docker/compose, ``cmd/formatter/logs.go``). The padding grows when a container with a
longer name appears. A colour may enclose the name and the bar. With ``--timestamps``,
a time stamp follows. Between these lines are Compose's own messages, without a bar.

``docker compose logs`` writes both streams into one line buffer
(``pkg/utils/writer.go``), which only an LF empties. So a piece of standard error can
stand inside a line of standard output, and a last line without LF is missing.
"""

from __future__ import annotations

import re

from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.prefix_decoder import Prefix, PrefixDecoder, every_line_matches
from planqk_protocol.captures.sniffing import after_blank_lines

__all__ = ["FORMAT", "ComposeLogsDecoder"]

_NAME = re.compile(rb"(\x1b\[[0-9;]*m)?([A-Za-z0-9][\w.-]*) +\| (?(1)\x1b\[0m)")
_OF_COMPOSE = re.compile(rb"Attaching to |(?:\r?\x1b\[K)?\S+ exited with code |\s*\xe2\xa6\xbf ")
_LINE = re.compile(rb"%b|%b|\r?\Z" % (_NAME.pattern, _OF_COMPOSE.pattern))
_FIRST_LINE = re.compile(rb"Attaching to \S|(?:\x1b\[[0-9;]*m)?[A-Za-z0-9][\w.-]*[-_]\d+ +\| ")


class ComposeLogsDecoder(PrefixDecoder):
    """Removes the names, and the time stamps if there are any. The first line decides whether there are.

    Compose's own messages are left out.
    """

    ends_every_line = True
    _missing = "the line does not begin with a container's name and a bar"

    def _prefix(self, line: bytes) -> Prefix | None:
        if not (name := _NAME.match(line)):
            return None
        if not (stamp := self._stamp_at(line, name.end())):
            return Prefix(name.end(), container=name[2])
        return Prefix(stamp.end(), stamp[1], name[2], stamp[0], stamp.start())

    def _is_command_message(self, line: bytes) -> bool:
        return _OF_COMPOSE.match(line) is not None


def _sniff(head: bytes) -> bool:
    return _FIRST_LINE.match(after_blank_lines(head)) is not None and every_line_matches(head, _LINE)


FORMAT = CatalogueEntry(
    id="compose-logs",
    title="docker compose logs and docker compose up",
    source="docker compose logs SERVICE",
    loses="the stream of a line; a last line without LF",
    containers="its name before the bar",
    decoder=ComposeLogsDecoder,
    sniff=_sniff,
)
