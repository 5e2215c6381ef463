"""What stands in front of a marker: indentation, colour codes, a logger's prefix, quotes, or other text."""

from __future__ import annotations

import re
from enum import Enum, auto

from planqk_protocol.diagnosis.appearance import ESCAPE_CODE, FOREIGN

__all__ = ["Prefix", "kind_of_prefix"]


class Prefix(Enum):
    """A kind of text in front of a marker."""

    NOTHING = auto()
    BYTE_ORDER_MARK = auto()
    CARRIAGE_RETURN = auto()
    COLOUR = auto()
    INDENTATION = auto()
    LOOK_ALIKE = auto()  # spaces that are no ASCII, or characters of no width
    QUOTE = auto()  # the repr of a text, or a shell's trace of a command
    LOGGED_QUOTE = auto()  # a logger's prefix, and then a quote
    JSON_LOGGER = auto()  # the marker stands in a quoted text of a record
    LOGGER = auto()
    SOURCE = auto()  # source code, a comment, or a text about markers
    TEXT = auto()


_BYTE_ORDER_MARKS = ("\ufeff", "\u00ef\u00bb\u00bf")  # and its UTF-8 bytes, each read as a character
_AFTER_RETURN = re.compile(r"\r(?:\x1b\[[0-3]?[JK])*\Z")

_QUOTED = re.compile(
    r"""
      [bBuU]? ['"] | `                                         # the repr of a text or of bytes; Markdown
    | [({\[] [ ]? [bBuU]? ['"]                                 # the repr of a tuple, a list or a dictionary
    | \[\d+\] [ ] ['"]                                         # a text that R prints
    | \+ .{0,80} \b(?:echo|printf|print) [ ]+ (?:-[neE]+ [ ]+)? (?:\$?'|")?  # a trace of `set -x`
    """,
    re.VERBOSE,
)

_OPENING_QUOTE = re.compile(r"[(\[]?[bBuU]?['\"]\Z")

# Keys that loggers put the message under, in JSON, in a Python dictionary, or as key=value.
_MESSAGE_KEY = re.compile(
    r"""
    (?: (?P<quote>["']) [@\w.]{0,20} (?:msg|message|log|event|body|textPayload|(?<=@)mt?) (?P=quote)
          \s* : \s* ["']
      | (?:^|[\s,]) (?:msg|message|event) = ["']? ) \Z
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST_KEY = 40

_LEVEL = (
    r"(?:TRACE|DEBUG|DBG|INFO|INF|INFORMATION|NOTICE|WARN|WARNING|WRN|ERROR|ERR|CRITICAL|CRIT|FATAL|SEVERE"
    r"|CONFIG|FINE|FINER|FINEST|SUCCESS|VERBOSE|LOG|Info|Debug|Warning|Warn|Error|Notice|Trace|Success|Fatal"
    r"|info|debug|warn|warning|error|trace|notice|verbose|fatal|critical)(?![\w-])"
)
_DATE = (
    r"(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{2,4}"
    r"|(?:[A-Z][a-z]{2},?[ ])?[A-Z][a-z]{2}[ ]{1,2}\d\d?)"
)
_ZONE = r"(?:Z|UTC|[A-Z]{3,4}(?=\])|[+-]\d\d:?\d\d)"
_TIME = rf"\d\d?:\d\d(?::\d\d)?(?:[.,:]\d{{1,9}})?(?:[ ]?[AP]M)?(?:[ ]?{_ZONE})?"
_STAMP = rf"(?:{_DATE}(?:[T\x20,]+{_TIME}(?:[ ]\d{{4}})?)?|{_TIME}|\d{{10}}(?:\.\d{{1,9}})?)(?!\w)"
# One part of a logger's prefix. Each part takes at least one character.
_PART = re.compile(
    rf"""
      (?P<sure> {_STAMP} | {_LEVEL}
              | [IWEF]\d{{4}} (?=\ ) | [DIWEF] (?=,\ )      # of klog and Abseil, and of Ruby
              | std(?:out|err) [ ] [FP] (?=\ )              # of a container runtime
              | \[ \s* (?:[A-Za-z]|{_STAMP}) [^\[\]]{{0,80}} \] | \[ \s* \d+\.\d+ \]
              | \[ [ ] {_LEVEL} (?=:)                        # of Julia
              | \( [^()]{{0,80}} \bpid=\d+ \)                 # of Ray
              | <\w{{1,10}}> | \( (?:{_LEVEL}|[DIWEFV]) \) )
    | (?P<named> [\w$@./<>#-]{{1,80}} (?:\[[^\[\]]{{0,40}}\])? (?=\s*[:|\]»]|\s+[-–—>])
              | [\w$./-]{{1,80}} [.:/] [\w$.:/-]{{0,80}}
              | \d+ | \([^()]{{0,80}}\) | \[[^\[\]]{{0,80}}\] | \{{[^{{}}]{{0,80}}\}} )
    | (?P<word> [a-z_][\w-]{{0,40}} )
    | (?P<title> [A-Z][\w-]{{0,40}} )
    | (?P<between> \s+ | [-–—|:>»=,\]·•]+ )
    """,
    re.VERBOSE,
)
_APOSTROPHE = re.compile(r"(?<=\w\w)'(?=\w)|\\[\"']")  # or an escaped quote
_COMPOSE = re.compile(r"[A-Za-z][\w.-]{0,80} +\| ")
_LONGEST_LOGGER = 300  # characters of a prefix
_MOST_NAMES = 6

# Source code, a command, or a sentence that explains the marker.
_SOURCE = re.compile(
    r"""
      ^ (?: /\* | \s+\*\  | \s*\d+\s*[|│] | E\s{3} )
    | (?: \b(?:echo|printf|print|puts|grep)\s | \( ) \s* $
    | (?<![\w.]) (?:e\.g\.|i\.e\.|[Ee]xamples?|[Ee]xpect(?:ed|s|ing)?|[Uu]sage|markers?|format|line|follows
        |syntax) [\s:,]+ $
    | (?<![\w.]) (?:such\ as|like|the|this|an?|as|with|for|find|found|prefix|see|begins?|starts?|no) [\s,]+ $
    """,
    re.VERBOSE,
)
# A colour code whose ESC character was lost or spelt out, as `echo` does without -e.
_SPELT_COLOUR = re.compile(r"(?:\\(?:0?33|e|x1b|x1B|u001b|u001B)|\^\[)?\[\d[\d;]{0,20}m")


def kind_of_prefix(prefix: str) -> Prefix:
    """Tell what kind of text stands in front of a marker.

    Args:
        prefix: The line up to the marker.
    """
    if not prefix:
        return Prefix.NOTHING
    if prefix.startswith(_BYTE_ORDER_MARKS):
        return Prefix.BYTE_ORDER_MARK
    if _AFTER_RETURN.search(prefix[-64:]):
        return Prefix.CARRIAGE_RETURN
    visible = _SPELT_COLOUR.sub("", ESCAPE_CODE.sub("", prefix))
    if not FOREIGN.sub("", visible).strip():
        return _kind_of_blank(prefix, visible)
    return _kind_of_text(visible)


def _kind_of_blank(prefix: str, visible: str) -> Prefix:
    if visible != prefix:
        return Prefix.COLOUR
    return Prefix.LOOK_ALIKE if FOREIGN.match(prefix) else Prefix.INDENTATION


def _kind_of_text(visible: str) -> Prefix:
    if _QUOTED.fullmatch(visible):
        return Prefix.QUOTE
    key = _MESSAGE_KEY.search(visible, max(0, len(visible) - _LONGEST_KEY))
    if key and not _is_quoted(visible[: key.start()].partition("{")[0]):
        return Prefix.JSON_LOGGER if visible[-1] in "\"'" else Prefix.LOGGER
    quote = _OPENING_QUOTE.search(visible, max(0, len(visible) - 3))
    if quote and _is_logger(visible[: quote.start()]):
        return Prefix.LOGGED_QUOTE
    if _is_quoted(visible) or _SOURCE.search(visible[-_LONGEST_LOGGER:]):
        return Prefix.SOURCE
    return Prefix.LOGGER if _is_logger(visible) else Prefix.TEXT


def _is_quoted(text: str) -> bool:
    """Whether a text ends within quotes."""
    text = _APOSTROPHE.sub("", text)
    return any(text.count(quote) % 2 for quote in "\"'`")


def _is_logger(prefix: str) -> bool:
    """Whether a text is a logger's prefix and nothing else: a level or a time stamp, and short names."""
    if len(prefix) > _LONGEST_LOGGER or prefix[-1:].isalpha():  # loggers put something before the message
        return False
    if _COMPOSE.fullmatch(prefix):
        return True
    at = sure = names = words = titles = 0
    while at < len(prefix):
        part = _PART.match(prefix, at)
        if not part:
            return False
        sure += part.lastgroup == "sure"
        names += part.lastgroup == "named"
        words += part.lastgroup == "word"
        titles += part.lastgroup == "title"
        at = part.end()
    # A single word may be the name of a logger; one with a capital may also begin a sentence.
    return sure > titles and names <= _MOST_NAMES and words + titles <= 1
