"""Checks that the files given are of one log, and in the order in which they were written."""

# ruff: noqa: PTH118  # to import pathlib takes as long as to read a small log

from __future__ import annotations

import os.path
from collections.abc import Sequence
from itertools import pairwise

from planqk_protocol.cli.sources import label
from planqk_protocol.cli.terminal import Failure
from planqk_protocol.inputs.rotation import restart_of, rotated, rotations

__all__ = ["check_one_run", "check_order"]


def check_one_run(names: Sequence[str]) -> None:
    """Check that files named as Kubernetes names them are of one run of one container.

    Raises:
        Failure: They are of different runs, or of different containers.
    """
    runs = {restart: name for name in names if (restart := restart_of(_resolved(name)))}
    if len(runs) > 1:
        first, *_, last = sorted(runs)
        difference = "different runs of a container" if first[0] == last[0] else "of different containers"
        raise Failure(
            f"{label(runs[first])} and {label(runs[last])} are {difference}, which are not one stream: "
            "Kubernetes has a folder for each container, and counts its restarts; give the files of one "
            f"run, such as {last[1]}.log and what was rotated away from it, or --capture raw if Kubernetes "
            "did not write them"
        )


def check_order(names: Sequence[str]) -> None:
    """Check that rotated files are given from the oldest to the newest.

    Raises:
        Failure: They are not; the message names the right order. Or two names
            are of the same rotated file.
    """
    paths = [_resolved(name) for name in names]
    right = list(names)
    for in_order in rotations(paths):
        for one, other in pairwise(in_order):
            if rotated(paths[one]).age == rotated(paths[other]).age:
                raise Failure(
                    f"{label(names[one])} and {label(names[other])} are the same file, before and after it "
                    "was compressed; give one of them"
                )
        for place, source in zip(sorted(in_order), in_order, strict=True):
            right[place] = names[source]
    if right != list(names):
        import shlex  # noqa: PLC0415  # hardly ever needed

        raise Failure(
            "the files are not in the order in which they were written, as their names tell; give the oldest "
            f"one first: {shlex.join(right)} (if nothing rotated them, read them from a pipe: "
            "cat FILE... | planqk-protocol ...)"
        )


def _resolved(name: str) -> str:
    folder, own_name = os.path.split(name)
    return os.path.join(os.path.realpath(folder), own_name).replace(os.sep, "/")
