from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time

import pytest

from tests.command import run_command
from tests.past_sessions import past_session
from tui.cli.command_tree import command_tree
from tui.cli.main import COMMANDS
from tui.cli.values import KINDS, known_values, taken_by, takes
from tui.paths import find_paths, write_private
from tui.settings.schema import BY_ID

LOOKS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SESSION = "s_20261123100000_aaaaaaaa"
OPUS = "anthropic/claude-opus-4-7"
MADE_UP = "made-up-key-of-nobody-0123456789"

CASES = {
    "ownkey se": {"sessions", "settings"},
    "ownkey keys ": {
        "list",
        "add",
        "check",
        "default",
        "label",
        "disable",
        "enable",
        "pin",
        "unpin",
        "remove",
        "undo",
        "use",
    },
    "ownkey run --too": {"--tools"},
    "ownkey run --json --tools ": {"read", "all", "none"},
    "ownkey sessions show s": {SESSION},
    "ownkey --linear --session ": {"last", SESSION},
    f"ownkey run hi --model {OPUS}": {OPUS},
    "ownkey settings get approvals": {"approvals.mode"},
    "ownkey keys add o": {"openai"},
    "ownkey keys use ANT": {"ANTHROPIC_API_KEY"},
    "ownkey local add mod": {"model one.gguf"},
    "ownkey sessions show last --js": {"--json"},
    "ownkey completion ": {"bash", "zsh", "fish"},
    "ownkey models nothing": set(),
}
FREE = {
    "run": {"PROMPT|-", "--allow", "--max-steps", "--max-usd"},
    "keys add": {"--label", "--base-url"},
    "keys label": {"LABEL"},
    "price": {"--at"},
    "sessions fork": {"--at"},
    "settings set": {"VALUE"},
    "settings search": {"WORDS"},
    "permissions remove": {"RULE"},
    "permissions check": {"COMMAND"},
    "endpoints add": {"NAME URL", "--model", "--context", "--header"},
    "endpoints models": {
        "--add",
        "--remove",
        "--context",
        "--max-output",
        "--extra-body",
    },
    "endpoints set": {"--header"},
    "endpoints check": {"URL"},
    "credits grant": {"N", "--service", "--expires", "--key"},
    "credits ledger": {"--service", "--lines"},
    "credits settle": {"REQUEST", "N"},
    "credits add": {"--name", "--base-url", "--usd-per-credit", "--auto"},
    "usage": {"--since"},
    "mcp add": {"NAME", "--url", "--env"},
    "mcp use": {"--sha256"},
    "probe": {"--base-url", "--model", "--vendor", "--prompt"},
}
"""Arguments whose values nobody knows but who types them."""


@pytest.fixture
def world(home, tmp_path, monkeypatch):
    """A folder with a file, a home with a session, and a program called `ownkey`."""
    past_session(home, cwd=str(tmp_path), prompt="fix the login")
    monkeypatch.setenv("ANTHROPIC_API_KEY", MADE_UP)
    (tmp_path / "model one.gguf").write_text("")
    program = tmp_path / "bin" / "ownkey"
    program.parent.mkdir()
    python, here = shlex.quote(sys.executable), shlex.quote(os.getcwd())
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={here} exec {python} -m tui.cli.main "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script_for(shell: str) -> str:
    said = run_command("completion", shell)
    assert (said.returncode, said.stderr) == (0, "")
    return said.stdout


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed; .ci/run installs it")
    return found


def answer(argv: list[str], program: str, folder) -> str:
    (folder / "completion").write_text(program, encoding="utf-8")
    said = subprocess.run(
        [*argv, "completion"], cwd=folder, capture_output=True, text=True, timeout=50, check=False
    )
    assert said.stderr == ""
    return said.stdout


class Shell:
    """A shell in a terminal, in which Tab is pressed."""

    def __init__(self, argv: list[str], begin: str) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="xterm", PS1="$ ", INPUTRC="/dev/null")
            os.execv(argv[0], argv)
        self.said = ""
        self._type(f"{begin}; echo be''gun\n")
        self._read("begun\r\n")

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._type("\x15exit\n")
        os.close(self.terminal)
        os.waitpid(self.child, 0)

    def tab(self, line: str, wanted: str) -> None:
        """Press Tab behind the line; the terminal shows what is wanted."""
        self._type(f"\x15{line}\t")
        self._read(wanted)

    def _type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def _read(self, wanted: str) -> None:
        ends, self.said = time.monotonic() + 20, ""
        while wanted not in self.said:
            assert time.monotonic() < ends, f"{wanted!r} was not shown, but {self.said!r}"
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.said += os.read(self.terminal, 65_536).decode("utf-8", "replace")
                self.said = LOOKS.sub("", self.said)


def test_bash_completes_commands_options_and_values(world):
    asks = ["compopt() { :; }", script_for("bash")]
    for line in CASES:
        words = line.split(" ")
        asks += [
            f"COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_CWORD={len(words) - 1}",
            f"COMP_WORDS=({' '.join(map(shlex.quote, words))})",
            "_ownkey; printf '%s\\n' \"${COMPREPLY[@]}\" .",
        ]
    said = answer([needs("bash"), "--norc"], "\n".join(asks), world).split(".\n")[:-1]
    found = [{one for one in block.split("\n") if one} for block in said]
    assert dict(zip(CASES, found, strict=True)) == CASES


def test_bash_completes_behind_the_signs_that_part_its_words(world):
    (world / "ownkey.bash").write_text(script_for("bash"), encoding="utf-8")
    with Shell([needs("bash"), "--norc", "-i"], "source ./ownkey.bash") as shell:
        shell.tab("ownkey --session=la", "--session=last ")
        shell.tab("ownkey keys check env:A", "env:ANTHROPIC_API_KEY ")
        shell.tab("ownkey local add mod", "model\\ one.gguf ")


def test_zsh_completes_and_says_what_values_are(world):
    zsh = needs("zsh")
    (world / "ownkey.zsh").write_text(script_for("zsh"), encoding="utf-8")
    begin = "autoload -U compinit; compinit -u -d ./dump; source ./ownkey.zsh"
    with Shell([zsh, "-f", "-i"], begin) as shell:
        shell.tab("ownkey sess", "ions ")
        shell.tab("ownkey sessions show ", "-- fix the login")
        shell.tab("ownkey --session=la", "--session=last")
        shell.tab("ownkey run --tools n", "none")
        shell.tab("ownkey local add mod", "model\\ one.gguf")


def test_fish_completes_and_says_what_values_are(world):
    asks = [script_for("fish")]
    asks += [f"complete -C {shlex.quote(line)}; echo ." for line in CASES]
    asks += ["complete -C 'ownkey sessions show s'"]
    said = answer([needs("fish"), "-N"], "\n".join(asks), world)
    blocks = said.split(".\n")
    found = [
        {one.split("\t")[0].replace("\\ ", " ") for one in block.split("\n") if one}
        for block in blocks[:-1]
    ]
    assert dict(zip(CASES, found, strict=True)) == CASES
    assert "\tfix the login" in blocks[-1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_stands_in_the_script(shell):
    script = script_for(shell)
    for node in command_tree().walk():
        for option in node.options:
            longest = max(option.names, key=len)
            assert (longest in script) or (f"-l {longest[2:]}" in script), (node.path, longest)
    for name, about in COMMANDS.items():
        assert name in script and about in script


def test_arguments_without_known_values_are_only_those_of_free_words():
    free: dict[str, set[str]] = {}
    for path, action in _arguments():
        alone = action.nargs == 0 or action.help == argparse.SUPPRESS
        if not alone and action.choices is None and taken_by(action) is None:
            name = action.option_strings[0] if action.option_strings else action.metavar
            free.setdefault(path, set()).add(name)
    assert free == FREE


def _arguments():
    from importlib import import_module

    from tui.cli.main import console_parser

    parsers = {"": console_parser()}
    for name in COMMANDS:
        parsers[name] = argparse.ArgumentParser()
        import_module(f"tui.cli.{name}").configure(parsers[name])
    while parsers:
        path, parser = parsers.popitem()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers |= {f"{path} {name}": one for name, one in action.choices.items()}
            else:
                yield path, action


def test_an_argument_says_what_it_takes():
    action = argparse.ArgumentParser().add_argument("--it")
    assert taken_by(action) is None
    takes(action, "models")
    assert taken_by(action) == "models"


def test_values_that_a_shell_would_read_otherwise_are_not_offered(home):
    bad = ["a$(touch x)", "a b", "a;b", "-rf", "a\x1bb", "`x`"]
    listed = [{"provider": "openai", "id": one, "name": "n"} for one in [*bad, "good"]]
    write_private(find_paths({"OWNKEY_HOME": str(home)}).models_file, _json({"openai": listed}))
    values = {one.value for one in known_values("models")}
    assert "openai/good" in values
    assert not [one for one in values if one != "openai/good" and "claude" not in one and (
        set(one) & set("$ ;`\x1b"))]  # fmt: skip
    assert len([one for one in values if one.startswith("openai/a")]) == 0


def _json(value) -> bytes:
    import json

    return json.dumps(value).encode()


def test_what_is_said_of_a_value_is_harmless_and_on_one_line(home):
    past_session(home, cwd="/", prompt="a\x1b[2J\tb")
    (row,) = [one for one in known_values("sessions") if one.value == SESSION]
    assert row.about.startswith("a␛[2J b")


def test_listing_values_makes_no_file(home):
    for kind in KINDS:
        known_values(kind)
    assert not home.exists()


def test_settings_are_listed_whole():
    assert {one.value for one in known_values("settings")} == set(BY_ID)


def test_help_says_how_a_shell_is_told():
    said = run_command("completion", "--help").stdout
    assert "source <(ownkey completion bash)" in said
    assert run_command("completion").returncode == 2
    assert "ownkey completion --help" in " ".join(run_command("--help").stdout.split())
