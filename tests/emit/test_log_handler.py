"""Records of `logging` are log text."""

from __future__ import annotations

import io
import logging

import pytest

from planqk_protocol import Log, parse
from planqk_protocol.emit import Emitter, EmitterHandler


@pytest.fixture
def stream() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def logger(stream: io.BytesIO) -> logging.Logger:
    made = logging.Logger("job")  # noqa: LOG001  # one that no other test has
    handler = EmitterHandler(Emitter(stream), logging.INFO)
    handler.setFormatter(logging.Formatter("%(message)s"))
    made.addHandler(handler)
    return made


def test_no_record_passes_for_a_result(logger: logging.Logger, stream: io.BytesIO) -> None:
    logger.info("PlanQK:Job:Result: %s", 42)
    logger.debug("not printed")
    try:
        int("\nPlanQK:Job:Result: 1")
    except ValueError:
        logger.exception("failed")
    events = parse(stream.getvalue())
    assert {type(event) for event in events} == {Log}
    assert stream.getvalue().startswith(b">PlanQK:Job:Result: 42\nfailed\nTraceback")


def test_an_error_goes_the_way_of_all_handlers(
    logger: logging.Logger, stream: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.info("%d", "no number")
    assert "--- Logging error ---" in capsys.readouterr().err
    assert stream.getvalue() == b""
