"""Lines with time stamps, as Kubernetes sends a container's log over several connections.

With ``timestamps=true`` the kubelet writes ``STAMP text`` for each line. Its stamps
always have nine decimals. It writes one where its output is at the beginning of a line
(Kubernetes, staging/src/k8s.io/cri-client/pkg/logs/logs.go, ReadLogs and
logWriter.write). Three things follow:

- A line without a stamp is not the job's. If the kubelet fails while it sends a log,
  it writes its error message into the log (Kubernetes, pkg/kubelet/server/server.go,
  getContainerLogs). Such a message becomes a notice, and is not given as output. One
  other line has no stamp: the end of a line whose beginning the cluster left out as
  too old; see `resumption`.
- "At the beginning of a line" is one flag for stdout and stderr together (the variable
  isNewLine of ReadLogs). Since Kubernetes 1.32 stdout alone can be asked for (Kubernetes,
  pkg/features/kube_features.go, PodLogsQuerySplitStreams). Then half a line on stderr can
  take the stamp away from the next line on stdout, and a line on stderr can put a stamp
  into a line on stdout.
- Kubelets before 1.26 write a stamp before each part of a long line, so every 16 KiB
  (kubernetes#77603, mended by kubernetes#113481).

In the last two cases stamps are not *exact*. A line without a stamp then counts as the
job's. A stamp within a line is given as output, as the job may have printed it, and a
notice marks the line as suspect. There is no notice if that stamp is older than the
line's own: the kubelet's stamps never are, and the times that a job prints mostly are.
"""

from __future__ import annotations

from planqk_protocol.buffer import LF
from planqk_protocol.captures import CaptureNotice, NoticeKind, StdStream
from planqk_protocol.captures.prefix_decoder import STAMP
from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.engines.container import OutputItem
from planqk_protocol.engines.remembered import LONGEST_STAMP
from planqk_protocol.engines.resumption import Resumption
from planqk_protocol.excerpts import excerpt

__all__ = ["StampedLines"]

_MOST_KEPT = 200  # bytes of a message of the kubelet
_GAP = (
    "the connection broke, and the cluster no longer has the output that followed, so it is missing; the log "
    "may have been rotated meanwhile"
)
_STAMP_WITHIN = (
    "a time stamp stands within the line; the cluster may have put it there, as it does if stderr is printed "
    "within a line, or (before Kubernetes 1.26) after each 16 KiB: print whole lines, or use a newer cluster"
)


class StampedLines:
    """Takes the stamps off lines, and gives the new part of the log.

    Args:
        is_exact: Whether a stamp stands before every line, and nowhere else.

    Attributes:
        is_exact: As the argument.
    """

    def __init__(self, *, is_exact: bool) -> None:
        self.is_exact = is_exact
        self._log = Resumption(has_lines=True)
        self._items: list[OutputItem] = []  # what is new since the last call, up to `_texts`
        self._texts: list[bytes] = []  # the latest new texts, not joined yet
        self._size = 0  # number of bytes given so far
        self._line = 1  # number of the line that the next byte belongs to
        self._begin_line()
        self._message = b""  # of the kubelet, on this connection

    def _begin_line(self) -> None:
        self._head: bytes | None = b""  # its first bytes, until it is known whether a stamp stands there
        self._is_message = False  # the line is a message of the kubelet
        self._time = 0  # of its stamp
        self._tail = b""  # the end of its text, in which a stamp may have begun

    def restart(self) -> int | None:
        """Begin a connection: see `Resumption.restart`."""
        self._begin_line()
        self._message = b""
        return self._log.restart()

    @property
    def is_catching_up(self) -> bool:
        """Whether this connection still has to send again what was given."""
        return self._log.is_catching_up

    @property
    def is_incomplete(self) -> bool:
        """Whether this connection has sent only a part of what was given, so the log cannot end here."""
        return self._log.is_incomplete

    @property
    def is_within_stamp(self) -> bool:
        """Whether the latest bytes may be a part of a stamp, so the log cannot end here."""
        return self._head is not None and self._head[:1].isdigit()

    @property
    def _unstamped_is_message(self) -> bool:
        """Whether a line without a stamp is a message of the cluster.

        Otherwise it is the job's, or the end of an older line.
        """
        return self.is_exact and not self._log.is_catching_up

    def feed(self, data: bytes) -> list[OutputItem]:
        """Take the next bytes of a connection, and return what is new of the container's output."""
        start = 0
        while end := data.find(LF, start) + 1:
            self._feed_line(data[start:end], ends=True)
            self._begin_line()
            start = end
        if start < len(data):
            self._feed_line(data[start:], ends=False)
        return self._take_items()

    def end(self) -> list[OutputItem]:
        """End the connection, whether or not the log ends; return the message that the kubelet sent last."""
        if self._head and self._unstamped_is_message and not self.is_within_stamp:
            self._keep_message(self._head)
        self._notice_message()
        return self._take_items()

    def close(self) -> list[OutputItem]:
        """End the log, after a connection that has sent all of it."""
        if self._head and not self.is_exact:
            self._feed_log(self._head, ends=False)
        text = self._log.close()
        self._add_text(text)
        return self._take_items()

    def cut_off(self, why: str) -> list[OutputItem]:
        """Return a notice that the rest of the log cannot be read."""
        self._notice(
            NoticeKind.GAP, f"{why}; what the container printed last may be missing", StdStream.STDOUT
        )
        return self._take_items()

    def _feed_line(self, part: bytes, *, ends: bool) -> None:
        """Take a part of a line, and find out whether the line is the job's."""
        if self._is_message:
            self._keep_message(part)
        elif self._head is None:
            self._feed_log(part, ends=ends)
        else:
            head = self._head + part
            stamp = STAMP.match(head)
            if not stamp and not ends and len(head) < LONGEST_STAMP:
                self._head = head
                return
            self._head = None
            if stamp or not self._unstamped_is_message:
                self._time = nanoseconds(stamp[1].decode()) or 0 if stamp else 0
                self._feed_log(head, ends=ends)
            else:
                self._is_message = True
                self._keep_message(head)
        if ends:
            self._notice_message()

    def _feed_log(self, part: bytes, *, ends: bool) -> None:
        self._add_text(self._log.feed(part, ends=ends))

    def _add_text(self, text: bytes) -> None:
        """Add new text, and the notices about it."""
        if self._log.is_gap:
            self._notice(NoticeKind.GAP, _GAP, StdStream.STDOUT)
        if text and not self.is_exact:
            self._notice_stamp_within(text)
        if text:
            self._texts.append(text)
            self._size += len(text)
            self._line += text.count(LF)

    def _notice_stamp_within(self, text: bytes) -> None:
        """Add a notice if the kubelet may have put a stamp into the line."""
        seen = self._tail + text
        for stamp in STAMP.finditer(seen):
            if (nanoseconds(stamp[1].decode()) or 0) >= self._time and stamp.end() > len(self._tail):
                self._notice(NoticeKind.CORRUPT, _STAMP_WITHIN, StdStream.STDOUT)
                break
        self._tail = seen[1 - LONGEST_STAMP :]

    def _keep_message(self, part: bytes) -> None:
        self._message = (self._message + part)[:_MOST_KEPT]

    def _notice_message(self) -> None:
        """Make a notice of the kubelet's message, if there is one."""
        if message := self._message.strip():
            self._notice(NoticeKind.SYSTEM_ERROR, f"the cluster says: {excerpt(message)}", None)
        self._message = b""

    def _notice(self, kind: NoticeKind, message: str, stream: StdStream | None) -> None:
        self._join_texts()
        self._items.append(CaptureNotice(kind, self._line, self._size, message, stream))

    def _take_items(self) -> list[OutputItem]:
        """What is new since the last call."""
        self._join_texts()
        items, self._items = self._items, []
        return items

    def _join_texts(self) -> None:
        if self._texts:
            self._items.append(b"".join(self._texts))
            self._texts = []
