"""What one simple command may reach: its words as values, its paths as facts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

from tui.permissions.commands.spec import Arg, Asks
from tui.permissions.facts import PathFacts
from tui.permissions.lookups import Lookups
from tui.permissions.repository import Repository
from tui.permissions.shell_braces import braces
from tui.permissions.shell_words import Home, Opaque, Pattern, Text, Variable, Word
from tui.protected import USUAL_SECRETS

MOST_VALUES = 200
MOST_NAMES = 2_000

_TELLS_LITTLE = frozenset({
    "USER", "LOGNAME", "SHELL", "LANG", "TERM", "PATH", "HOSTNAME", "UID", "EUID", "PPID",
    "RANDOM", "SECONDS", "BASH_VERSION", "OSTYPE", "HOSTTYPE", "MACHTYPE", "LINENO", "COLUMNS",
    "LINES", "SHLVL", "OLDPWD", "TMPDIR", "PIPESTATUS", "EPOCHSECONDS", "?", "$", "#", "0",
})  # fmt: skip
_ONE_WORD = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_SIGNS = re.compile(r"([\\*?\[])")
_ORDINARY = (
    "src", "main.py", "a.txt", "README.md", "package.json", "a.yaml", "a.yml", "a.toml", "a.ini",
    "a.csv", "test_main.py", "index.ts", "a.db", "config", "names", "tests",
)  # fmt: skip
"""Names that no secret has: a pattern that fits one of them is not after secrets."""
_STREAMS = frozenset({"-", "/dev/null", "/dev/stdin", "/dev/fd/0"})


class Denied(Exception):
    """Why a command is refused without a question, and the word that makes it so."""

    def __init__(self, why: str, word: Word | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.word = word


class Scene:
    """Where a line stands: the folders that it may be in by now, and what its loops set.

    Grows only: a `cd` may fail, a loop may not run. What holds for every folder and value holds.
    """

    def __init__(self, cwd: Path, home: Path, lookups: Lookups) -> None:
        self.folders: tuple[Path, ...] = (cwd,)
        self.home = home
        self.lookups = lookups
        self.values: dict[str, tuple[str | None, ...]] = {}

    def state(self) -> tuple[object, ...]:
        """All that a command may change of the scene."""
        return self.folders, tuple(self.values.items())

    def moved(self, arg: Arg) -> Scene:
        """The scene of `git -C`."""
        scene = Scene(self.folders[0], self.home, self.lookups)
        scene.folders = tuple(self._resolved(arg))
        return scene

    def enter(self, arg: Arg) -> None:
        """`cd`: the folders that it may lead to come on top of those that it may start in."""
        led = [path for path in self._resolved(arg) if self.lookups.is_folder(path)]
        self.folders = tuple(dict.fromkeys((*self.folders, *led)))
        if len(self.folders) > MOST_VALUES:
            raise Asks("too many folders", arg.word)

    def _resolved(self, arg: Arg) -> Iterator[Path]:
        if arg.text is None or arg.text in ("", "-"):
            raise Asks("leads to a folder that is not named", arg.word)
        self.read(arg)
        for folder in self.folders:
            yield Path(os.path.realpath(folder / arg.text))
            yield Path(os.path.normpath(folder / arg.text))

    def values_of(self, word: Word) -> list[list[Arg]]:
        """Each list of arguments that a word may become. Raises Asks."""
        if word.opaque and (made := braces(word)):
            # Each has one value list: there are no variables in them.
            return [[arg for one in made for args in self.values_of(one) for arg in args]]
        if word.opaque:
            raise Asks(f"{word.opaque}: what it gives is not known before it runs", word)
        names = [p.name for p in word.parts if isinstance(p, Variable) and p.name in self.values]
        found: list[list[Arg]] = []
        for chosen in product(*(self.values[name] for name in names)):
            found.append(self._value(word, dict(zip(names, chosen, strict=True))))
            if len(found) > MOST_VALUES:
                raise Asks("a loop over too many values", word)
        return found

    def _value(self, word: Word, chosen: dict[str, str | None]) -> list[Arg]:
        text = ""
        pattern = ""
        known = True
        for part in word.parts:
            value = self._part(part, chosen, word)
            known = known and value is not None
            text += value or ""
            quoted = _SIGNS.sub(r"\\\1", value or "")
            pattern += part.text if isinstance(part, Pattern) else quoted
        if not known:
            return [Arg(None, word)]
        if not any(isinstance(part, Pattern) for part in word.parts):
            return [Arg(text, word)]
        return self._matched(text, pattern, word)

    def _part(
        self,
        part: Text | Pattern | Variable | Home | Opaque,
        chosen: dict[str, str | None],
        word: Word,
    ) -> str | None:
        match part:
            case Text(text=text) | Pattern(text=text):
                return text
            case Home(user=""):
                return str(self.home)
            case Home():
                raise Asks("the home of somebody else", word)
            case Variable(name=name, quoted=quoted):
                return self._variable(name, quoted, chosen, word)
            case Opaque():
                return None

    def _variable(
        self, name: str, quoted: bool, chosen: dict[str, str | None], word: Word
    ) -> str | None:
        if name in chosen:
            value = chosen[name]
        elif name == "HOME":
            value = str(self.home)
        elif name == "PWD" and len(self.folders) == 1:
            value = str(self.folders[0])
        elif name in _TELLS_LITTLE or name in ("PWD", *self.values):
            return None
        else:
            raise Asks(f"${name} is not known, and may hold a secret", word)
        if value is not None and not quoted and not _ONE_WORD.fullmatch(value):
            raise Asks(f"${name} without quotes may become several words", word)
        return value

    def _matched(self, text: str, pattern: str, word: Word) -> list[Arg]:
        found: dict[str, None] = {}
        for folder in self.folders:
            for name in self._names(folder, text, pattern):
                found[name] = None
                if len(found) > MOST_NAMES:
                    raise Asks("matches too many files", word)
        if not found or "[" in text:
            found[text] = None
        return [Arg(name, word, matched=True) for name in sorted(found)]

    def _names(self, folder: Path, text: str, pattern: str) -> list[str]:
        """What a pattern may match; more than bash would find, never less."""
        starts = [""] if not text.startswith("/") else ["/"]
        for segment in [item for item in _segments(pattern) if item]:
            following: list[str] = []
            for start in starts:
                following.extend(self._step(folder, start, segment))
                if len(following) > MOST_NAMES:
                    return following
            starts = following
        return starts

    def _step(self, folder: Path, start: str, segment: str) -> Iterator[str]:
        glue = "" if not start or start.endswith("/") else "/"
        expression = _expression(segment)
        if expression is None:
            yield f"{start}{glue}{_plain(segment)}"
            return
        dotted = segment.lstrip("\\").startswith(".")
        names = self.lookups.names(folder / start if start else folder)
        for name in (*names, *_meant(expression, segment)):
            if name.startswith(".") and not dotted:
                continue
            if expression.fullmatch(name):
                yield f"{start}{glue}{name}"

    def facts(self, arg: Arg, path: str | None) -> Iterator[PathFacts]:
        """The facts of a path, for every folder that it may count from."""
        text = arg.text if path is None else path
        if text is None:
            raise Asks("its value is not known before it runs", arg.word)
        if text in _STREAMS:
            return
        if "\0" in text or len(text) > 4096:
            raise Asks("is no path", arg.word)
        for folder in self.folders:
            yield self.lookups.look(folder / text)

    def read(self, arg: Arg, path: str | None = None) -> None:
        for fact in self.facts(arg, path):
            _within(fact, arg)
            if fact.secret:
                raise Asks(f"{fact.asked.name} may hold secrets ({fact.secret})", arg.word)

    def name(self, arg: Arg, path: str | None = None) -> None:
        for fact in self.facts(arg, path):
            _within(fact, arg)

    def read_below(
        self, arg: Arg | None, *, links: bool = False, only: str = "", hidden: bool = True
    ) -> None:
        word = arg.word if arg else None
        below = [fact.real for fact in self.facts(arg, None)] if arg else list(self.folders)
        for folder in below:
            found = self.lookups.secrets_below(folder, links=links)
            if found is None:
                raise Asks("too many files below it to look for secrets", word)
            for secret in found:
                inside = secret.relative_to(folder).parts
                if not hidden and any(part.startswith(".") for part in inside):
                    continue
                if not only or any(fnmatchcase(secret.name, one) for one in only.split("\n")):
                    raise Asks(f"{secret.name} below it may hold secrets", word)

    def repositories(self) -> tuple[Repository, ...]:
        """What git would obey in each folder."""
        return tuple(self.lookups.repository(folder) for folder in self.folders)


def _within(fact: PathFacts, arg: Arg) -> None:
    leads = f" leads to {fact.real}" if fact.elsewhere else ""
    match fact.place:
        case "inside":
            return
        case "own":
            raise Denied(f"{fact.asked}{leads}: ownkey's own settings, keys and store", arg.word)
        case "system" | "outside":
            raise Asks(f"{fact.asked}{leads}: outside the folder", arg.word)


def _meant(expression: re.Pattern[str], segment: str) -> tuple[str, ...]:
    """Secrets that a pattern asks for, there or not: `cat .env*` asks as `cat .env` does.

    One that spells next to nothing of a name (`*`, `s*.json`) or that ordinary names fit too asks
    for no secret: only what is there counts.
    """
    spelled = _SIGNS.sub("", segment).replace("]", "").partition(".")[0]
    vague = len(spelled) < 2 or any(expression.fullmatch(name) for name in _ORDINARY)
    if vague and not segment.lstrip("\\").startswith("."):
        return ()
    return tuple(name for name in USUAL_SECRETS if expression.fullmatch(name))


def _segments(pattern: str) -> list[str]:
    return pattern.split("/")


def _plain(segment: str) -> str:
    return re.sub(r"\\(.)", r"\1", segment)


def _expression(segment: str) -> re.Pattern[str] | None:
    """What a segment may match, as an expression; None where it has no pattern."""
    made = ""
    at = 0
    special = False
    while at < len(segment):
        char = segment[at]
        if char == "\\":
            at += 1
            made += re.escape(segment[at : at + 1])
        elif char in "*?[":
            special = True
            made += ".*" if char in "*[" else "."
            if char == "[":
                end = segment.find("]", at + 2)
                at = end if end > 0 else at
        else:
            made += re.escape(char)
        at += 1
    return re.compile(made, re.DOTALL) if special else None
