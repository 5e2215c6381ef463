"""What the place of a log tells of its container: Docker's description beside it, or its folders' names."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

import msgspec

from planqk_protocol.captures.json_text import is_too_deep
from planqk_protocol.captures.timestamps import nanoseconds, rfc3339
from planqk_protocol.limits import MAX_DEPTH

__all__ = ["ContainerFacts", "facts_in_config", "facts_in_path"]

# NAMESPACE_POD_UID/CONTAINER/N.log (kubelet, pkg/kubelet/kuberuntime/helpers.go, BuildPodLogsDirectory and
# buildContainerLogsPath), and the link POD_NAMESPACE_CONTAINER-ID.log (legacy.go, legacyLogSymlink).
_POD_FOLDER = re.compile(r"(?:.*/)?([^/_]+)_([^/_]+)_[0-9a-f-]{32,36}/([^/]+)/\d+\.log[^/]*", re.DOTALL)
_LINK = re.compile(r"(?:.*/)?([^/_]+)_([^/_]+)_([^/_]+)-[0-9a-f]{64}\.log", re.DOTALL)
# Docker logs to ID/ID-json.log (moby, container/container.go, StartLogger).
_DOCKER_ID = re.compile(r"(?:.*/)?([0-9a-f]{64})-json\.log[^/]*", re.DOTALL)


_Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=4096)]
_ExitCode: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**32)]  # those of Windows have 32 bits


class ContainerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a container beside its log. The attributes are those of `OutcomeRow`.

    Attributes:
        is_running: Whether the container ran when that was stored.
    """

    container: str | None = None
    pod: str | None = None
    image: str | None = None
    exit_code: int | None = None
    started: str | None = None
    finished: str | None = None
    is_running: bool = False


class _State(msgspec.Struct, frozen=True, rename="pascal"):
    running: bool = False
    exit_code: _ExitCode | None = None
    started_at: str = ""
    finished_at: str = ""


class _Image(msgspec.Struct, frozen=True, rename="pascal"):
    image: _Name | None = None


class _Description(msgspec.Struct, frozen=True, rename="pascal"):
    """The members that are read of Docker's config.v2.json (moby, container/container.go)."""

    name: _Name = ""
    config: _Image = _Image()
    state: _State = _State()


def facts_in_config(data: bytes) -> ContainerFacts:
    """Read Docker's description of a container.

    Raises:
        msgspec.DecodeError: It is not what Docker writes.

    >>> facts_in_config(b'{"Name":"/job","Config":{"Image":"job:1"},"State":{"Running":true}}').image
    'job:1'
    """
    if is_too_deep(data):
        raise msgspec.DecodeError(f"JSON that nests deeper than {MAX_DEPTH} levels")
    description = msgspec.json.decode(data, type=_Description)
    state = description.state
    finished = _time(state.finished_at)
    has_ended = finished is not None and not state.running
    return ContainerFacts(
        container=description.name.removeprefix("/") or None,
        image=description.config.image,
        exit_code=state.exit_code if has_ended else None,
        started=_time(state.started_at),
        finished=finished if has_ended else None,
        is_running=state.running,
    )


def facts_in_path(path: str) -> ContainerFacts:
    """What the name of a log and of its folders tell of its container.

    >>> uid = "6a1b3c4d-0000-4000-8000-123456789abc"
    >>> facts_in_path(f"/var/log/pods/default_job-1_{uid}/main/0.log").pod
    'default/job-1'
    """
    if match := _POD_FOLDER.fullmatch(path):
        namespace, pod, container = match.groups()
        return ContainerFacts(container=container, pod=f"{namespace}/{pod}")
    if match := _LINK.fullmatch(path):
        pod, namespace, container = match.groups()
        return ContainerFacts(container=container, pod=f"{namespace}/{pod}")
    match = _DOCKER_ID.fullmatch(path)
    return ContainerFacts(container=match[1] if match else None)


def _time(text: str) -> str | None:
    """A time by RFC 3339 in UTC. Docker writes one in the year 1 for what did not happen yet."""
    time = nanoseconds(text)
    return rfc3339(time) if time is not None and time > 0 else None
