"""Sphinx configuration."""  # noqa: INP001  # a script

from __future__ import annotations

import inspect
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.typing import stringify_annotation

import planqk_protocol
from planqk_protocol import archive, captures, chunk_reading, diagnosis, emit, engines, runner, testing
from planqk_protocol.cli.rule_links import DOCUMENTATION

sys.path += [str(Path(__file__).parent), str(Path(__file__).parent / "playground")]
import assets  # the folders are on the path only now
import reference

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
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_inline_tabs",
]
exclude_patterns = ["_build"]
nitpick_ignore = [  # what only annotations name: the docstrings say what is taken
    ("py:class", f"planqk_protocol.{name}")
    for name in (
        "diagnosis.openapi.ServiceSchemas",
        "engines.container.Reader",
        "runner.job.Job",
        "chunk_reading.Readable",
        "chunk_reading.AsyncReadable",
    )
]
html_theme = "furo"
pygments_dark_style = "a11y-dark"  # that of the theme underlines modules, which then look like links
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", DOCUMENTATION)
html_title = f"planqk_protocol {release}"
html_static_path = ["_static"]
html_css_files = ["code.css"]
html_js_files = ["sidebar.js"]
copybutton_selector = "div.highlight:not(.highlight-text *) pre"  # blocks of text are output
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
_TOCTREE = re.compile(r"^<!-- toctree(:?.*)\n((?:.+\n)+)-->$", re.MULTILINE)
_TAB = re.compile(r"^<!-- tab -->\n\*\*(\w+)\*\*\n(.*?)^<!-- end of tab -->$", re.MULTILINE | re.DOTALL)

# In signatures: arguments, types and defaults that are private.
_PRIVATE_ARGUMENT = re.compile(r", _\w+: [^,)]*")
_PRIVATE_TYPE = re.compile(r": ~?[\w.]*\b_[A-Z]\w*[a-z]\w*")
_PRIVATE_VALUE = re.compile(r"(?<=[ (])_\w+(?=[,)])")

# A name in single backticks is a link where it names something public, else code.
default_role = "py:obj"
smartquotes = False
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_]+"),  # an argument
    ("py:obj", r"Limits\.[a-z_]+"),
    ("py:class", r".*\.(Span|Records)"),  # not public
    ("py:.*", r"(asyncio|collections|concurrent|datetime|hypothesis|json|msgspec|os|pa|subprocess)\..*"),
]

python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def setup(app: Sphinx) -> None:
    """Show the public names as users import them, with links to their source."""
    homes = _sources()
    app.connect(
        "viewcode-follow-imported",
        lambda _app, module, name: homes.get((module, name.partition(".")[0]), module),
    )
    for name in planqk_protocol.__all__:
        public = getattr(planqk_protocol, name)
        if inspect.isclass(public) or inspect.isfunction(public):
            public.__module__ = "planqk_protocol"
    app.connect("source-read", _put_directives)
    app.connect("doctree-resolved", _mark_short_code)
    app.connect("doctree-resolved", _put_dashes)
    app.connect("html-page-context", _root_the_links)
    app.connect("autodoc-process-docstring", _add_inherited_attributes, priority=400)  # ahead of napoleon
    app.connect("autodoc-process-signature", _readable_signature)
    app.connect("missing-reference", _resolve_from_anywhere)
    app.connect("build-finished", _lay_playground)


def _sources() -> dict[tuple[str, str], str]:
    """The module with the source of each public class and function, by its module and name in the reference.

    Exceptions are left out: they share a module, so viewcode takes them to be documented under one name, too.
    """
    return {
        (home.__name__, name): public.__module__
        for home in (planqk_protocol, archive, captures, diagnosis, emit, engines, runner, testing)
        for name in home.__all__
        if (inspect.isclass(public := getattr(home, name)) and not issubclass(public, Exception))
        or inspect.isfunction(public)
    }


def _put_directives(_app: Sphinx, name: str, source: list[str]) -> None:
    """Put directives in place of comments and lists: the sources can be read without Sphinx."""
    source[0] = _TOCTREE.sub(_toctree, source[0])
    source[0] = _TAB.sub(r":::{tab} \1\n\2:::", source[0])
    if name == "reference":
        source[0] = reference.directed(source[0])


def _toctree(comment: re.Match[str]) -> str:
    """The directive for a table of contents, with the caption if it has one."""
    caption = f":caption{comment[1]}\n" if comment[1] else ""
    return f"```{{toctree}}\n:hidden:\n{caption}\n{comment[2]}```"


def _mark_short_code(_app: Sphinx, doctree: nodes.document, _name: str) -> None:
    """Mark code by its longest word: one that fits in a line of a phone, or even in a narrow column."""
    for code in doctree.findall(nodes.literal):
        length = max(map(len, code.astext().split()), default=0)
        code["classes"] += [name for name, most in (("short", 34), ("tiny", 12)) if length <= most]


def _put_dashes(_app: Sphinx, doctree: nodes.document, _name: str) -> None:
    """Put a dash between a name in the API reference and what it is, where Sphinx writes two hyphens."""
    for text in doctree.findall(nodes.Text):
        if text == " -- ":
            text.parent.replace(text, nodes.Text(" – "))


def _root_the_links(_app: Sphinx, name: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Let the links of the page for missing pages begin at the root: a server shows it at any address."""
    if name == "404" and "READTHEDOCS_CANONICAL_URL" in os.environ:
        context["metatags"] += f'<base href="{html_baseurl}">'


def _lay_playground(app: Sphinx, exception: Exception | None) -> None:
    """Lay the playground beside its page. What it lacks is said, and breaks no build."""
    if exception is None and app.builder.name == "html":
        try:
            assets.lay(Path(app.outdir))
        except assets.MissingError as error:
            print(f"the playground has no Python: {error}", file=sys.stderr)  # noqa: T201  # a warning fails the build


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
    obj: object,
    _options: object,
    arguments: str | None,
    result: str | None,
) -> tuple[str | None, str | None]:
    """Write names of unions, the values of private defaults, and no other private names.

    A protocol for functions has no arguments that anybody gives.
    """
    if getattr(obj, "_is_protocol", False):
        return "", None
    shown = [part and _named_unions(part).replace("<factory>", "{}") for part in (arguments, result)]
    if shown[0]:
        shown[0] = _PRIVATE_ARGUMENT.sub("", shown[0])
        shown[0] = _PRIVATE_TYPE.sub("", shown[0])
        shown[0] = _PRIVATE_VALUE.sub(lambda name: _value(obj, name[0]), shown[0])
    return shown[0], shown[1]


def _named_unions(part: str) -> str:
    for union, name in (
        (planqk_protocol.Event, "planqk_protocol.Event"),
        (chunk_reading.Readable, "planqk_protocol.chunk_reading.Readable"),
    ):
        part = part.replace(stringify_annotation(union, "smart"), f"~{name}")
    return part


def _value(obj: object, name: str) -> str:
    """The constant that a default names, or dots for a function."""
    function = inspect.unwrap(obj.__init__ if inspect.isclass(obj) else obj)  # type: ignore[misc, arg-type]
    value = function.__globals__[name]  # type: ignore[attr-defined]
    return "..." if callable(value) else repr(value)


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
