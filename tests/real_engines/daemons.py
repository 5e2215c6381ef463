"""Container engines with roots of their own, started for a test run and stopped after it."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tarfile
import time
from contextlib import suppress
from pathlib import Path

IMAGE = "planqk-protocol-test"
SCRIPT = """
for f in /data/*; do
  case $f in
    *.stdout) cat "$f";;
    *.stderr) cat "$f" >&2;;
    *.wait) until [ -e /data/go ]; do sleep 0.05; done;;
  esac
  sleep 0.05
done
"""
"""Prints the files of /data in order, each on the stream that its name tells; waits where it says so."""


class EngineError(Exception):
    """The engine cannot do here what the test needs."""


def run(*command: str | Path, check: bool = True, environment: dict[str, str] | None = None) -> bytes:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, env=environment, timeout=120
    )
    if check and done.returncode:
        raise EngineError(f"{' '.join(map(str, command))}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def need(*programs: str) -> None:
    if missing := [program for program in programs if not shutil.which(program)]:
        raise EngineError(f"not installed: {', '.join(missing)}")
    if os.geteuid():
        raise EngineError("needs root")


def image(folder: Path) -> Path:
    """An image with nothing but a static busybox, as a tar for import."""
    busybox = shutil.which("busybox")
    assert busybox
    path = folder / "image.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(Path(busybox).resolve(), "bin/busybox")
        for name in ("sh", "cat", "sleep"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return path


def data(folder: Path, writes: list[tuple[str, bytes]]) -> Path:
    """The folder that a container prints."""
    folder.mkdir()
    for number, (stream, content) in enumerate(writes):
        (folder / f"{number:03}.{stream}").write_bytes(content)
    return folder


class Docker:
    """Docker's daemon. Its containers live on when it is restarted."""

    def __init__(self, folder: Path) -> None:
        need("dockerd", "docker", "runc", "busybox")
        self.folder = folder
        self.socket = folder / "docker.sock"
        self._log = (folder / "dockerd.log").open("wb")
        self._daemon = self._begin()
        try:
            self._wait()
            self("import", image(folder), IMAGE)
        except BaseException:
            self.stop()
            raise

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--live-restore"),
                "--storage-driver=vfs",
                *("--data-root", self.folder / "data", "--exec-root", self.folder / "exec"),
                *("-H", f"unix://{self.socket}", "--pidfile", self.folder / "docker.pid"),
            ],
            stdout=self._log,
            stderr=self._log,
        )

    def restart(self) -> None:
        """Stop the daemon and start it."""
        self._daemon.terminate()
        self._daemon.wait(60)
        self._daemon = self._begin()
        self._wait()

    def _wait(self) -> None:
        for _ in range(120):
            if self._daemon.poll() is not None:
                break
            with suppress(EngineError):
                self("info")
                return
            time.sleep(0.25)
        last = (self.folder / "dockerd.log").read_text(errors="replace").strip().splitlines()[-3:]
        raise EngineError(f"dockerd does not start: {' / '.join(last)}")

    def __call__(self, *command: str | Path) -> bytes:
        return run("docker", "-H", f"unix://{self.socket}", *command)

    def job(self, folder: Path, driver: str, *options: str) -> str:
        """Run a container that prints a folder, to its end, and give its id."""
        mount = f"{folder}:/data:ro"
        created = self(
            "create",
            "--network=none",
            f"--log-driver={driver}",
            "-v",
            mount,
            *options,
            IMAGE,
            "sh",
            "-c",
            SCRIPT,
        )
        container = created.decode().strip()
        self("start", container)
        self("wait", container)
        return container

    def inspect(self, container: str, template: str) -> str:
        return self("inspect", "--format", template, container).decode().strip()

    def api(self, path: str) -> bytes:
        """The body of an answer of the Engine API."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket))
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop the daemon; its containers have ended."""
        self._daemon.terminate()
        try:
            self._daemon.wait(30)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._log.close()
        unmount(self.folder)


class Podman:
    """Podman, which has no daemon."""

    def __init__(self, folder: Path) -> None:
        need("podman", "runc", "conmon", "busybox")
        self.folder = folder
        self("import", image(folder), IMAGE)

    def __call__(self, *command: str | Path) -> bytes:
        roots = (
            "--root",
            self.folder / "root",
            "--runroot",
            self.folder / "run",
            "--tmpdir",
            self.folder / "tmp",
        )
        settings = (
            "--runtime=runc",
            "--storage-driver=vfs",
            "--cgroup-manager=cgroupfs",
            "--events-backend=file",
        )
        return run("podman", *roots, *settings, *command)

    def job(self, folder: Path, *options: str) -> None:
        """Run a container that prints a folder, to its end."""
        bounds = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=none")
        mount = f"{folder}:/data:ro"
        self("run", "--rm", *bounds, "-v", mount, *options, IMAGE, "sh", "-c", SCRIPT)

    def stop(self) -> None:
        unmount(self.folder)


class Journal:
    """journald, started where the host runs none; to be started before an engine that looks for it."""

    folder = Path("/run/systemd/journal")

    def __init__(self) -> None:
        program = Path("/lib/systemd/systemd-journald")
        need("journalctl", str(program))
        self._daemon: subprocess.Popen[bytes] | None = None
        self._made = [path for path in (self.folder, Path("/run/log/journal")) if not path.exists()]
        if self._answers():
            return
        self._daemon = subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(40):
            if self._answers():
                return
            time.sleep(0.25)
        self.stop()
        raise EngineError("systemd-journald does not start")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.connect(str(self.folder / "socket"))
            except OSError:
                return False
        return True

    def read(self, output: str, field: str) -> bytes:
        run("journalctl", "--sync", check=False)
        return run("journalctl", "--quiet", "--all", "--output", output, field)

    def stop(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(30)
            for path in self._made:
                shutil.rmtree(path, ignore_errors=True)


def unmount(folder: Path) -> None:
    """Unmount what an engine left mounted below a folder."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((item for item in mounts if item.startswith(f"{folder}/")), reverse=True):
        run("umount", "--lazy", mount, check=False)
