"""The score of a mutation test: what was killed, what survived, and whether each survivor is explained.

    .venv/bin/mutmut run; .venv/bin/python tests/mutation/score.py

Exit code 1 where the run is not complete, the score is too low, a survivor is
not explained in ``survivors.toml``, or an explanation has no survivor any more.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

LEAST = 95  # per cent of all mutants
EXPLANATIONS = Path(__file__).with_name("survivors.toml")
_KILLED = {"killed", "timeout", "segfault"}


class Mutant(NamedTuple):
    """A mutant, named by what it changes: a number would be another's after the next change of the code."""

    function: str
    diff: str


def explained() -> set[Mutant]:
    """The mutants that ``survivors.toml`` explains."""
    entries = tomllib.loads(EXPLANATIONS.read_text(encoding="utf-8"))["survivor"]
    return {Mutant(entry["function"], diff.strip("\n")) for entry in entries for diff in entry["diffs"]}


def results() -> list[tuple[str, str, Mutant]]:
    """File, status and mutant, of all that mutmut has made here."""
    # Not there where the other tests run, which import this module to look for doctests.
    from mutmut.mutation.data import SourceFileMutationData  # noqa: PLC0415
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415
    from mutmut.stats import status_by_exit_code  # noqa: PLC0415
    from mutmut.utils.file_utils import walk_mutatable_files  # noqa: PLC0415
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key  # noqa: PLC0415

    found = []
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for key, exit_code in data.exit_code_by_key.items():
            status = status_by_exit_code[exit_code]
            name, owner = orig_function_and_class_names_from_key(key)
            function = ".".join([key.rpartition(".")[0], *([owner] if owner else []), name])
            diff = "" if status in _KILLED else _changed_lines(get_diff_for_mutant(key, path=path))
            found.append((str(path), status, Mutant(function, diff)))
    return found


def _changed_lines(diff: str) -> str:
    lines = diff.split("\n")[2:]  # after the names of the files
    return "\n".join(line[0] + line[1:].strip() for line in lines if line[:1] in {"+", "-"})


def main() -> int:
    """Print the score, and what is wrong with it."""
    found = results()
    for file in dict.fromkeys(file for file, _, _ in found):
        _print_row(file, Counter(status for other, status, _ in found if other == file))
    total = Counter(status for _, status, _ in found)
    _print_row("all", total)

    if not found or total["not checked"]:
        print("the run is not complete: run mutmut again, and it goes on where it was")
        return 1
    survivors = {mutant for _, status, mutant in found if status not in _KILLED}
    complaints = ["not explained: " + _shown(mutant) for mutant in sorted(survivors - explained())]
    complaints += [
        "explained, but no survivor: " + _shown(mutant) for mutant in sorted(explained() - survivors)
    ]
    if 100 * _killed(total) < LEAST * total.total():
        complaints.append(f"the score is less than {LEAST} %")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


def _killed(statuses: Counter[str]) -> int:
    return sum(statuses[status] for status in _KILLED)


def _print_row(name: str, statuses: Counter[str]) -> None:
    killed, total = _killed(statuses), statuses.total()
    by_time = f" ({statuses['timeout']} by time)" if statuses["timeout"] else ""
    score = f"{100 * killed / total:.1f} %" if total else "–"
    print(f"{name:40} {killed:5} of {total:5} killed{by_time}, {total - killed} survived: {score}")


def _shown(mutant: Mutant) -> str:
    return mutant.function + "".join(f"\n    {line}" for line in mutant.diff.splitlines())


if __name__ == "__main__":
    sys.exit(main())
