"""The house: each module imports from floors below its own, and the heavy things come late."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

import planqk_protocol

ROOT = Path(planqk_protocol.__file__).parent
PACKAGE = "planqk_protocol"

# From the ground up.
FLOORS = (
    # The core: from bytes to events.
    (
        *("limits", "errors", "buffer", "excerpts", "payload.bounds"),
        *("captures.timestamps", "captures.sniffing"),
    ),
    (
        *("grammar", "state", "reading", "payload.advice", "payload.faults"),
        *("captures.chunks", "captures.json_text"),
    ),
    ("events", "framing", "captures.decoding"),
    ("log_text", "payload.decode", "outcome"),
    ("marked",),
    (
        *("parser", "records"),
        *("captures.line_decoder", "captures.line_pieces", "captures.decoders.docker_json_records"),
    ),
    # The other direction: what a job prints.
    ("emit.json_values", "emit.log_pieces", "emit.output", "emit.turns"),
    ("emit.capture", "emit.lines"),
    ("emit.json_texts", "emit.unfinished"),
    ("emit.emitter",),
    ("emit.log_handler",),
    ("emit.__init__",),
    # Captures: from what an engine stored to the bytes of the container, and on to events.
    ("captures.journal_entries", "captures.prefix_decoder"),
    (
        *("captures.decoders.compose_logs", "captures.decoders.cri", "captures.decoders.docker_json_file"),
        *("captures.decoders.docker_local", "captures.decoders.docker_logs", "captures.decoders.docker_mux"),
        *("captures.decoders.journald_export", "captures.decoders.journald_json"),
        *("captures.decoders.kubectl_logs", "captures.decoders.raw"),
    ),
    ("captures.decoders.__init__",),
    ("captures.catalogue",),
    ("captures.source",),
    ("captures.__init__",),
    # Engines: live containers.
    ("engines.blocking", "engines.remembered"),
    ("engines.container", "engines.resumption"),
    (
        *("engines.cluster", "engines.docker_api", "engines.pod_state", "engines.stamped_lines"),
        "engines.stored",
    ),
    ("engines.docker", "engines.kubernetes"),
    ("engines.__init__",),
    ("__init__",),
    # The conformance kit, and help for tests.
    ("conformance.__init__", "conformance.descendants", "testing.engine_writers"),
    ("conformance.programs", "conformance.vectors", "testing.journald_writer"),
    ("conformance.comparison", "testing.models"),
    ("conformance.lint", "conformance.verdicts"),
    ("conformance.decoders", "conformance.encoders", "conformance.services"),
    ("conformance.reference_encoder", "testing.strategies", "testing.plugin"),
    ("testing.__init__",),
    # The command line.
    ("cli.__init__", "cli.terminal", "cli.members", "cli.hints"),
    ("cli.sources", "cli.conformance_report", "cli.printing"),
    ("cli.compression", "cli.rotation"),
    ("cli.detection",),
    ("cli.event_stream", "cli.reading"),
    ("cli.verdict", "cli.options"),
    (
        *("cli.commands.__init__", "cli.commands.completion", "cli.commands.conformance"),
        *("cli.commands.emit", "cli.commands.formats", "cli.commands.parse", "cli.commands.result"),
        "cli.commands.unwrap",
    ),
    ("cli.app",),
    ("__main__",),
)
MAY_IMPORT = {
    "grammar": {"lark"},
    "conformance": {"jsonschema"},
    "testing": {"hypothesis", "pytest"},
    "cli": {"click", "rich", "rich_click"},
    "engines": {"docker", "kubernetes", "requests", "urllib3"},
}
# What runs programs, reads streams or talks to people or engines; all else does no I/O.
EDGES = {
    "cli",
    "engines",
    "reading",
    "__main__",
    "emit.capture",
    "emit.emitter",
    "emit.log_handler",
    "emit.output",
    "emit.turns",
    "conformance.descendants",
    "conformance.programs",
    "conformance.reference_encoder",
    "testing.plugin",
}
EVERYWHERE = {"msgspec"}


@functools.cache
def modules() -> dict[str, Path]:
    paths = {path.relative_to(ROOT).with_suffix(""): path for path in ROOT.rglob("*.py")}
    return {".".join(relative.parts): path for relative, path in paths.items()}


def floor_of(module: str) -> int:
    for number, names in enumerate(FLOORS):
        if module in names:
            return number
    raise AssertionError(f"{module} stands on no floor: name one for it")


@functools.cache
def imports(path: Path) -> list[str]:
    """Dotted names of all that a module imports, at its top or inside a function."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def inside(name: str) -> str:
    """The module of the package that an imported name is, or is in."""
    parts = name.split(".")[1:]
    known = modules()
    while parts and ".".join(parts) not in known and f"{'.'.join(parts)}.__init__" not in known:
        parts.pop()
    name = ".".join(parts)
    return name if name in known else f"{name}.__init__".removeprefix(".")


@pytest.mark.parametrize("module", sorted(m for m in modules() if m != "payload.__init__"))
def test_a_module_imports_from_floors_below_it(module: str) -> None:
    for name in imports(modules()[module]):
        if name.split(".")[0] != PACKAGE:
            continue
        below = inside(name)
        assert floor_of(below) < floor_of(module), f"{module} imports {below}"


@pytest.mark.parametrize("module", sorted(modules()))
def test_third_parties_are_imported_where_they_belong(module: str) -> None:
    import sys  # noqa: PLC0415

    allowed = EVERYWHERE | MAY_IMPORT.get(module.split(".", maxsplit=1)[0], set())
    for name in imports(modules()[module]):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names | {PACKAGE} | allowed, f"{module} imports {top}"


CORE = [m for m in modules() if not {m, m.split(".")[0]} & EDGES]


@pytest.mark.parametrize("module", sorted(CORE))
def test_the_core_does_no_io(module: str) -> None:
    forbidden = {
        "asyncio",
        "logging",
        "multiprocessing",
        "os",
        "select",
        "signal",
        "socket",
        "subprocess",
        "threading",
        "time",
    }
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    assert (
        not {name.split(".")[0] for name in imports(modules()[module]) if name != "os.path.commonprefix"}
        & forbidden
    )
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "print", "input"}
    assert not any(isinstance(node, ast.Global) for node in ast.walk(tree))


@pytest.mark.parametrize("module", sorted(set(modules()) - set(CORE)))
def test_the_edges_hold_no_protocol_knowledge(module: str) -> None:
    assert not {"planqk_protocol.grammar", "planqk_protocol.framing"} & {
        name.rpartition(".")[0] for name in imports(modules()[module])
    }


@pytest.mark.parametrize("module", sorted(m for m in modules() if m.split(".")[0] == "engines"))
def test_the_libraries_of_engines_are_imported_when_they_are_used(module: str) -> None:
    body = ast.parse(modules()[module].read_text(encoding="utf-8")).body
    for node in body:
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        assert not {name.split(".")[0] for name in names} & MAY_IMPORT["engines"]
