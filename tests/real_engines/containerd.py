"""containerd with roots of its own, driven through the Container Runtime Interface as a kubelet drives it.

The messages of the interface (kubernetes/cri-api, pkg/apis/runtime/v1/api.proto) are written down by the
numbers of their fields: the few that are needed do not make a compiler of protocol buffers worth its while.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import tarfile
import time
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from tests.real_engines.daemons import SCRIPT, EngineError, image, need, run, unmount

_PAUSE_IMAGE = "docker.io/local/pause:1"
_JOB_IMAGE = "docker.io/local/job:1"
_EXITED = 2
_PATIENCE = 60  # seconds
_CONFIG = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
# Where the score cannot be lowered, runc of Debian 12 fails: can't get final child's PID from pipe.
restrict_oom_score_adj = true
sandbox_image = "local/pause:1"
max_container_log_line_size = 16384
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/none"
conf_dir = "{folder}/none"
"""

Value = int | str | bytes


def message(*fields: tuple[int, Value]) -> bytes:
    """A message of protocol buffers, of fields by their numbers; a field of a message type has its bytes."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    head, rest = value & 0x7F, value >> 7
    return bytes([head | 0x80]) + _varint(rest) if rest else bytes([head])


def fields(data: bytes) -> dict[int, int | bytes]:
    """The fields of a message by their numbers, of repeated ones the last; numbers and bytes alone."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == 2:
            found[key >> 3] = data[at : at + value]
            at += value
        else:
            assert key & 7 == 0, f"a field of wire type {key & 7}"
            found[key >> 3] = value
    return found


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def archive(folder: Path) -> Path:
    """The image of the other engines under both names, as ``docker save`` would write it."""
    layer = image(folder).read_bytes()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/bin/sleep", "1000000"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    names = [_PAUSE_IMAGE, _JOB_IMAGE]
    manifest = [{"Config": "config.json", "RepoTags": names, "Layers": ["layer.tar"]}]
    path = folder / "images.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in (
            ("layer.tar", layer),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


class Containerd:
    """containerd's daemon, and one pod without a network in it."""

    def __init__(self, folder: Path) -> None:
        need("containerd", "containerd-shim-runc-v2", "ctr", "runc", "busybox")
        try:
            self._grpc: Any = import_module("grpc")
        except ModuleNotFoundError as error:
            raise EngineError("grpcio is not installed: see the dependency group engine") from error
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir()
        self._numbers = count()
        config = folder / "config.toml"
        config.write_text(_CONFIG.format(folder=folder))
        self._log = (folder / "containerd.log").open("wb")
        self._daemon = subprocess.Popen(
            ["containerd", "--config", config], stdout=self._log, stderr=self._log
        )
        self._channel = self._grpc.insecure_channel(f"unix://{folder}/containerd.sock")
        self._pod = b""
        try:
            self._wait()
            address = ("-a", f"{folder}/containerd.sock", "-n", "k8s.io")
            run("ctr", *address, "images", "import", "--snapshotter", "native", archive(folder))
            self._pod_config = message(
                (1, message((1, "pod"), (2, "uid"), (3, "default"), (4, 0))),
                (3, str(self.logs)),
                (8, message((2, message((1, _NAMESPACES))))),
            )
            self._pod = self._identified("RunPodSandbox", (1, self._pod_config))
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._daemon.poll() is None and time.monotonic() < deadline:
            try:
                self("Version")
            except EngineError:
                time.sleep(0.25)
            else:
                return
        last = (self.folder / "containerd.log").read_text(errors="replace").strip().splitlines()[-3:]
        raise EngineError(f"containerd does not start: {' / '.join(last)}")

    def __call__(self, method: str, *given: tuple[int, Value]) -> dict[int, int | bytes]:
        """Call a method of the runtime service, and give the fields of the answer."""
        call = self._channel.unary_unary(f"/runtime.v1.RuntimeService/{method}")
        try:
            return fields(call(message(*given), timeout=_PATIENCE))
        except self._grpc.RpcError as error:
            raise EngineError(f"{method}: {error}") from None

    def _identified(self, method: str, *given: tuple[int, Value]) -> bytes:
        found = self(method, *given)[1]
        assert isinstance(found, bytes)
        return found

    def job(self, folder: Path, between: Callable[[bytes, Path], None] | None = None) -> Path:
        """Run a container that prints a folder, to its end, and give its log.

        Args:
            folder: What it prints, as `engines.data` made it.
            between: Called with the container and its log when it has started.
        """
        number = next(self._numbers)
        log = self.logs / f"{number}.log"
        config = message(
            (1, message((1, f"job{number}"))),
            (2, message((1, _JOB_IMAGE))),
            *((3, word) for word in ("/bin/sh", "-c", SCRIPT)),
            (7, message((1, "/data"), (2, str(folder)), (3, 1))),
            (11, log.name),
            (15, message((2, message((3, _NAMESPACES))))),
        )
        container = self._identified("CreateContainer", (1, self._pod), (2, config), (3, self._pod_config))
        self("StartContainer", (1, container))
        if between:
            between(container, log)
        self._wait_for_exit(container)
        self("RemoveContainer", (1, container))
        return log

    def _wait_for_exit(self, container: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            status = self("ContainerStatus", (1, container))[1]
            assert isinstance(status, bytes)
            if fields(status).get(3) == _EXITED:
                return
            time.sleep(0.05)
        raise EngineError("the container does not end")

    def rotate(self, container: bytes, log: Path) -> Path:
        """Rename the log, and have containerd begin it anew, as a kubelet does; gives the old one."""
        old = log.with_name(f"{log.name}.20240501-100000")
        log.rename(old)
        self("ReopenContainerLog", (1, container))
        return old

    def stop(self) -> None:
        """Remove the pod, and stop the daemon."""
        if self._pod:
            self("StopPodSandbox", (1, self._pod))
            self("RemovePodSandbox", (1, self._pod))
        self._channel.close()
        self._daemon.terminate()
        try:
            self._daemon.wait(30)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._log.close()
        unmount(self.folder)


_NAMESPACES = message((1, 2), (2, 1))  # the network of the node, as there is no other; processes of its own
