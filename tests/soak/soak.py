"""A soak test, as `docs/development.md` says: python tests/soak/soak.py MINUTES.

It ends with exit code 0 if not a byte was lost, doubled or altered, and the
memory of nobody who reads has grown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the small engines are made of what other tests have
from tests.soak.followed_engines import FollowedDocker, FollowedEngine, FollowedKubernetes
from tests.soak.followed_files import KINDS, FollowedFile
from tests.soak.job import SoakError

_PAUSE = 0.05  # seconds between two writes
_ALLOWED = 1.15  # times the memory of the first third of the time


class Memory:
    """The resident memory of processes over time (proc(5))."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._seen: dict[str, list[int]] = {name: [] for name in pids}

    def look(self) -> None:
        """Take a sample of each."""
        for name, pid in self._pids.items():
            [size] = [
                int(row.split()[1])
                for row in Path(f"/proc/{pid}/status").read_text().splitlines()
                if row.startswith("VmRSS:")
            ]
            self._seen[name].append(size)

    def check(self) -> None:
        """See that none has grown.

        Raises:
            SoakError: One has.
        """
        for name, sizes in self._seen.items():
            third = len(sizes) // 3
            first, last = max(sizes[:third]), max(sizes[-third:])
            print(f"{name}: at most {first / 1024:.1f} MiB at first, {last / 1024:.1f} MiB at last")
            if last > _ALLOWED * first:
                raise SoakError(f"{name} has grown from {first} KiB to {last} KiB")


def soak(seconds: float, folder: Path) -> None:
    """Follow jobs for a time.

    Raises:
        SoakError: Something was lost, doubled or altered, or memory has grown.
    """
    jobs: list[FollowedFile | FollowedEngine] = [FollowedFile(kind, folder) for kind in KINDS]
    jobs += [FollowedKubernetes(folder), FollowedDocker(folder)]
    followers = [follower for job in jobs for follower in job.followers]
    memory = Memory({follower.check.reader: follower.program.pid for follower in followers})
    try:
        for job in jobs:
            job.step()
        for job in jobs:
            job.followers[0].wait_for(1)  # it has started
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for job in jobs:
                job.step()
            memory.look()
            time.sleep(_PAUSE)
        for job in jobs:
            job.end()
            print(job)
        memory.check()
    finally:
        for job in jobs:
            job.stop()


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else 5
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            soak(60 * minutes, Path(folder))
        except SoakError as error:
            print(f"soak: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
