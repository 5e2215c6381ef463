"""The conformance kit: proves implementations of the protocol, in any language.

Vectors say in language-neutral files which events a stream has. The kit feeds
them to decoders, has encoders write what they are given, and checks what
services print. The contract with the programs under test is a command line:
bytes in, event records out (or the other way round), and an exit code.
"""
