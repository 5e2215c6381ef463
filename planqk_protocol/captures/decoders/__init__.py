"""The decoders, one module per format: a module here that has a ``FORMAT`` is a format."""
