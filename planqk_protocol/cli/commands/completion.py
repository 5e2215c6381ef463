"""``planqk-protocol completion``: print a completion script for a shell."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.terminal import check_output, write

__all__ = ["completion"]

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_PROGRAM = "planqk-protocol"
_VARIABLE = "_PLANQK_PROTOCOL_COMPLETE"  # the name that click derives from the program's


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and files in a shell.

    Save the script where the shell looks for it. Then start a new shell.

    bash:
        planqk-protocol completion bash > ~/.local/share/bash-completion/completions/planqk-protocol

    zsh (put ~/.zfunc in fpath):
        planqk-protocol completion zsh > ~/.zfunc/_planqk-protocol

    fish:
        planqk-protocol completion fish > ~/.config/fish/completions/planqk-protocol.fish
    """
    check_output()
    script = _SHELLS[shell](ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source()
    write(script.strip().encode() + b"\n")
