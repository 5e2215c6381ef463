"""A folder to search, and a pattern: which files it finds, and which folders it has to look into.

A pattern is matched component by component on the way down. So a folder that cannot hold
what it matches is never listed, up to the first ``**``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Search"]

_ANY_DEPTH = "**"


class Search:
    """A folder to search, and a pattern.

    Args:
        store: The file system of fsspec.
        root: The path of the folder.
        pattern: What the path of a file below the folder, or of a folder with it, must match: its components.
            None of them: any file will do.

    Raises:
        ValueError: The pattern is not valid.
    """

    def __init__(self, store: AbstractFileSystem, root: str, pattern: tuple[str, ...] = ()) -> None:
        self.store = store
        self.root = root
        self.pattern = pattern
        self._inside = f"{root.rstrip('/')}/" if root else ""
        self._whole = _compiled(pattern)
        exact = pattern.index(_ANY_DEPTH) if _ANY_DEPTH in pattern else len(pattern)
        self._steps = [_compiled(pattern[: depth + 1]) for depth in range(exact)]
        self._is_deep = exact < len(pattern)

    def covers(self, path: str) -> bool:
        """Whether this search finds a file, or all files in a folder.

        Args:
            path: The path of the file or the folder.
        """
        if not self.pattern:
            return f"{path}/".startswith(self._inside)
        if not path.startswith(self._inside):
            return False
        below = path[len(self._inside) :]
        ends = [*(slash.start() for slash in re.finditer("/", below)), len(below)]
        return any(self._whole.match(below, 0, end) for end in ends)

    def may_find_in(self, folder: str) -> bool:
        """Whether this search may find files in a folder below its own."""
        below = folder[len(self._inside) :]
        depth = below.count("/")
        if depth < len(self._steps) and self._steps[depth].match(below):
            return True
        return (self._is_deep and depth >= len(self._steps)) or self.covers(folder)

    def pattern_in(self, folder: str) -> tuple[str, ...] | None:
        """The pattern for what is in a folder, if the folder itself is matched by a component of the pattern.

        ``None`` stands for a folder that is found because all folders are searched there, or not at all.
        """
        below = folder[len(self._inside) :]
        depth = below.count("/")
        is_matched = depth < len(self._steps) and self._steps[depth].match(below)
        return self.pattern[depth + 1 :] if is_matched else None


def _compiled(pattern: tuple[str, ...]) -> re.Pattern[str]:
    from fsspec.utils import glob_translate  # noqa: PLC0415  # an extra

    return re.compile(glob_translate("/".join(pattern)))
