"""The conformance kit: it tests implementations of the protocol, in any language.

The kit tests programs. A *decoder* reads a stream on standard input and writes
event records on standard output. An *encoder* reads event records and writes a
stream. A *service* is a program whose jobs print the protocol. Vectors, which
are JSON files, say which event records a stream has to give.
"""
