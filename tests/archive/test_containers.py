"""What Docker's description and the names of folders tell of a container."""

from __future__ import annotations

import msgspec
import pytest

from planqk_protocol.archive.containers import ContainerFacts, facts_in_config, facts_in_path
from tests.archive.harness import UID, docker_config

ID = "0123456789abcdef" * 4


def test_dockers_description_of_a_container_that_has_ended() -> None:
    assert facts_in_config(docker_config(exit_code=3)) == ContainerFacts(
        container="job",
        image="job:1",
        exit_code=3,
        started="2026-05-01T09:59:59.250000000Z",
        finished="2026-05-01T10:01:00.500000000Z",
    )


def test_a_container_that_runs_has_neither_an_end_nor_an_exit_code() -> None:
    facts = facts_in_config(docker_config(is_running=True))
    assert (facts.exit_code, facts.finished, facts.is_running) == (None, None, True)


def test_a_description_may_lack_all() -> None:
    assert facts_in_config(b"{}") == ContainerFacts()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b'{"a":' * 129, b'{"Name": 3}', b"\xff", b'{"Name": "' + b"x" * 5000 + b'"}'),
        *(b'{"State": {"ExitCode": %d}}' % code for code in (2**32, 2**63, 10**25, -(2**31) - 1)),
    ],
)
def test_what_docker_does_not_write_is_refused(data: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        facts_in_config(data)


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        (f"/var/log/pods/ns_job-1_{UID}/main/0.log", ContainerFacts(container="main", pod="ns/job-1")),
        (
            f"logs/ns_job-1_{UID}/main/2.log.20260501-100000.gz",
            ContainerFacts(container="main", pod="ns/job-1"),
        ),
        (f"/var/log/containers/job-1_ns_main-{ID}.log", ContainerFacts(container="main", pod="ns/job-1")),
        (f"/var/lib/docker/containers/{ID}/{ID}-json.log.1", ContainerFacts(container=ID)),
        ("job.log", ContainerFacts()),
    ],
)
def test_the_names_of_folders(path: str, facts: ContainerFacts) -> None:
    assert facts_in_path(path) == facts
