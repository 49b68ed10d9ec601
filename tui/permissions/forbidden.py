"""What is refused without a question, however it is written.

Taking away or bringing down a whole system or home, writing to a disk device, and whatever
widens the agent's own rights: settings, rules, keys, endpoints, the store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tui.permissions.commands.table import PROGRAMS
from tui.permissions.destruction import Places, destruction
from tui.permissions.lookups import Lookups
from tui.permissions.loose import Bomb, Loose, LooseCommand
from tui.protected import Border

_MOST_DEPTH = 5
_MOST_CHARS = 200_000
_MOST_WORDS = 200
_MOST_WORK = 10_000  # words looked at; what is longer is never allowed anyway

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "ash", "mksh", "rbash"})
_EVALUATES = _SHELLS | {
    "eval", "su", "watch", "script", "trap", "xargs", "parallel", "env", "runuser", "pkexec",
    "flock", "alias", "busybox", "toybox", "sudo", "doas", "nohup", "timeout", "setsid", "nice",
    "stdbuf", "unshare", "chroot", "strace", "expect", "tmux", "screen", "systemd-run", "at",
    "batch", "source", ".", "exec", "command", "builtin", "time", "coproc", "crontab", "fakeroot",
    "ionice", "chrt", "taskset", "numactl", "setarch", "prlimit", "ltrace", "perf", "valgrind",
    "unbuffer", "bwrap", "firejail", "proot", "setpriv", "nsenter", "gosu", "su-exec", "caffeinate",
    "eatmydata", "cgexec", "daemonize", "start-stop-daemon", "dbus-run-session", "xvfb-run",
}  # fmt: skip
_UNKNOWN_STARTERS = frozenset({"uv", "uvx", "pipx", "npx", "poetry", "pdm", "hatch", "rye"})
_CODE = re.compile(
    r"(?:python|perl|ruby|node|nodejs|php|lua|deno|bun|osascript|awk|gawk|mawk)[\d.]*"
)
_DATA = frozenset({"echo", "printf", "true", "false", ":", "test", "[", "git", "gh", "docker",
                   "podman", "ssh", "kubectl", "print"})  # fmt: skip
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|`([^`]*)`", re.DOTALL)
_FORKS = re.compile(r"while.{0,40}fork|fork.{0,20}while|loop.{0,20}fork|fork.{0,4}&&.{0,4}fork",
                    re.DOTALL)  # fmt: skip
_REMOVES = re.compile(
    r"rmtree|remove_tree|rm_rf|rm_r\b|rmSync|rmdirSync|rimraf|removeSync|\.rmdir|remove_dir|unlink"
)
_HOMES = re.compile(r"expanduser\(.~.\)|homedir\(\)|Path\.home\(\)|Dir\.home|HOME['\"\]}]")
_REACHES_US = re.compile(
    r"(?:\.config|\.local/share|\.local/state|\.cache|Application Support)/ownkey\b"
)
_OWN_MODULES = re.compile(r"tui(?:\.cli(?:\.main)?)?")
_LOOKING: dict[str, frozenset[str]] = {
    "settings": frozenset({"list", "get", "search"}),
    "keys": frozenset({"list", "check"}),
    "permissions": frozenset({"list", "check"}),
    "mcp": frozenset({"list", "test"}),
    "endpoints": frozenset({"list", "check", "test"}),
    "credits": frozenset({"list", "ledger", "test"}),
    "sessions": frozenset({"list", "show", "export", "check"}),
    "cloud": frozenset({"list", "show"}),
    "local": frozenset({"list"}),
}
_KNOWN = frozenset({*_LOOKING, "run", "serve", "models", "route", "price", "usage", "doctor",
                    "neutralise", "probe"})  # fmt: skip
_CHANGES = re.compile(
    r"\b(?:set|remove|add|rename|replace|delete|grant|serve|settle|--allow|--tools)\b"
)


class Refused(msgspec.Struct, frozen=True):
    """Why, and which characters of the command."""

    why: str
    marks: tuple[tuple[int, int], ...]


def forbidden(command: str, *, cwd: Path, border: Border, lookups: Lookups) -> Refused | None:
    """Why a command is refused without a question; None where it is not."""
    if len(command) > _MOST_CHARS:
        return None
    places = Places(cwd, border, lookups)
    found = _Search(places).line(command, 0)
    if found is None:
        return None
    why, (start, end) = found
    data = command.encode("utf-8", "replace")
    before = len(data[:start].decode("utf-8", "ignore"))
    return Refused(why, ((before, before + len(data[start:end].decode("utf-8", "ignore"))),))


class _Search:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.values: dict[str, str] = {}
        for own in places.border.own[:1]:
            self.values["OWNKEY_HOME"] = str(own)
        self.left = _MOST_WORK

    def line(self, command: str, depth: int) -> tuple[str, tuple[int, int]] | None:
        """The first reason in a line, with its bytes."""
        self.left -= len(command) // 50
        if depth > _MOST_DEPTH or self.left < 0:
            return None
        loose = Loose(self.values, self.places.border.home, self.places.cwd)
        for found in loose.read(command):
            if self.left < 0:
                return None
            if isinstance(found, Bomb):
                return "starts itself without end and brings the system down", found.span
            why = self.places.written(found.writes, truncates=found.truncates)
            why = why or self.command(found.words, found.fed, depth)
            if why:
                return why, found.span
        return None

    def command(self, words: Sequence[str], fed: str | None, depth: int) -> str | None:
        """Why this command is refused; what its words would start is looked into."""
        if not words or depth > _MOST_DEPTH:
            return None
        name = words[0].rpartition("/")[2]
        if name in ("xargs", "parallel") and fed is not None:
            words = (*words, *fed.split())
        self.places.enter(words)
        why = self._one(words, fed, depth)
        if not why and name not in ("echo", "printf"):
            why = self.places.ours(words[1:])
        if why:
            return why
        if name in _EVALUATES:
            return self._wrapped(words, name, fed, depth)
        return None if name in _DATA or name in PROGRAMS else self._started(words)

    def _one(self, words: Sequence[str], fed: str | None, depth: int) -> str | None:
        self.left -= (len(words) + 1) * len(self.places.folders)
        if self.left < 0:
            return None
        name = words[0].rpartition("/")[2]
        reads_script = name in _SHELLS or name in ("eval", "source", ".", "at", "batch")
        if reads_script and fed and (inner := self.line(fed, depth + 1)):
            return inner[0]
        if reason := self._direct(words, name):
            return reason
        if _CODE.fullmatch(name):
            return self._code(words, fed, depth)
        return self._executed(words, depth) if name == "find" else None

    def _executed(self, words: Sequence[str], depth: int) -> str | None:
        """What find would run for what it finds."""
        for at, word in enumerate(words[:-1]):
            runs = word in ("-exec", "-execdir", "-ok", "-okdir") and depth < _MOST_DEPTH
            if runs and (why := self.command(words[at + 1 :], None, depth + 1)):
                return why
        return None

    def _started(self, words: Sequence[str]) -> str | None:
        """Ours, started by a program that is not known."""
        for at, word in enumerate(words):
            if word.rpartition("/")[2].partition("@")[0].partition("=")[0].casefold() == "ownkey":
                return _widens(words[at + 1 :])
        return None

    def _direct(self, words: Sequence[str], name: str) -> str | None:
        if name.casefold() == "ownkey":
            return _widens(words[1:])
        if words[0].endswith("tui/cli/main.py"):
            return _widens(words[1:])
        return destruction(name, words[1:], self.places)

    def _wrapped(self, words: Sequence[str], name: str, fed: str | None, depth: int) -> str | None:
        """What a program that runs its words may run: any of them may be the name."""
        if name in ("eval", "watch"):
            inner = self.line(" ".join(words[1:]), depth + 1)
            return inner[0] if inner else None
        for at, word in enumerate(words[1:_MOST_WORDS], 1):
            script = word.partition("=")[2] if name == "alias" else word.removeprefix("\x01")
            scripted = name in ("trap", "alias") or word != script or re.search(r"\s", word)
            if scripted and (inner := self.line(script, depth + 1)):
                return inner[0]
            is_name = not word.startswith("-") and "=" not in word
            if is_name and (why := self._one(words[at:], fed, depth + 1)):
                return why
            bare = word.rpartition("/")[2]
            if bare in ("eval", "watch", "alias"):
                return self._wrapped(words[at:], bare, fed, depth + 1)
            if bare in _UNKNOWN_STARTERS and (why := self._started(words[at:])):
                return why
        return None

    def _code(self, words: Sequence[str], fed: str | None, depth: int) -> str | None:
        """What a program in another language says, as far as its text tells."""
        for at, word in enumerate(words[1:], 1):
            module = word[2:] if word.startswith("-m") else ""
            if _OWN_MODULES.fullmatch(module):
                return _widens(words[at + 1 :])
            if word == "-m" and _OWN_MODULES.fullmatch("".join(words[at + 1 : at + 2])):
                return _widens(words[at + 2 :])
            if word.endswith("tui/cli/main.py"):
                return _widens(words[at + 1 :])
        for code in [*words[1:], *([fed] if fed else [])]:
            if reason := self._text(code, depth):
                return reason
        return None

    def _text(self, code: str, depth: int) -> str | None:
        if not re.search(r"[\s('\"`]", code):
            return None
        if _FORKS.search(code):
            return "starts itself without end and brings the system down"
        if _REACHES_US.search(code) or any(str(own) in code for own in self.places.border.own):
            return "reaches into ownkey's own settings, keys and store"
        literals = [next(filter(None, found.groups()), "") for found in _LITERAL.finditer(code)]
        if "tui.cli" in code and any(_CHANGES.search(text) for text in literals):
            return "changes what the agent may do"
        removes = _REMOVES.search(code) is not None
        if removes and (_HOMES.search(code) or any(self.places.is_vast(text) for text in literals)):
            return "takes away a whole system or home"
        for text in literals:
            if self.places.is_disk(text) and re.search(r"['\"](?:r\+|[wax])b?\+?['\"]|write", code):
                return "writes to a disk device"
            if re.search(r"\s", text) and (inner := self.line(text, depth + 1)):
                return inner[0]
        listed = [text for text in literals if text]
        if len(listed) > 1 and (inner_why := self.command(listed, None, depth + 1)):
            return inner_why
        return None


def _widens(args: Sequence[str]) -> str | None:
    """Why a command of ours, called by the agent, is refused."""
    words = [arg for arg in args if not arg.startswith("-")]
    at = next((at for at, word in enumerate(words) if word in _KNOWN), 0)
    words = words[at:]  # in front: values of options
    if not words:
        return None
    what = words[0]
    if what == "serve" or (what == "cloud" and words[1:2] != ["list"]):
        return f"`ownkey {what}` opens the console, or runs without a person"
    if what == "run":
        for at, arg in enumerate(args):
            option, _, value = arg.partition("=")
            following = value or (args[at + 1] if at + 1 < len(args) else "")
            if option.startswith("--al") or (option.startswith("--to") and following == "all"):
                return "`ownkey run` with rights that it gives itself"
        return None
    looking = _LOOKING.get(what)
    if looking is not None and words[1:] and words[1] not in looking:
        return f"`ownkey {what} {words[1]}` changes what the agent may do"
    return None


__all__ = ["LooseCommand", "Refused", "forbidden"]
