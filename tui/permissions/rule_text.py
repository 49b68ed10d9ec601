"""Rules as text: what a person may allow for good, named exactly.

| rule | covers |
|---|---|
| `shell: pytest -q` | this command, word by word |
| `shell: git add …` | these words, then any that are no options and lead nowhere outside |
| `edit: src/**` | changes to files whose path inside the folder matches |
| `write: docs/*.md` | the same for writing whole files |
| `fetch: docs.example.org` | requests to exactly this host |
| `mcp: server__tool#hash` | this tool, as long as its description and schema have this hash |

`…` may also be written `...`. Words are separated by one blank and quoted as bash does where
they hold blanks or signs. In patterns `*` stays inside one folder, `**` goes through any. A rule
covers one simple command: redirections, substitutions and other commands of the same line are
judged on their own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

import msgspec

from tui.errors import UsageError

FORMS = (
    "One of `shell: WORDS`, `shell: WORDS …`, `edit: GLOB`, `write: GLOB`, `fetch: HOST`, "
    "`mcp: SERVER__TOOL#HASH`."
)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@%+,=^-]+")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?|\[[0-9a-f:]+\](?::[0-9]{1,5})?")
_MCP = re.compile(r"[A-Za-z0-9_.-]+__[A-Za-z0-9_.-]+#[0-9a-f]{8,64}")

# Whose exact words say little of what they do, or whose harm cannot be taken back.
_NEVER = frozenset({
    "sudo", "doas", "su", "pkexec", "runuser", "rm", "rmdir", "shred", "dd", "mv", "truncate",
    "chmod", "chown", "chgrp", "chattr", "setfacl", "kill", "pkill", "killall", "xargs", "env",
    "eval", "exec", "source", ".", "bash", "sh", "zsh", "dash", "ksh", "fish", "command", "nohup",
    "timeout", "nice", "setsid", "ssh", "scp", "sftp", "rsync", "nc", "ncat", "socat", "telnet",
    "curl", "wget", "ftp", "docker", "podman", "kubectl", "crontab", "at", "systemctl",
    "service", "ownkey", "export", "alias", "set", "trap", "find", "awk", "gawk", "sed", "tee",
    "printenv", "declare", "typeset", "history", "security", "secret-tool", "pass", "gpg",
    "enable", "hash", "unset", "shopt", "builtin", "ulimit", "umask", "mount", "umount", "passwd",
    "python", "python3", "node", "perl", "ruby", "php", "lua", "osascript", "deno", "bun",
})  # fmt: skip
_OPERANDS = frozenset(
    tuple(line.split())
    for line in (
        "git add", "git commit -m", "git commit -am", "pytest", "pytest -q", "pytest -x",
        "pytest -xq", "pytest -v", "ruff check", "ruff format", "mypy", "pyright", "black",
        "mkdir", "mkdir -p", "touch", "cargo test", "go test", "npx tsc", "eslint",
        "prettier --check",
    )
)  # fmt: skip
_GIT_KEPT = frozenset({"push", "reset", "clean", "config", "filter-branch", "remote", "gc",
                       "update-ref", "checkout", "restore", "rebase", "submodule", "bisect",
                       "difftool", "mergetool", "credential"})  # fmt: skip


class ShellRule(msgspec.Struct, frozen=True, tag=True):
    words: tuple[str, ...]
    further: bool

    def covers(self, words: Sequence[str], inside: Callable[[str], bool]) -> bool:
        """Whether a simple command of these words is covered.

        `inside` tells whether a word, read as a path, stays in the folder and is no secret.
        """
        size = len(self.words)
        if tuple(words[:size]) != self.words:
            return False
        rest = words[size:]
        if not self.further:
            return not rest
        return all(not word.startswith("-") and inside(word) for word in rest)


class PathRule(msgspec.Struct, frozen=True, tag=True):
    tool: str
    glob: str

    def covers(self, tool: str, path: str) -> bool:
        """Whether it covers a change by this tool to a path that counts from the folder."""
        return tool == self.tool and _glob(self.glob).fullmatch(path) is not None


class FetchRule(msgspec.Struct, frozen=True, tag=True):
    host: str


class McpRule(msgspec.Struct, frozen=True, tag=True):
    name: str


Rule = ShellRule | PathRule | FetchRule | McpRule


def parse_rule(text: str) -> Rule:
    """The rule that a text names. Raises UsageError with the forms that there are."""
    kind, colon, rest = text.strip().partition(":")
    rest = rest.strip()
    if not colon or not rest:
        raise UsageError(f"{text!r} is no rule.", hint=FORMS)
    if not text.isprintable():
        raise UsageError("The rule holds a character that cannot be seen.", hint=FORMS)
    match kind.strip():
        case "shell":
            return _shell(rest)
        case "edit" | "write" as tool:
            return _path(tool, rest)
        case "fetch":
            if not _HOST.fullmatch(rest):
                raise UsageError(f"{rest!r} is no host.", hint="As in `fetch: docs.example.org`.")
            return FetchRule(rest)
        case "mcp":
            if not _MCP.fullmatch(rest):
                raise UsageError(f"{rest!r} names no tool.", hint="As in `mcp: server__tool#1f…`.")
            return McpRule(rest)
        case _:
            raise UsageError(f"{kind.strip()!r} is no kind of rule.", hint=FORMS)


def parsed_rules(rules: Sequence[str]) -> list[tuple[str, Rule]]:
    """Each rule with its text; one that does not parse counts as none."""
    found: list[tuple[str, Rule]] = []
    for text in rules:
        try:
            found.append((text, parse_rule(text)))
        except UsageError:
            continue
    return found


def shell_rule_text(words: Sequence[str], *, further: bool = False) -> str:
    """The text of a rule for these words; `parse_rule` gives the same words back."""
    quoted = [word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word) for word in words]
    return "shell: " + " ".join(quoted) + (" …" if further else "")


def suggested(words: Sequence[str], inside: Callable[[str], bool]) -> str | None:
    """The rule that "always here" would add for a simple command; None where it is dangerous."""
    name = words[0].rpartition("/")[2] if words else ""
    if not name or name in _NEVER or (name == "git" and _GIT_KEPT & set(words[1:3])):
        return None
    if not all(word.isprintable() and inside(word.rpartition("=")[2] or ".") for word in words[1:]):
        return None
    if "/" in words[0] and not inside(words[0]):
        return None
    for size in range(len(words) - 1, 0, -1):
        if tuple(words[:size]) in _OPERANDS:
            if not any(word.startswith("-") for word in words[size:]):
                return shell_rule_text(words[:size], further=True)
            break
    return shell_rule_text(words)


def _shell(rest: str) -> ShellRule:
    further = rest.endswith((" …", " ..."))
    if further:
        rest = rest.removesuffix("…").removesuffix("...").rstrip()
    try:
        words = tuple(shlex.split(rest))
    except ValueError:
        raise UsageError(f"{rest!r} has a quote that does not end.", hint=FORMS) from None
    if not words or words[0] in ("…", "...", "*") or any(word in ("…", "...") for word in words):
        raise UsageError("A shell rule names the program first, and `…` only last.", hint=FORMS)
    if _loose(rest):
        raise UsageError(
            "A shell rule covers one simple command: no ; & | < > $ ` or newline outside quotes.",
            hint=FORMS,
        )
    return ShellRule(words, further)


def _loose(rest: str) -> bool:
    bare = re.sub(r"'[^']*'|\\.|\"[^\"$`\\]*\"", "", rest)
    return re.search(r"[;&|<>$`(){}*?\[\]\n]", bare) is not None


def _path(tool: str, rest: str) -> PathRule:
    if rest.startswith(("/", "~")) or ".." in rest.split("/"):
        raise UsageError(
            f"{rest!r} leaves the folder.", hint="Paths count from the folder: `edit: src/**`."
        )
    return PathRule(tool, rest)


def _glob(glob: str) -> re.Pattern[str]:
    made = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        match piece:
            case "**/":
                made += "(?:[^/]+/)*"
            case "**":
                made += ".*"
            case "*":
                made += "[^/]*"
            case "?":
                made += "[^/]"
            case _:
                made += re.escape(piece)
    return re.compile(made, re.DOTALL)
