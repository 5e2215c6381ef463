"""The command line: it reads files, pipes and live containers, and prints text or JSON Lines.

It needs the extra ``[cli]``, and leaves the protocol to the parser.
"""
