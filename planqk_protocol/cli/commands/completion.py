"""``planqk-protocol completion``: completion in shells."""

from __future__ import annotations

import rich_click as click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from planqk_protocol.cli.terminal import check_output, write

__all__ = ["completion"]

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_PROGRAM = "planqk-protocol"
_VARIABLE = "_PLANQK_PROTOCOL_COMPLETE"  # where click looks, for a program of this name


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and files in SHELL.

    Save it where the shell looks for such scripts, and start a new shell.

    \b
    bash:
      planqk-protocol completion bash > ~/.local/share/bash-completion/completions/planqk-protocol
    zsh, where ~/.zfunc is in fpath:
      planqk-protocol completion zsh > ~/.zfunc/_planqk-protocol
    fish:
      planqk-protocol completion fish > ~/.config/fish/completions/planqk-protocol.fish
    """  # noqa: D301  # \b keeps click from wrapping
    check_output()
    script = _SHELLS[shell](ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source()
    write(script.strip().encode() + b"\n")
