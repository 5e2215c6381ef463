"""The decoders of the capture formats, one module for each family of formats.

A program reads one format, and most logs are in none. So the module of a format is
imported when the format is used, or when a capture begins as it may begin.
"""

from __future__ import annotations

from importlib import import_module

import msgspec

from planqk_protocol.captures.decoding import CatalogueEntry

__all__ = ["MODULES", "FormatModule", "after_blanks"]

# What may stand before the first record: NULs, blanks, byte order marks, and RS, which separates JSON texts.
_BEFORE = b"\0 \t\r\n\v\f\x1e\xef\xbb\xbf"
_DIGITS = tuple(b"%d" % digit for digit in range(10))


class FormatModule(msgspec.Struct, frozen=True):
    """The module of a format, and how a capture of the format may begin.

    Attributes:
        name: The name of the module, in this package.
        first: What a capture may begin with, after blanks. That rules out most logs;
            the entry's `sniff` judges the rest.
        holds: For a format that may begin with anything: texts one of which is near
            the beginning of every capture.
        entry: The name of the format's catalogue entry in the module.
    """

    name: str
    first: tuple[bytes, ...] = ()
    holds: tuple[bytes, ...] = ()
    entry: str = "FORMAT"

    def load(self) -> CatalogueEntry:
        """Import the module, and return the catalogue entry."""
        entry: CatalogueEntry = getattr(import_module(f"{__name__}.{self.name}"), self.entry)
        return entry

    def may_begin(self, head: bytes, text: bytes) -> bool:
        """Whether a capture of the format may begin so.

        Args:
            head: The first bytes of the capture.
            text: The same from `after_blanks` on.
        """
        if self.holds:
            return any(held in text for held in self.holds)
        return head.startswith(self.first) or text.startswith(self.first)


def after_blanks(head: bytes) -> bytes:
    """The first bytes of a capture without all that may stand before the first record."""
    return head.lstrip(_BEFORE)


MODULES = {
    "raw": FormatModule("raw"),
    "cri": FormatModule("cri", _DIGITS),
    "docker-json-file": FormatModule("docker_json_file", (b"{",)),
    "docker-local": FormatModule("docker_local", (b"\0",)),
    "journald-export": FormatModule("journald_export", (b"__CURSOR=",)),
    "journald-json": FormatModule("journald_json", (b"{", b"data:")),
    "planqk-log": FormatModule("planqk_log", (b"[", b"{")),
    "docker-mux": FormatModule("docker_mux", (b"\1", b"\2", b"\3")),
    "docker-logs-details": FormatModule("docker_logs", _DIGITS, entry="DETAILS_FORMAT"),
    "docker-logs-timestamps": FormatModule("docker_logs", _DIGITS, entry="TIMESTAMPS_FORMAT"),
    "kubectl-logs": FormatModule("kubectl_logs", (*_DIGITS, b"[pod/")),
    "compose-logs": FormatModule("compose_logs", holds=(b"|", b"Attaching to ")),
}
"""The formats by their ids, in the order in which `detect` tries them.

Formats whose first bytes are unmistakable come first, and those that resemble text come
last. ``raw`` never matches by itself: `detect` returns it if no other format fits.
"""
