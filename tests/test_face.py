"""What `import planqk_protocol` gives, and how its objects show themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest

import planqk_protocol
from planqk_protocol import Limits, Parser, engines
from tests.strategies import FENCE, RESULT

SUBPACKAGES = ("captures", "emit", "engines")


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_what_belongs_to_the_package_needs_no_import_of_its_own(name: str) -> None:
    code = (
        "import sys, planqk_protocol;"
        f"assert 'planqk_protocol.{name}' not in sys.modules;"
        f"assert planqk_protocol.{name} is sys.modules['planqk_protocol.{name}'];"
        f"from planqk_protocol import {name};"
        f"assert '{name}' in dir(planqk_protocol)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_public_names_are_there_and_nothing_else_is() -> None:
    assert set(planqk_protocol.__all__) <= set(dir(planqk_protocol))
    for name in planqk_protocol.__all__:
        assert getattr(planqk_protocol, name) is not None
    with pytest.raises(AttributeError, match="module 'planqk_protocol' has no attribute 'nothing'"):
        planqk_protocol.nothing  # noqa: B018


def test_what_only_maintainers_need_is_elsewhere() -> None:
    assert not hasattr(planqk_protocol, "GrammarError")
    public = planqk_protocol.captures.Format.__struct_fields__
    assert not {"sniff", "decoder"} & set(public)


def test_engines_have_their_common_names() -> None:
    assert sorted(engines.__all__) == ["ContainerOutput", "EngineError"]
    assert issubclass(engines.EngineError, planqk_protocol.ProtocolError)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "line 1, offset 0, between lines"),
        (b"log\n", "line 2, offset 4, between lines"),
        (b"log\nlo", "line 2, offset 6, within a line"),
        (RESULT, f"line 1, offset {len(RESULT)}, within a line"),
        (b"\n" + FENCE + b"\n", f"line 3, offset {len(FENCE) + 2}, in a block"),
        (FENCE + b"\n[", f"line 2, offset {len(FENCE) + 2}, in a block"),
        (b"0123456789", "line 1, offset 10, within a line"),
    ],
)
@pytest.mark.parametrize("logs", [True, False])
def test_the_repr_of_a_parser_tells_where_it_is(data: bytes, shown: str, logs: bool) -> None:
    parser = Parser(limits=Limits(max_line=4, max_payload=1000), logs=logs)
    parser.feed(data)
    assert repr(parser) == f"<Parser: {shown}>"
    parser.close()
    assert repr(parser) == f"<Parser: {shown.rsplit(',', 1)[0]}, closed>"
