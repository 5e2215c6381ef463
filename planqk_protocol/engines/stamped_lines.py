"""Lines with time stamps, as Kubernetes sends a container's log over several connections.

With ``timestamps=true`` the kubelet writes ``STAMP text`` for each line. Its
stamps have nine decimals always. It writes one where its output is at the
beginning of a line (Kubernetes, staging/src/k8s.io/cri-client/pkg/logs/logs.go).
Three things follow:

- A line without a stamp is not the job's. If the kubelet fails while it sends
  a log, it writes its error into it (pkg/kubelet/server/server.go,
  getContainerLogs). Such words are told, and not passed on. Only the end of a
  line whose beginning was filtered has no stamp, either; see `resumption`.
- "At the beginning of a line" is one flag for stdout and stderr together. Where
  only stdout is asked for (since 1.32), half a line on stderr can take the
  stamp away from the next line on stdout, and a line on stderr can put a stamp
  into a line on stdout.
- Kubelets before 1.26 write a stamp before each piece of a long line, so every
  16 KiB (kubernetes#77603, #113481).

In the last two cases stamps are not *exact*. A line without one is then the
job's. A stamp within a line is passed on, as the job may have printed it, and
the line is marked. It is not marked if the stamp is older than the line's own:
the kubelet's are not, and what a job prints of the time mostly is.
"""

from __future__ import annotations

from planqk_protocol.captures import CaptureNotice, NoticeKind, Stream
from planqk_protocol.captures.bounds import shown
from planqk_protocol.captures.prefix import STAMP
from planqk_protocol.captures.stamps import nanoseconds
from planqk_protocol.engines.resumption import Resumption

__all__ = ["StampedLines"]

_LF = b"\n"
_LONGEST_STAMP = len("2024-05-01T10:00:00.000000000+02:00 ")
_MOST_WORDS = 200  # bytes of what the kubelet says
_GAP = (
    "the connection broke, and the cluster no longer has what followed, as where the log was rotated "
    "meanwhile; what was printed in between is missing"
)
_WITHIN = (
    "a time stamp stands within the line; the cluster may have put it there, as where stderr comes within a "
    "line or the line is longer than 16 KiB: print whole lines, or ask a newer cluster"
)

Pieces = list[bytes | CaptureNotice]


class StampedLines:
    """Takes the stamps off, and passes on what is new.

    Args:
        is_exact: Whether a stamp stands before every line, and nowhere else.

    Attributes:
        is_exact: Likewise.
    """

    def __init__(self, *, is_exact: bool) -> None:
        self.is_exact = is_exact
        self._log = Resumption(has_pieces=True)
        self._new: Pieces = []
        self._texts: list[bytes] = []
        self._size = 0  # of what was passed on
        self._line = 1  # number of the line that the next byte belongs to
        self._begin_line()
        self._words = b""

    def _begin_line(self) -> None:
        self._head: bytes | None = b""  # its first bytes, until they are known to be a stamp or none
        self._in_words = False
        self._time = 0  # of its stamp
        self._tail = b""  # the end of its text, in which a stamp may have begun

    def restart(self) -> int | None:
        """A connection begins: see `Resumption.restart`."""
        self._begin_line()
        self._words = b""
        return self._log.restart()

    @property
    def is_behind(self) -> bool:
        """Whether this connection has still to send again what was passed on."""
        return self._log.is_behind

    @property
    def is_short(self) -> bool:
        """Whether this connection has stopped amid what was passed on: that cannot be the log's end."""
        return self._log.is_short

    @property
    def is_within_stamp(self) -> bool:
        """Whether the connection has brought a part of a stamp last, so that this cannot be the log's end."""
        return self._head is not None and self._head[:1].isdigit()

    @property
    def _is_said(self) -> bool:
        """Whether the cluster says what has no stamp: it is not the job's, nor the end of a line."""
        return self.is_exact and not self._log.is_behind

    def feed(self, data: bytes) -> Pieces:
        """Take the next bytes of a connection, and give what is new of the container's output."""
        start = 0
        while end := data.find(_LF, start) + 1:
            self._take(data[start:end], ends=True)
            self._begin_line()
            start = end
        if start < len(data):
            self._take(data[start:], ends=False)
        return self._taken()

    def end(self) -> Pieces:
        """The connection ends, whether or not the log does; give what the kubelet said last."""
        if self._head and self._is_said and not self.is_within_stamp:
            self._hear(self._head)
        self._tell_words()
        return self._taken()

    def close(self) -> Pieces:
        """The log has ended, and this connection has sent all of it."""
        if self._head and not self.is_exact:
            self._pass(self._head, ends=False)
        text = self._log.close()
        self._add(text)
        return self._taken()

    def cut_off(self, why: str) -> Pieces:
        """The rest of the log cannot be had."""
        self._notice(NoticeKind.GAP, f"{why}; what the container printed last may be missing", Stream.STDOUT)
        return self._taken()

    def _take(self, part: bytes, *, ends: bool) -> None:
        """Take a part of a line."""
        if self._in_words:
            self._hear(part)
        elif self._head is None:
            self._pass(part, ends=ends)
        else:
            head = self._head + part
            stamp = STAMP.match(head)
            if not stamp and not ends and len(head) < _LONGEST_STAMP:
                self._head = head
                return
            self._head = None
            if stamp or not self._is_said:
                self._time = nanoseconds(stamp[1].decode()) or 0 if stamp else 0
                self._pass(head, ends=ends)
            else:
                self._in_words = True
                self._hear(head)
        if ends:
            self._tell_words()

    def _pass(self, part: bytes, *, ends: bool) -> None:
        self._add(self._log.take(part, ends=ends))

    def _add(self, text: bytes) -> None:
        if self._log.is_gap:
            self._notice(NoticeKind.GAP, _GAP, Stream.STDOUT)
        if text and not self.is_exact:
            self._look_within(text)
        if text:
            self._texts.append(text)
            self._size += len(text)
            self._line += text.count(_LF)

    def _look_within(self, text: bytes) -> None:
        """Mark the line if the kubelet may have put a stamp into it."""
        seen = self._tail + text
        for stamp in STAMP.finditer(seen):
            if (nanoseconds(stamp[1].decode()) or 0) >= self._time and stamp.end() > len(self._tail):
                self._notice(NoticeKind.CORRUPT, _WITHIN, Stream.STDOUT)
                break
        self._tail = seen[1 - _LONGEST_STAMP :]

    def _hear(self, words: bytes) -> None:
        self._words = (self._words + words)[:_MOST_WORDS]

    def _tell_words(self) -> None:
        if words := self._words.strip():
            self._notice(NoticeKind.SYSTEM_ERROR, f"the cluster says: {shown(words)}", None)
        self._words = b""

    def _notice(self, kind: NoticeKind, message: str, stream: Stream | None) -> None:
        self._join()
        self._new.append(CaptureNotice(kind, self._line, self._size, message, stream))

    def _taken(self) -> Pieces:
        """What is new since the last call."""
        self._join()
        new, self._new = self._new, []
        return new

    def _join(self) -> None:
        if self._texts:
            self._new.append(b"".join(self._texts))
            self._texts = []
