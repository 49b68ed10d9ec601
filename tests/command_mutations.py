"""Changes to shell commands: those that add harm, and those that only look harmless.

Written apart from our own parser: places outside quotes are found by the characters alone. Each
function takes chance and a command and gives another one; None where the command has no place for
the change.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Change = Callable[[random.Random, str], str | None]

INSERTED = (
    "; touch PWNED;", "$(touch PWNED)", "> PWNED ", ">> PWNED ", "\ntouch PWNED\n",
    "`touch PWNED`", "|touch PWNED ", "|& touch PWNED ", "&touch PWNED;", "<(touch PWNED)",
    ">(touch PWNED)", "${x:-$(touch PWNED)}", "&&touch PWNED;", "||touch PWNED;", "&> PWNED ",
    "$[$(touch PWNED)]", "$((x[$(touch PWNED)]))", "\r\ntouch PWNED\n", "(touch PWNED)",
    "{ touch PWNED; }", ">| PWNED ", "<> PWNED ", "\x00", "\x1b[2K", "\x7f", "\x08",
)  # fmt: skip
"""What does harm, or cannot be seen, wherever outside quotes it stands."""

UNSEEN = (
    "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u00a0", "\u2003",
    "\u3000", "\u2028", "\U000e0041", "\u180e", "\u0085", "\u115f",
)  # fmt: skip
"""Invisible characters, and blanks that are none to the shell."""

ALIKE = {
    "a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у",
    "-": "‐", ";": "；", "|": "｜", "/": "∕", "A": "Α", "B": "В", "H": "Н", "l": "ⅼ", "g": "ɡ",
}  # fmt: skip
"""Characters that look like another one."""

ASSIGNED = (
    "PATH=. ", "LD_PRELOAD=./x.so ", "IFS=/ ", "GIT_PAGER=touch ", "x=1; ", "BASH_ENV=./x ",
    "PATH+=:. ", "a[$(touch PWNED)]=1 ", "export X=1; ", "PAGER='touch PWNED' ",
)  # fmt: skip

PREFIXES = (
    "command ", "env ", "nice ", "nohup ", "time ", "builtin ", "exec ", "timeout 5 ", "setsid ",
    "stdbuf -o0 ", "nice -n 5 ", "env -i ", "command -p ", "! ", "xargs ", "time -p ", "sudo ",
    "busybox ", "env -S ", "ionice ", "chrt 1 ", "taskset 1 ", "flock x ", "strace ", "script -c ",
)  # fmt: skip

_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
_ORDERED = frozenset({"git", "printf", "env", "command", "find"})
"""Their first option belongs where it stands: elsewhere it is another one's."""

_BEHIND_WORD = (" ", "\t", "\n", ";", "|", "&", "<", ">", "(", ")", "")


def unquoted(command: str) -> list[int]:
    """Places of a command outside quotes, in front of its first comment or heredoc."""
    places: list[int] = []
    quote = ""
    at = 0
    while at < len(command) and not command.startswith("<<", at):
        char = command[at]
        if not quote:
            if char == "#" and (at == 0 or command[at - 1] in " \t\n;|&("):
                break
            places.append(at)
        if char == "\\" and quote != "'":
            at += 1
        elif not quote and char in "'\"":
            quote = char
        elif char == quote:
            quote = ""
        at += 1
    if at == len(command) and not quote:
        places.append(at)
    return places


def plain_words(command: str) -> list[tuple[int, int]]:
    """Words of letters, digits, `_./-` alone, outside quotes, with nothing glued to them."""
    free = set(unquoted(command))
    found = [match.span() for match in _PLAIN.finditer(command)]
    return [
        (start, end)
        for start, end in found
        if start in free
        and end - 1 in free
        and command[start - 1 : start] in _BEHIND_WORD
        and command[end : end + 1] in _BEHIND_WORD
    ]


def heads(command: str) -> list[int]:
    """Where a simple command begins, as far as the characters tell."""
    free = set(unquoted(command))
    found = [0] if 0 in free else []
    for match in re.finditer(r"[;|&\n]+[ \t]*", command):
        if match.start() in free and match.end() in free:
            found.append(match.end())
    return found


def inserted(chance: random.Random, command: str) -> str | None:
    """Harm, or a character that cannot be seen, at any place outside quotes."""
    at = chance.choice(unquoted(command))
    return command[:at] + chance.choice(INSERTED + UNSEEN) + command[at:]


def alike(chance: random.Random, command: str) -> str | None:
    """A character outside quotes that another one stands for."""
    places = [at for at in unquoted(command) if command[at : at + 1] in ALIKE]
    if not places:
        return None
    at = chance.choice(places)
    return command[:at] + ALIKE[command[at]] + command[at + 1 :]


def assigned(chance: random.Random, command: str) -> str | None:
    """An assignment in front of a simple command."""
    at = chance.choice(heads(command) or [0])
    return command[:at] + chance.choice(ASSIGNED) + command[at:]


def blanks(chance: random.Random, command: str) -> str | None:
    """More blanks, and other ones, where blanks are."""
    free = set(unquoted(command))
    made = [
        char + chance.choice(["", " ", "\t", "   "]) if at in free and char in " \t" else char
        for at, char in enumerate(command)
    ]
    around = ["", " ", "\t", "\n", " \n\t "]
    return chance.choice(around) + "".join(made) + chance.choice(around)


def quoted(chance: random.Random, command: str) -> str | None:
    """Quotes around a word, or around a part of it."""
    spans = plain_words(command)
    if not spans:
        return None
    start, end = chance.choice(spans)
    first = chance.randrange(start, end)
    last = chance.randrange(first, end) + 1
    if chance.random() < 0.4:
        first, last = start, end
    opened = chance.choice(["'", '"', "$'"])
    return f"{command[:first]}{opened}{command[first:last]}{opened[-1]}{command[last:]}"


def escaped(chance: random.Random, command: str) -> str | None:
    """A backslash in front of a character of a word."""
    spans = plain_words(command)
    if not spans:
        return None
    start, end = chance.choice(spans)
    at = chance.randrange(start, end)
    return command[:at] + "\\" + command[at:]


def prefixed(chance: random.Random, command: str) -> str | None:
    """A program that runs what follows, in front."""
    return chance.choice(PREFIXES) + command


def with_path(chance: random.Random, command: str) -> str | None:
    """The path to the program in place of its name."""
    spans = [span for span in plain_words(command) if span[0] in heads(command)]
    spans = [span for span in spans if "/" not in command[slice(*span)]]
    if not spans:
        return None
    at = chance.choice(spans)[0]
    folder = chance.choice(["/bin/", "/usr/bin/", "/usr//bin/", "/bin/../bin/", "./", "../", "//"])
    return command[:at] + folder + command[at:]


def reordered(chance: random.Random, command: str) -> str | None:
    """An option of a simple command moved to its front or its end, where nothing is quoted."""
    words = command.split(" ")
    first = 2 if words[0] in _ORDERED else 1
    options = [at for at, word in enumerate(words) if at >= first and word.startswith("-")]
    if not all(_PLAIN.fullmatch(word) for word in words) or "--" in words or not options:
        return None
    word = words.pop(chance.choice(options))
    if chance.random() < 0.5 or words[-1].startswith("-"):  # it would be that one's value
        words.insert(1, word)
    else:
        words.append(word)
    return " ".join(words)


def spliced(chance: random.Random, command: str, others: Sequence[str]) -> str:
    """The command with words of others in it, or with one of them behind it."""
    words = command.split(" ")
    for _ in range(chance.randint(1, 3)):
        word = chance.choice(chance.choice(others).split(" "))
        at = chance.randrange(len(words) + 1)
        words[at : at + chance.randint(0, 1)] = [word]
    if chance.random() < 0.2:
        words += [chance.choice(["|", "&&", ";", "||"]), chance.choice(others)]
    return " ".join(words)


ADD_HARM: tuple[Change, ...] = (inserted, inserted, inserted, alike, assigned)
LOOK_HARMLESS: tuple[Change, ...] = (
    blanks, quoted, escaped, prefixed, with_path, reordered,
)  # fmt: skip


def changed(
    chance: random.Random, command: str, changes: tuple[Change, ...], most: int = 1
) -> str | None:
    """The command after one to `most` changes; None where none of them fits."""
    made: str | None = command
    for _ in range(chance.randint(1, most)):
        if made is not None:
            made = chance.choice(changes)(chance, made)
    return made if made != command else None
