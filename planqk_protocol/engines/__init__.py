"""Live containers: their output while they run, and their exit code.

The modules `docker` and `kubernetes` follow containers, each of one engine. Each
needs the extra of its name, and imports the engine's library when it is used. The
other modules are their parts.
"""

from planqk_protocol.engines.container import ContainerOutput, EngineError

__all__ = ["ContainerOutput", "EngineError"]
