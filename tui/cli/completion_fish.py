"""The completion script of fish: one line for each thing that can stand somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tui.cli.command_tree import Node, Option, Takes

_HEAD = r"""# Completes ownkey's commands in fish:
#   ownkey completion fish > ~/.config/fish/completions/ownkey.fish

# The words that are no options and no values of options.
function __ownkey_said
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case {valued}
                set skip 1
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether the words begin with this command.
function __ownkey_in
    set -l said (__ownkey_said)
    set -l count (count $argv)
    test $count -eq 0; and return 0
    test (count $said) -ge $count; or return 1
    test "$said[1..$count]" = "$argv"
end

# Whether so many places behind this command are filled.
function __ownkey_place
    set -l said (__ownkey_said)
    test (count $said) -eq (math (count $argv) - 1 + $argv[1]); or return 1
    __ownkey_in $argv[2..-1]
end

function __ownkey_values
    set -l program (commandline -opc)[1]
    command $program completion --values $argv[1] 2>/dev/null
end

complete -c ownkey -f
"""


def fish_script(tree: Node) -> str:
    """For fish, 3.0 or newer."""
    nodes = list(tree.walk())
    valued = {
        name
        for node in nodes
        for one in node.options
        if one.takes is not None
        for name in one.names
    }
    lines = [line for node in nodes for line in _node(node)]
    return _HEAD.replace("{valued}", " ".join(sorted(valued))) + "\n".join(lines) + "\n"


def _node(node: Node) -> Iterator[str]:
    path = " ".join(node.path)
    first = f"__ownkey_place 0 {path}".rstrip()
    for part in node.parts:
        yield f"complete -c ownkey -n '{first}' -a {part.path[-1]} -d {_quoted(part.help)}"
    within = f"__ownkey_in {path}" if node.path else first
    for option in node.options:
        yield f"complete -c ownkey -n '{within}' {_option(option)}"
    for index, takes in enumerate(node.places):
        if offered := _offered(takes):
            place = f"__ownkey_place {index} {path}".rstrip()
            yield f"complete -c ownkey -n '{place}' {offered}"


def _option(option: Option) -> str:
    names = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.takes is not None:
        offered = _offered(option.takes)
        names.append(f"-r {offered}" if offered == "-F" else f"-x {offered}".rstrip())
    return f"{' '.join(names)} -d {_quoted(option.help)}"


def _offered(takes: Takes) -> str:
    if takes.words:
        return f"-a {_quoted(' '.join(takes.words))}"
    match takes.kind:
        case "":
            return ""
        case "files":
            return "-F"
        case "folders":
            return "-a '(__fish_complete_directories)'"
        case kind:
            return f"-k -a '(__ownkey_values {kind})'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
