"""How the arguments of a program are read, written as one line of text.

Before `|` stand the options: `-abc` take no value, `-n:num` takes one, `--long`, `--long:kind`,
`--long?` (a value only behind `=`), `-#` digits as an option (`-20`). Behind it the operands,
each a kind, the last with `*` for any number of it. What is not named is not allowed; long
options count by their whole name only, since programs take any beginning of one.

Kinds: `read` (the file is read), `name` (only its name or state is told), `num`, `text`
(never a path), `size` (a number with a unit).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Protocol

import msgspec

from tui.permissions.shell_words import Word

_VALUES = {
    "num": re.compile(r"[+-]?[0-9]+"),
    "size": re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[A-Za-z%]{0,3}"),
}


_NUMBER = re.compile(r"-[0-9]+[A-Za-z%]*")


class Arg(msgspec.Struct, frozen=True):
    """One argument as the program would get it.

    Args:
        text: Its characters, or None where nobody can tell them.
        word: The word that it comes from.
        matched: Whether it is the name of a file that a pattern matched.
    """

    text: str | None
    word: Word
    matched: bool = False


class Asks(Exception):
    """Why a command needs a person's yes, and the word that makes it so."""

    def __init__(self, why: str, word: Word | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.word = word


class Reads(Protocol):
    """What a program's rule may say of its paths. All raise Asks (or deny) where they may not."""

    def read(self, arg: Arg, path: str | None = None) -> None:
        """The program reads this file, or the files in it are listed."""
        ...

    def read_below(
        self, arg: Arg | None, *, links: bool = False, only: str = "", hidden: bool = True
    ) -> None:
        """The program reads every file below this folder (None: the current one).

        With `links` it follows them; `only` are patterns of names, a line each; without `hidden`
        it leaves out what begins with a dot.
        """
        ...

    def name(self, arg: Arg, path: str | None = None) -> None:
        """The program tells of this path, but not what is in it."""
        ...


class Given(msgspec.Struct, frozen=True):
    """The arguments as options and operands; an option's value is None where it has none."""

    options: tuple[tuple[str, Arg | None], ...]
    operands: tuple[Arg, ...]

    def has(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(name in names for name, _ in self.options)


class Spec(msgspec.Struct, frozen=True):
    """A parsed line; see the module."""

    plain: frozenset[str]
    valued: dict[str, str]
    optional: frozenset[str]
    digits: bool
    operands: tuple[str, ...]

    @property
    def rest(self) -> str | None:
        """The kind of any further operand."""
        last = self.operands[-1] if self.operands else ""
        return last[:-1] if last.endswith("*") else None

    def kind(self, at: int) -> str | None:
        """The kind of the operand at this place; None: there is none."""
        fixed = [kind for kind in self.operands if not kind.endswith("*")]
        return fixed[at] if at < len(fixed) else self.rest


@functools.cache
def spec(line: str) -> Spec:
    """Parse a line."""
    options, _, operands = line.partition("|")
    plain: set[str] = set()
    valued: dict[str, str] = {}
    optional: set[str] = set()
    digits = False
    for token in options.split():
        name, _, kind = token.partition(":")
        if token == "-#":
            digits = True
        elif kind:
            valued[name] = kind
        elif name.endswith("?"):
            optional.add(name[:-1])
        elif name.startswith("--"):
            plain.add(name)
        else:
            plain.update("-" + letter for letter in name[1:])
    return Spec(frozenset(plain), valued, frozenset(optional), digits, tuple(operands.split()))


def given(line: str, args: Sequence[Arg]) -> Given:
    """The arguments as options and operands. Raises Asks for an option that is not named."""
    return _Taking(spec(line), list(args)).run()


def check(line: str, args: Sequence[Arg], reads: Reads) -> Given:
    """Read the arguments and check each by its kind. Raises Asks."""
    found = given(line, args)
    described = spec(line)
    for name, value in found.options:
        if value is not None:
            check_kind(described.valued.get(name, "text"), value, reads)
    for at, operand in enumerate(found.operands):
        kind = described.kind(at)
        if kind is None:
            raise Asks("takes no further operand when it only reads", operand.word)
        check_kind(kind, operand, reads)
    return found


def check_kind(kind: str, arg: Arg, reads: Reads) -> None:
    """Check one argument. Raises Asks."""
    if kind in ("read", "name") or arg.matched:
        (reads.name if kind == "name" else reads.read)(arg)
        return
    if arg.text is None:
        if kind == "any":
            return
        raise Asks("its value is not known before it runs", arg.word)
    pattern = _VALUES.get(kind)
    if pattern is not None and not pattern.fullmatch(arg.text):
        raise Asks("is no number", arg.word)


class _Taking:
    def __init__(self, described: Spec, args: list[Arg]) -> None:
        self.spec = described
        self.args = args
        self.at = 0
        self.options: list[tuple[str, Arg | None]] = []
        self.operands: list[Arg] = []

    def run(self) -> Given:
        while self.at < len(self.args):
            arg = self.args[self.at]
            self.at += 1
            if arg.text is None:
                self.operands.append(arg)
            elif arg.text == "--":
                self.operands.extend(self.args[self.at :])
                break
            elif arg.text.startswith("--"):
                self._long(arg, arg.text)
            elif arg.text.startswith("-") and len(arg.text) > 1:
                self._short(arg, arg.text)
            else:
                self.operands.append(arg)
        return Given(tuple(self.options), tuple(self.operands))

    def _long(self, arg: Arg, text: str) -> None:
        name, equals, value = text.partition("=")
        if name in self.spec.valued:
            self.options.append((name, Arg(value, arg.word) if equals else self._next(arg, name)))
        elif name in self.spec.optional or (name in self.spec.plain and not equals):
            self.options.append((name, Arg(value, arg.word) if equals else None))
        else:
            raise Asks(f"{name} is no option that only reads", arg.word)

    def _short(self, arg: Arg, text: str) -> None:
        if text in self.spec.valued:  # find-like and `-a -b value`
            self.options.append((text, self._next(arg, text)))
            return
        if self.spec.digits and text[1:].isdigit() and text.isascii():
            self.options.append(("-#", None))
            return
        for place in range(1, len(text)):
            name = "-" + text[place]
            if name in self.spec.plain:
                self.options.append((name, None))
            elif name in self.spec.valued:
                rest = text[place + 1 :]
                self.options.append((name, Arg(rest, arg.word) if rest else self._next(arg, name)))
                return
            elif self.spec.digits and name[1] in "0123456789":
                self.options.append(("-#", None))
            else:
                raise Asks(f"{name} is no option that only reads", arg.word)

    def _next(self, arg: Arg, name: str) -> Arg:
        if self.at >= len(self.args):
            raise Asks("an option without its value", arg.word)
        value = self.args[self.at]
        self.at += 1
        # Versions differ in which options take the next word: one that looks like an option
        # itself might be one after all. `-e` takes it everywhere.
        odd = (value.text or "").startswith("-") and not _NUMBER.fullmatch(value.text or "")
        if odd and value.text != "-" and name not in ("-e", "--regexp", "--expression"):
            raise Asks(f"{name} with a value that looks like an option", value.word)
        return value
