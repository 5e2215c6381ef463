r"""What to print in place of a value that Python wrote as text.

`json.dumps` takes most values as they are. For values of other types, it needs a
function `default`, and the text shows which types there are: ``array([1, 2])``,
``Decimal('1.5')``. So the advice for a text works for the value that it shows.
"""

from __future__ import annotations

import re

__all__ = ["python_advice"]

_MOST_READ = 64 * 1024  # characters in which other types are looked for
# A string or bytes. One that does not end is one, too: else each quote in it would be searched for its end.
_STRING = re.compile(r"""([bB]?)(?:'(?:[^'\\\n]|\\.)*'?|"(?:[^"\\\n]|\\.)*"?)""")
_NUMPY, _COMPLEX = "values of NumPy", "complex numbers"
# Calls of types that `json.dumps` takes: subclasses of dict, list, tuple, str and int.
_TAKEN = r"(?:collections\.)?(?:OrderedDict|defaultdict|Counter)\("
_KINDS = (
    (re.compile(r"\b(?:np|numpy)\.\w+\(|\b(?:array|matrix)\("), _NUMPY, "lambda item: item.tolist()"),
    (re.compile(r"[0-9.][jJ]\b"), _COMPLEX, "lambda item: [item.real, item.imag]"),
    (
        re.compile(
            r"\b(?:Decimal|UUID|(?:Posix|Windows|Pure\w{0,12})?Path|Fraction|Timestamp|Timedelta)\(|\bdatetime\.\w+\("
        ),
        "dates and decimals",
        "str",
    ),
    (
        re.compile(r"\b(?:frozenset|set|range|deque|dict_keys|dict_values)\(|\{(?:''|[^:{}\"'])+\}"),
        "sets and the like",
        "list",
    ),
    (re.compile(r"\b[bB]''|\bbytearray\("), "bytes", "lambda data: data.decode()"),
)
_OBJECT = re.compile(rf"(?<![\w.])(?!{_TAKEN})[A-Za-z_][\w.]*+\(")
_BOTH = 'lambda item: item.tolist() if hasattr(item, "tolist") else [item.real, item.imag]'


def python_advice(text: str) -> str:
    """What to print in place of a value of Python, without a full stop.

    Args:
        text: The value, as `print` writes it.

    >>> python_advice("{'sum': b'42'}").partition("; ")[0]
    'this is how Python writes bytes'
    """
    shown = _STRING.sub(r"\1''", text[:_MOST_READ])
    kinds: dict[str, str] = {}
    for pattern, name, default in _KINDS:
        shown, count = pattern.subn("(", shown)
        if count:
            kinds[name] = default
    if _OBJECT.search(shown):
        kinds["objects"] = "vars"
    if not kinds:
        return "this is how Python writes a value; in its place, print json.dumps(value)"
    if set(kinds) == {_NUMPY, _COMPLEX}:
        default, note = _BOTH, ""
    elif len(kinds) == 1:
        default, note = next(iter(kinds.values())), ""
    else:
        default, note = "convert", ", with a function convert(value) of yours that gives what JSON has"
    names = ", ".join(kinds)
    return (
        f"this is how Python writes {names}; in place of the value, "
        f"print json.dumps(value, default={default}){note}"
    )
