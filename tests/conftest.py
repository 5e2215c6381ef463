"""Hypothesis profiles, chosen by HYPOTHESIS_PROFILE: dev, ci (the same every time), long (random).

Each run of the tests shows each property some examples; .ci/run shows it many, with the profile long.

The profile mutation is that of mutation tests (docs/development.md): the same every time, and
a failure is enough, however large the example.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile("dev", max_examples=6, deadline=None)
settings.register_profile("ci", max_examples=10, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "long", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "mutation",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# Programs that are started in the background, or under nohup, inherit that these signals are ignored; the
# tests ask what they do where they are not.
for name in ("SIGHUP", "SIGQUIT"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Leave what is collected, half a million objects that stay, out of each later garbage collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        # On 3.14, Hypothesis searches for what refers to its random numbers (entropy.py, register_random),
        # and such a search does not find what is frozen.
        if sys.version_info < (3, 14):
            gc.freeze()
        gc.enable()
