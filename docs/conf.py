"""Sphinx configuration."""  # noqa: INP001  # a script

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click
from click.testing import CliRunner
from sphinx.util.typing import stringify_annotation

import planqk_protocol
from planqk_protocol import archive, captures, diagnosis, emit, runner
from planqk_protocol.cli.app import cli

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "planqk_protocol"
author = "The planqk_protocol developers"
copyright = author  # noqa: A001  # Sphinx calls it so
release = version = planqk_protocol.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
nitpick_ignore = [  # what only annotations name: the docstrings say what is taken
    ("py:class", f"planqk_protocol.{name}")
    for name in (
        "diagnosis.openapi.ServiceSchemas",
        "engines.container.Reader",
        "engines.planqk._ExecutionReader",
        "runner.job.Job",
        "chunk_reading._File",
        "chunk_reading._Socket",
        "chunk_reading.AsyncReadable",
    )
]
html_theme = "furo"
html_title = f"planqk_protocol {release}"


def _help(*command: str) -> str:
    """What a command says about itself."""
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(
        cli, [*command, "--help"], prog_name="planqk-protocol", catch_exceptions=False
    )
    lines = click.unstyle(shown.output).strip().splitlines()
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```"])


def _formats() -> str:
    """The formats of captures as a table; the pages of `captures/` are named by their ids."""
    rows = [
        f"| [`{item.id}`]({item.id}.md) | {item.title} | {item.loses} |"
        for item in captures.formats().values()
    ]
    return "\n".join(["| Format | What it is | What it loses |", "| --- | --- | --- |", *rows])


myst_enable_extensions = ["deflist", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {
    "formats": _formats(),
    "help": _help(),
    **{f"help_{name}": _help(name) for name in cli.commands},
}

# A name in single backticks is a link where it names something public, else code.
default_role = "py:obj"
smartquotes = False
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_]+"),  # an argument
    ("py:obj", r"Limits\.[a-z_]+"),
    ("py:class", r".*\.(Span|Records)"),  # not public
    ("py:.*", r"(asyncio|collections|concurrent|datetime|hypothesis|json|msgspec|os|pa|subprocess)\..*"),
]

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def setup(app: Sphinx) -> None:
    """Show the public names as users import them."""
    for name in planqk_protocol.__all__:
        public = getattr(planqk_protocol, name)
        if inspect.isclass(public) or inspect.isfunction(public):
            public.__module__ = "planqk_protocol"
    app.connect("autodoc-process-docstring", _add_inherited_attributes, priority=400)  # ahead of napoleon
    app.connect("autodoc-process-signature", _readable_signature)
    app.connect("missing-reference", _resolve_from_anywhere)


def _add_inherited_attributes(
    _app: Sphinx, what: str, _name: str, obj: object, _options: object, lines: list[str]
) -> None:
    """Add what the docstring of a private base class says after its first line."""
    if what == "class" and isinstance(obj, type) and obj.__base__ and obj.__base__.__name__.startswith("_"):
        lines += (inspect.getdoc(obj.__base__) or "").splitlines()[1:]


def _readable_signature(
    _app: Sphinx,
    _what: str,
    _name: str,
    _obj: object,
    _options: object,
    arguments: str | None,
    result: str | None,
) -> tuple[str | None, str | None]:
    """Write ``Event`` in signatures, not the union it stands for, and ``{}`` for a new dictionary."""
    union = stringify_annotation(planqk_protocol.Event, "smart")
    shown = [
        part and part.replace(union, "~planqk_protocol.Event").replace("<factory>", "{}")
        for part in (arguments, result)
    ]
    return shown[0], shown[1]


def _resolve_from_anywhere(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Any) -> Any:
    """Resolve a public name that a docstring of another module mentions."""
    if node["refdomain"] != "py":
        return None
    target = node["reftarget"]
    if target.startswith("planqk_protocol."):
        target = target.rpartition(".")[2]
    homes = [
        module.__name__
        for module in (planqk_protocol, archive, captures, diagnosis, emit, runner)
        if target.partition(".")[0] in module.__all__
    ]
    if not homes:
        return None
    node["py:module"] = homes[0]
    domain = env.domains["py"]
    return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, content)
