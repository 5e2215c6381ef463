"""``kubectl-logs``: the output of ``kubectl logs`` with ``--timestamps``, ``--prefix`` or both.

``kubectl`` puts ``[pod/POD/CONTAINER]`` and a space before each line (kubernetes,
``staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go``). The time stamp after it comes from
the kubelet (``staging/src/k8s.io/cri-client/pkg/logs/logs.go``): nine decimals, in the
zone of the node. The kubelet mixes both streams. Versions before 1.26 put a stamp into
the middle of long lines (kubernetes#113481); it may be the job's own text, so it stays.
"""

from __future__ import annotations

import re

from planqk_protocol.captures.chunks import StdStream
from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.prefix_decoder import STAMP, Prefix, PrefixDecoder, every_line_matches

__all__ = ["FORMAT", "KubectlLogsDecoder"]

_POD = re.compile(rb"\[pod/([^\s\]]+)\] ")
_SHAPES = (_POD, STAMP)


class KubectlLogsDecoder(PrefixDecoder):
    """Removes the names of pods and the time stamps. The first line decides which of the two there are."""

    _missing = "the line does not begin with [pod/POD/CONTAINER] or a time stamp, as the first one does"

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._has_pods: bool | None = None

    def _prefix(self, line: bytes) -> Prefix | None:
        pod, stamp = _POD.match(line), STAMP.match(line)
        if self._has_pods is None and (pod or stamp):
            self._has_pods = pod is not None
        if not self._has_pods:
            return Prefix(stamp.end(), stamp[1]) if stamp else None
        if not pod:
            return None
        if not (stamp := self._stamp_at(line, pod.end())):
            return Prefix(pod.end(), container=pod[1])
        return Prefix(stamp.end(), stamp[1], pod[1], time_start=stamp.start())


def _sniff(head: bytes) -> bool:
    return every_line_matches(head, *_SHAPES)


FORMAT = CatalogueEntry(
    id="kubectl-logs",
    title="kubectl logs with time stamps or prefixes",
    source="kubectl logs --timestamps --prefix POD",
    loses="the stream of a line; all but the newest of rotated files",
    containers="POD/CONTAINER",
    decoder=KubectlLogsDecoder,
    sniff=_sniff,
)
