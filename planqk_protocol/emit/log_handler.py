"""A handler of the standard library's `logging` that prints records as log text."""

from __future__ import annotations

import logging

from planqk_protocol.emit.emitter import Emitter

__all__ = ["EmitterHandler"]


class EmitterHandler(logging.Handler):
    """Prints log records through an `Emitter`, so that none of them can pass for a result.

    Args:
        emitter: The job's emitter.
        level: The lowest level that is printed.

    >>> logger = logging.getLogger("job")
    >>> logger.addHandler(EmitterHandler(Emitter()))
    >>> logger.warning("PlanQK:Job:Result: 42")
    >PlanQK:Job:Result: 42
    """

    def __init__(self, emitter: Emitter, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self._emitter = emitter

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record. As with all handlers, an error goes to `handleError`."""
        try:
            self._emitter.log(self.format(record))
        except Exception:  # noqa: BLE001  # as the handlers of the standard library do
            self.handleError(record)
