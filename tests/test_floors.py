"""The house: each module imports from floors below its own, heavy things come late, no module is too long."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

import planqk_protocol

ROOT = Path(planqk_protocol.__file__).parent
PACKAGE = "planqk_protocol"

# From the ground up.
FLOORS = (
    # The core: from bytes to events.
    (
        *("limits", "errors", "buffer", "excerpts", "payload.bounds", "payload.python_values", "descendants"),
        *("captures.timestamps", "captures.sniffing"),
    ),
    (
        *("grammar", "state", "chunk_reading", "payload.causes", "payload.faults"),
        *("captures.chunks", "captures.json_text"),
    ),
    ("events", "framing", "payload.classify", "captures.decoding", "captures.open_object"),
    ("log_text", "payload.decode", "outcome", "captures.text_decoder"),
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
    ("captures.journal_entries", "captures.prefix_decoder", "captures.decoders.planqk_entries"),
    (
        *("captures.decoders.compose_logs", "captures.decoders.cri", "captures.decoders.docker_json_file"),
        *("captures.decoders.docker_local", "captures.decoders.docker_logs", "captures.decoders.docker_mux"),
        *("captures.decoders.journald_export", "captures.decoders.journald_json"),
        *("captures.decoders.kubectl_logs", "captures.decoders.planqk_log", "captures.decoders.raw"),
    ),
    ("captures.decoders.__init__",),
    ("captures.captured", "captures.catalogue"),
    ("captures.source",),
    ("captures.__init__",),
    # The diagnosis: from events to findings.
    (
        *("diagnosis.anchors", "diagnosis.appearance", "diagnosis.echoes", "diagnosis.ending"),
        *("diagnosis.finding", "diagnosis.spelling"),
    ),
    (
        *("diagnosis.continuations", "diagnosis.json_scan", "diagnosis.line", "diagnosis.prefixes"),
        *("diagnosis.rules.captures", "diagnosis.rules.encodings", "diagnosis.rules.json_texts"),
        *("diagnosis.rules.markers", "diagnosis.rules.outcomes", "diagnosis.rules.schemas"),
        *("diagnosis.rules.values", "diagnosis.rules.violations"),
    ),
    (
        *("diagnosis.candidates", "diagnosis.event_places", "diagnosis.line_search"),
        *("diagnosis.foreign_lines", "diagnosis.rules.__init__", "diagnosis.tracebacks"),
    ),
    ("diagnosis.misspellings",),
    (
        *("diagnosis.encodings", "diagnosis.near_misses", "diagnosis.openapi_file"),
        *("diagnosis.values", "diagnosis.violations"),
    ),
    ("diagnosis.openapi", "diagnosis.outcomes", "diagnosis.stderr_search", "diagnosis.waiting"),
    ("diagnosis.stream",),
    ("diagnosis.finding_records",),
    ("diagnosis.__init__",),
    # The inputs: from the files of a log to one stream of events.
    ("inputs.__init__", "inputs.input", "inputs.members", "inputs.rotation"),
    ("inputs.compression", "inputs.detection"),
    ("inputs.event_stream", "inputs.seekable"),
    # Archives: many stored captures to rows.
    (
        *("archive.containers", "archive.names", "archive.pools", "archive.rows", "archive.search"),
        "archive.stored",
    ),
    ("archive.contents",),
    ("archive.reading",),
    ("archive.store_entries", "archive.tar_listing"),
    ("archive.tars",),
    ("archive.batch", "archive.listing", "archive.resumption"),
    ("archive.json_lines", "archive.parquet", "archive.work"),
    ("archive.__init__",),
    # Engines: live containers.
    ("engines.blocking", "engines.bounded_http", "engines.remembered"),
    ("engines.container", "engines.log_entries", "engines.platform_result", "engines.resumption"),
    (
        *("engines.cluster", "engines.docker_api", "engines.endpoints", "engines.pod_state"),
        *("engines.last_reads", "engines.retries"),
        *("engines.stamped_lines", "engines.stored"),
    ),
    ("engines.access_keys", "engines.docker", "engines.kubernetes"),
    ("engines.service_api",),
    ("engines.planqk",),
    ("engines.__init__",),
    # The runner: jobs as the platform runs them.
    ("runner.job_input", "runner.lifetime"),
    ("runner.job",),
    ("runner.command", "runner.image", "runner.running"),
    ("runner.__init__",),
    ("__init__",),
    # The conformance kit, and help for tests.
    ("conformance.__init__", "conformance.protocol_rules", "testing.engine_writers"),
    ("testing.findings",),
    ("conformance.programs", "conformance.showing", "conformance.vectors", "testing.journald_writer"),
    ("conformance.comparison", "testing.models"),
    ("conformance.grading",),
    ("conformance.decoders", "conformance.encoders", "conformance.report", "conformance.services"),
    ("conformance.reference_encoder", "testing.strategies", "testing.plugin"),
    ("testing.__init__",),
    # The command line.
    ("cli.__init__", "cli.capture_messages", "cli.redaction", "cli.rich_help", "cli.rule_links"),
    ("cli.console",),
    ("cli.terminal", "cli.rule_choice"),
    ("cli.sources", "cli.conformance_report", "cli.printing", "cli.signals", "cli.visible_text"),
    ("cli.event_text", "cli.reading", "cli.rotation", "cli.row_conditions", "cli.rule_text"),
    ("cli.found", "cli.input_doubts", "cli.options"),
    ("cli.finding_text", "cli.junit", "cli.sarif", "cli.verdict", "cli.workflow_commands"),
    ("cli.archive_output", "cli.archive_summary", "cli.finding_reports", "cli.job_summary"),
    ("cli.inspection", "cli.job_view"),
    (
        *("cli.commands.__init__", "cli.commands.archive", "cli.commands.check", "cli.commands.completion"),
        *("cli.commands.conformance", "cli.commands.emit", "cli.commands.explain", "cli.commands.formats"),
        *("cli.commands.parse", "cli.commands.result", "cli.commands.run"),
        "cli.commands.unwrap",
    ),
    ("cli.app",),
    ("__main__",),
)
MAY_IMPORT = {
    "grammar": {"lark"},
    "archive": {"fsspec", "pyarrow"},
    "testing": {"hypothesis", "pytest"},
    "cli": {"click", "distributed", "filelock", "rich", "rich_click"},
    "diagnosis": {"jsonschema", "openapi_schema_validator", "referencing", "yaml"},
    "engines": {"authlib", "docker", "httpx", "kubernetes", "qhub", "requests", "urllib3"},
    "runner": {"docker", "requests"},
}
# What runs programs, reads streams or talks to people or engines; all else does no I/O.
EDGES = {
    "archive",
    "cli",
    "engines",
    "chunk_reading",
    "runner",
    "descendants",
    "__main__",
    "emit.capture",
    "emit.emitter",
    "emit.log_handler",
    "emit.output",
    "emit.turns",
    "conformance.programs",
    "conformance.reference_encoder",
    "testing.plugin",
}
EVERYWHERE = {"msgspec"}
MOST_LINES, FEWEST_LINES = 400, 25
# The modules with fewer lines, and why they stand alone.
SHORT = {
    "cli.__init__": "says what the package is; it has no names",
    "cli.commands.__init__": "likewise",
    "conformance.__init__": "likewise",
    "engines.__init__": "gives the package its public names",
    "inputs.__init__": "likewise",
    "payload.__init__": "says what the package is; it has no names",
    "testing.__init__": "gives the package its public names",
}


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
    of_texts = {"os.path.commonprefix", "os.path.dirname", "os.path.join"}  # they look at no file
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    assert not {name.split(".")[0] for name in imports(modules()[module]) if name not in of_texts} & forbidden
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


@pytest.mark.parametrize("module", sorted(m for m in modules() if m.split(".")[0] in {"engines", "runner"}))
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


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


TESTS = Path(__file__).parent
FILES_OF_TESTS = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))


@pytest.mark.parametrize("path", FILES_OF_TESTS)
def test_a_file_of_tests_is_not_too_long(path: str) -> None:
    assert lines(TESTS / path) <= MOST_LINES, f"tests/{path} is too long: split it by subject"


@pytest.mark.parametrize("path", FILES_OF_TESTS)
def test_a_test_replaces_no_function_that_other_threads_call(path: str) -> None:
    text = (TESTS / path).read_text(encoding="utf-8")
    replaced = re.findall(r"setattr\((?:\"[\w.]*\b)?(?:os|time)(?:\.|, \")(\w+)", text)
    assert not replaced, f"tests/{path}: give the module a copy (tests/module_copies.py) with {replaced}"


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_is_neither_too_long_nor_too_short(module: str) -> None:
    size = lines(modules()[module])
    assert size <= MOST_LINES, f"{module} is too long: split it by subject"
    assert (size < FEWEST_LINES) == (module in SHORT), f"{module} has {size} lines: see SHORT"
