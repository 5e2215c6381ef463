"""The state of a container in a pod, from the API of Kubernetes: whether it has started, how it ended.

A container is run again if it ends and the pod's restart policy says so. Its runs are
counted by ``restartCount``, so the first one is run 0. The API tells of two runs: the
current one (``state``) and the one before it (``lastState``). It gives the logs of
these two as well; ``previous=true`` asks for that of ``lastState``. Between two runs
``state`` is ``waiting`` (``CrashLoopBackOff``). Then ``lastState`` is the latest run,
the one that ``restartCount`` counts last (Kubernetes, pkg/kubelet/kubelet_pods.go,
validateContainerLogStatus and convertToAPIContainerStatuses).
"""

from __future__ import annotations

from typing import Any

import msgspec

from planqk_protocol.engines.container import shortened

__all__ = ["ContainerState", "container_state"]


class ContainerState(msgspec.Struct, frozen=True):
    """The state of a container, as the API gives it.

    Attributes:
        pod_uid: The id of the pod, which changes if the pod is deleted and made anew.
        latest: Number of the latest run.
        is_waiting: Whether the container does not run now, but is to run.
        exit_code: Exit code of the latest run, if it has ended.
        exit_code_before: Exit code of the run before it, if that is known.
        has_started: Whether there was a run.
        is_over: Whether the pod has ended for good.
        reason: Why the container waits, in the cluster's words.
    """

    pod_uid: str | None
    latest: int
    is_waiting: bool
    exit_code: int | None
    exit_code_before: int | None
    has_started: bool
    is_over: bool
    reason: str

    def has_ended(self, run: int) -> bool:
        """Whether a run has ended."""
        return run < self.latest or self.exit_code is not None or self.is_over

    def exit_code_of(self, run: int) -> int | None:
        """The exit code of a run; ``None`` if the run goes on, or if the code is no longer known."""
        if run == self.latest:
            return self.exit_code
        return self.exit_code_before if run == self.latest - 1 else None

    def log_of(self, run: int) -> bool | None:
        """The value of ``previous`` that asks for the log of a run; ``None`` if the log is gone."""
        if run == self.latest:
            return False
        return True if run == self.latest - 1 and not self.is_waiting else None


def container_state(pod: Any, container: str) -> ContainerState:
    """The state of a container, from a pod object of the client library."""
    status = next((item for item in pod.status.container_statuses or [] if item.name == container), None)
    state = status and status.state
    ended = state and state.terminated
    before = status and status.last_state and status.last_state.terminated
    is_waiting = not (ended or (state and state.running))
    if is_waiting:
        ended, before = before, None
    return ContainerState(
        pod_uid=pod.metadata.uid,
        latest=status.restart_count if status else 0,
        is_waiting=is_waiting,
        exit_code=int(ended.exit_code) if ended else None,
        exit_code_before=int(before.exit_code) if before else None,
        has_started=bool(ended) or not is_waiting,
        is_over=pod.status.phase in ("Failed", "Succeeded"),
        reason=_reason(pod, state),
    )


def _reason(pod: Any, state: Any) -> str:
    """Why a container does not run."""
    waiting = state and state.waiting
    if waiting:
        return _reason_and_message(waiting.reason, waiting.message)
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return _reason_and_message(condition.reason, condition.message)
    return _reason_and_message(pod.status.reason, pod.status.message) or "not scheduled yet"


def _reason_and_message(reason: str | None, message: str | None) -> str:
    return shortened(": ".join(part for part in (reason, message) if part))
