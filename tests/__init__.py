"""The tests. What they share is imported by its path: ``from tests.strategies import streams``."""
