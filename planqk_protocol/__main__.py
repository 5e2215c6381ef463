"""``planqk-protocol`` and ``python -m planqk_protocol``: the way into the command line."""

from __future__ import annotations

import sys

from planqk_protocol.errors import missing_extra

__all__ = ["main"]

_EXTRA = frozenset({"click", "rich", "rich_click"})  # what the extra [cli] installs


def main() -> None:
    """Run the command line. Its libraries are imported here, or by it when they are used."""
    try:
        from planqk_protocol.cli.app import cli  # noqa: PLC0415  # heavy, and an extra

        cli()
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(f"planqk-protocol: {missing_extra(missing, 'cli')}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("planqk-protocol: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
