"""The transition table of the grammar for people: in Markdown, and as a Mermaid diagram."""  # noqa: INP001  # used by conf.py

from __future__ import annotations

from planqk_protocol.grammar import Step, Table

__all__ = ["state_diagram", "transition_table"]


def transition_table(table: Table) -> str:
    """A Markdown table: one row for each state, one column for each kind of line."""
    kinds = list(table.steps[table.start])
    rows = [
        ["State", *(f"`{kind}`" for kind in kinds), "May the stream end here?"],
        ["---"] * (len(kinds) + 2),
        *(
            [f"`{state}`", *(_cell(row[kind]) for kind in kinds), "yes" if state in table.accepting else "no"]
            for state, row in table.steps.items()
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(step: Step) -> str:
    return f"{f'`{step.verdict}`' if step.verdict else 'opens a block'} → `{step.state}`"


def state_diagram(table: Table) -> str:
    """A Mermaid state diagram: an edge for each pair of states, labelled ``kind / verdict``."""
    names = {state: f"s{number}" for number, state in enumerate(table.steps)}
    lines = ["stateDiagram-v2", *(f'    state "{state}" as {name}' for state, name in names.items())]
    lines.append(f"    [*] --> {names[table.start]}")
    for state, row in table.steps.items():
        edges: dict[str, list[str]] = {}
        for kind, step in row.items():
            edges.setdefault(step.state, []).append(f"{kind} / {step.verdict or '–'}")
        lines += [
            f"    {names[state]} --> {names[target]}: {'<br/>'.join(labels)}"
            for target, labels in edges.items()
        ]
        if state in table.accepting:
            lines.append(f"    {names[state]} --> [*]")
    return "\n".join(lines)
