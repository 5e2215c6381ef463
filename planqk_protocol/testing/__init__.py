"""For the test suites of others: streams to draw, and services to run.

It needs the extra ``[testing]``. The strategies are for Hypothesis; the pytest
plugin is `planqk_protocol.testing.plugin`.
"""

from planqk_protocol.testing.strategies import chunkings, streams, transcripts

__all__ = ["chunkings", "streams", "transcripts"]
