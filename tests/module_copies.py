"""A module as one other module sees it, with some of its functions replaced.

To replace a function in the module itself is to replace it for everybody: other threads call
``time.sleep``, and the garbage collector may call ``os.getpid`` through some library's ``__del__``
at any moment. So a test gives the module that it tests a copy.
"""

from __future__ import annotations

from types import ModuleType


def copy_with(module: ModuleType, **replaced: object) -> ModuleType:
    """A copy of a module, with other values for some of its names."""
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module), **replaced)
    return copy
