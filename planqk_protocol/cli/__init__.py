"""The command line: files and pipes in, text and JSON Lines out.

It needs the extra ``[cli]``. What a marker is, it leaves to the parser.
"""
