"""Live containers: their output as it comes, and their exit code.

The modules `docker` and `kubernetes` follow containers of one engine each. They
need the extra of their name, and import its library when they are used. The
other modules are their parts.
"""

from planqk_protocol.engines.container import ContainerOutput, EngineError

__all__ = ["ContainerOutput", "EngineError"]
