r"""The names of files in rows and messages.

Two files never have the same name: resumption finds the rows of a file by it. A name is
text that each output and terminal can take, and it holds no password.
"""

from __future__ import annotations

import re

__all__ = ["member_url", "plain_name", "without_credentials"]

_BETWEEN = "::"
_UNPLAIN = re.compile("[\\\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF  # how Python reads bytes that are not UTF-8 (PEP 383)
_ASCII = 0x80
# Other stores have something else before an @: GitHub an organisation, Azure a container.
_CREDENTIALS = re.compile(
    r"\b((?:https?|ftp|sftp|ssh|smb|(?:arrow_|web)?hdfs|webdavs?|root|gist)://)[^/?#\s]*@"
)


def plain_name(name: str) -> str:
    r"""A name without control characters, and without bytes that are not UTF-8.

    These are written as escape sequences, and so is a backslash. Therefore different names stay different.

    >>> plain_name("b\udce9\n"), plain_name(r"b\xe9")
    ('b\\xe9\\x0a', 'b\\\\xe9')
    """
    return _UNPLAIN.sub(_escape, name)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\\":
        return r"\\"
    if _FIRST_BYTE <= code <= _LAST_BYTE:
        return rf"\x{code & 0xFF:02x}"
    return rf"\x{code:02x}" if code < _ASCII else rf"\u{code:04x}"


def member_url(scheme: str, member: str, archive: str) -> str:
    """The name of a file in an archive such as a tar.

    Args:
        scheme: The kind of the archive.
        member: The path of the file in it.
        archive: The name of the archive.

    >>> member_url("tar", "job.log", "/logs/old.tar")
    'tar://job.log::/logs/old.tar'
    """
    # A backslash is doubled in a plain name, so no other name has this escape sequence.
    name = plain_name(member).replace(_BETWEEN, r":\x3a")
    return f"{scheme}://{name}{_BETWEEN}{archive}"


def without_credentials(text: str) -> str:
    """A URL, or a message with URLs, without the user and the password in them.

    >>> without_credentials("http://me:secret@example.org/job.log")
    'http://example.org/job.log'
    """
    return _CREDENTIALS.sub(r"\1", text)
