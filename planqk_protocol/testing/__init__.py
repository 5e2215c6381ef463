"""Help for test suites: Hypothesis strategies for streams and captures, and fixtures that run services.

The package needs the extra ``[testing]``. The strategies are for Hypothesis; the pytest
plugin is `planqk_protocol.testing.plugin`.
"""

from planqk_protocol.testing.models import KnownCapture
from planqk_protocol.testing.strategies import captures, chunkings, streams, transcripts

__all__ = ["KnownCapture", "captures", "chunkings", "streams", "transcripts"]
