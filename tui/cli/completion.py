"""`ownkey completion`: a script that lets a shell complete ownkey's commands."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tui.cli.values import Kind

HOW = """\
bash: add to ~/.bashrc              source <(ownkey completion bash)
zsh:  add to ~/.zshrc, below compinit   source <(ownkey completion zsh)
fish: once    ownkey completion fish > ~/.config/fish/completions/ownkey.fish
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    from tui.cli.values import KINDS

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HOW
    parser.add_argument("shell", nargs="?", choices=("bash", "zsh", "fish"), help="for this shell")
    # What the scripts call: one value a line, a tab, what it is.
    parser.add_argument("--values", choices=KINDS, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Print the script, or the values of a kind."""
    import sys

    from tui.cli.output import put
    from tui.errors import UsageError

    if args.values is not None:
        from tui.cli.values import known_values

        rows = known_values(cast("Kind", args.values))
        put(sys.stdout, "".join(f"{row.value}\t{row.about}\n" for row in rows))
        return 0
    if args.shell is None:
        raise UsageError("say for which shell", hint="`ownkey completion bash`, zsh or fish.")
    from tui.cli.command_tree import command_tree

    tree = command_tree()
    if args.shell == "fish":
        from tui.cli.completion_fish import fish_script

        put(sys.stdout, fish_script(tree))
    else:
        from tui.cli.completion_sh import bash_script, zsh_script

        put(sys.stdout, bash_script(tree) if args.shell == "bash" else zsh_script(tree))
    return 0
