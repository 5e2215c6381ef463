"""The compiled form of the grammar, so that programs need not wait for Lark.

Run it from the root of the repository after a change of the grammar:
``.venv/bin/python docs/compile_grammar.py``. It rewrites ``planqk_protocol/protocol.json``,
which is kept in the repository and comes with the package.
"""  # noqa: INP001  # a script

from __future__ import annotations

from pathlib import Path

from planqk_protocol.grammar import compile_grammar, grammar_text

if __name__ == "__main__":
    path = Path(__file__).parent.parent / "planqk_protocol" / "protocol.json"
    path.write_bytes(compile_grammar(grammar_text()))
