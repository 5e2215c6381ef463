"""Live containers and executions on PlanQK: their output while they run, and how they end.

The modules `docker` and `kubernetes` follow containers, each of one engine, and `planqk`
follows executions. Each needs the extra of its name, and imports the library of that
when it is used. The other modules are their parts.
"""

from planqk_protocol.engines.container import ContainerOutput, EngineError

__all__ = ["ContainerOutput", "EngineError"]
