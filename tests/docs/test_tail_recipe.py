"""The recipe that follows a rotated file loses nothing, also if its program is restarted."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from planqk_protocol import InterimResult, Result
from tests.docs.pages import DOCS, blocks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be renamed")
LINES = [b"PlanQK:Job:InterimResult: %d\n" % number for number in range(200)]
DATA = b"".join([*LINES, b"PlanQK:Job:Result: 42\n"])


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The program of the page, as a module, so that its class can be pickled."""
    [program] = [
        item.text for item in blocks(DOCS / "howto" / "growing-file.md") if "class Tail" in item.text
    ]
    module = types.ModuleType("tail_recipe")
    monkeypatch.setitem(sys.modules, "tail_recipe", module)
    monkeypatch.chdir(tmp_path)
    exec(program, module.__dict__)  # noqa: S102  # our own documentation
    return module


def numbered(folder: Path, _rotation: int) -> None:
    for number in range(40, 0, -1):
        if (path := folder / f"job.log.{number}").exists():
            path.rename(folder / f"job.log.{number + 1}")
    (folder / "job.log").rename(folder / "job.log.1")


def dated(folder: Path, rotation: int) -> None:
    (folder / "job.log").rename(folder / f"job.log.20240501-1000{rotation:02}")


def written(folder: Path, rotate: Any, random: Random) -> Iterator[None]:
    """Write the data, and rotate the file now and then. The writer opens the new file some writes later."""
    log = folder / "job.log"
    file, at, rotations, is_renamed = log.open("ab"), 0, 0, False
    while at < len(DATA):
        size = random.randrange(200)
        file.write(DATA[at : at + size])
        file.flush()
        at += size
        yield
        if is_renamed and random.random() < 0.5:
            file.close()
            file, is_renamed = log.open("ab"), False
        elif not is_renamed and random.random() < 0.2:
            rotate(folder, rotations)
            rotations, is_renamed = rotations + 1, True
            if random.random() < 0.5:
                log.touch()
        yield
    file.close()


@pytest.mark.parametrize("rotate", [numbered, dated])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_and_nothing_comes_twice(recipe: Any, tmp_path: Path, rotate: Any, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # no secret
    tail = recipe.Tail(tmp_path / "job.log")
    events: list[Any] = []
    for name in ("job.log.exit", "job.log.1.gz", "other.log"):
        (tmp_path / name).write_bytes(b"PlanQK:Job:Result: 1\n")
    for _ in written(tmp_path, rotate, random):
        for _ in range(random.randrange(3)):
            captured = tail.read()
            events += captured.events if captured else []
            tail = pickle.loads(pickle.dumps(tail))  # noqa: S301  # our own
    while captured := tail.read():
        events += captured.events
    events += tail.source.close().events
    assert b"".join(event.raw for event in events) == DATA
    assert not any(event.suspect or event.after_loss for event in events)
    assert isinstance(events[-1], Result)


@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_loss_is_told(recipe: Any, tmp_path: Path, is_emptied: bool) -> None:
    log = tmp_path / "job.log"
    tail = recipe.Tail(log)
    assert tail.read() is None
    log.write_bytes(LINES[0] * 3)
    events = [event for _ in range(2) for event in tail.read().events]
    assert [type(event) for event in events] == [InterimResult] * 3
    if not is_emptied:
        log.rename(tmp_path / "gone")
    log.write_bytes(LINES[1])
    events, notices = [], []
    while captured := tail.read():
        events += captured.events
        notices += captured.notices
    assert notices == [recipe.GONE]
    assert [(event.value, event.after_loss) for event in events] == [(1, True)]


def test_a_file_that_is_renamed_just_now_is_read_the_next_time(recipe: Any, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_bytes(LINES[0])
    tail = recipe.Tail(log)
    tail.read()
    files = tail._files()  # noqa: SLF001  # to have it stale
    log.rename(tmp_path / "job.log.1")
    tail._files = lambda: files  # noqa: SLF001  # likewise
    assert tail.read().events == []
    log.write_bytes(LINES[1])
    assert tail.read().events == []
    del tail._files  # noqa: SLF001  # likewise
    assert [event.value for event in tail.read().events] == [0]
