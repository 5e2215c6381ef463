"""Live containers: their output as it comes, and their exit code, one module per engine.

Each module needs the extra of its name, and imports its library when it is used.
"""

from planqk_protocol.engines.container import ContainerOutput, EngineError

__all__ = ["ContainerOutput", "EngineError"]
